// A job and a cluster that are right, and ways to break them one line at a time. Refuses to hold expectations: each
// test has its own.

import Foundation
import SpecFiles
import Testing

/// Texts that read without complaint, and what is said about changed ones.
enum Sample {
    /// The kinds of faults, as a complaint lists them.
    static let kinds =
        "kill, stop, slow=2x, partition, partition=out, partition=in, corrupt=gradient, corrupt=parameters, "
        + "corrupt=checkpoint, nan, disk_full, garbage, garbage=20, lr=30x"
    /// Victims of faults, as a complaint lists them.
    static let victims = "rank 2, node 0, gang, newcomer, link 1-2, checkpoint, coordinator"

    /// The shortest job that shows every section.
    static let job = """
        kind: Job
        name: test
        nproc_per_node: 4
        model:
          model_type: gpt2
          n_layer: 2
          n_embd: 64
          n_head: 4
          n_positions: 32
          vocab_size: 256
        train:
          micro_batch_size: 4
          global_batch_size: 16
          train_iters: 200
          lr: 2e-3
          lr_warmup_iters: 20
        data:
          source: text
          paths: [../docs/**/*.md]
        checkpoint:
          save_interval: 50
        fault_tolerance:
          heartbeat: {interval: 500ms, timeout: 10s}
          lease: 15s
        inject:
          - {at: step=120, fail: rank 2, kind: kill}

        """

    /// A cluster of two groups.
    static let cluster = """
        kind: Cluster
        name: lab
        nodes:
          - hostlist: "node-[00-02]"
            gpus: "a100-80gb:8"
            price: 27.20 USD/h
          - {hostlist: localhost, gpus: "cpu-core:2", oversubscribe: 2}
        gpus:
          a100-80gb: {peak: {fp32: 19.5TFLOPs}, memory: 80GB}
          cpu-core: {peak: {fp32: 240GFLOPs}, memory: 4GiB}

        """

    /// What is said about the sample job after `edits`, each replacing a text that stands in it once.
    static func complaints(
        _ edits: KeyValuePairs<String, String> = [:], overrides: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> String {
        complaints(aboutJob: edit(job, edits, sourceLocation), overrides: overrides)
    }

    /// What is said about a job file with the contents `text`.
    static func complaints(aboutJob text: String, overrides: [String] = []) -> String {
        do {
            let job = try SpecReader.jobText(text, path: "jobs/test.yaml", overrides: overrides)
            return job.warnings.map { $0.rendered(color: false) }.joined(separator: "\n")
        } catch {
            return error.rendered(color: false)
        }
    }

    /// What is said about the sample cluster after `edits`.
    static func clusterComplaints(
        _ edits: KeyValuePairs<String, String>, sourceLocation: SourceLocation = #_sourceLocation
    ) -> String {
        do {
            _ = try SpecReader.clusterText(edit(cluster, edits, sourceLocation), path: "clusters/test.yaml")
            return ""
        } catch {
            return error.rendered(color: false)
        }
    }

    private static func edit(
        _ text: String, _ edits: KeyValuePairs<String, String>, _ sourceLocation: SourceLocation
    ) -> String {
        var text = text
        for (old, new) in edits {
            #expect(text.components(separatedBy: old).count == 2, "`\(old)` once", sourceLocation: sourceLocation)
            text = text.replacingOccurrences(of: old, with: new)
        }
        return text
    }

    /// The root of the repository.
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}
