// What a cluster file says of things that break, and what is said about it. Refuses what follows from a failure; the
// failure model's and the simulated world's tests have that.

import Foundation
import Hardware
import Primitives
import SpecFiles
import Testing

@Suite("Failures of a cluster file") struct FailureKeyTests {
    private static let keys = """
        failures:
          - {cause: link, per: node, mtbf: 90d, effect: kill_job, flaps: 3 within 20min, ref: a test}
          - {cause: infant, per: gpu, mtbf: 2000d, weibull_shape: 0.6, effect: kill_node, ref: a test}
        lemons: {share: 0.02, factor: 12, ref: a test}
        maintenance:
          - {first: 3d, every: 30d, nodes: 16, takes: 4h}
        failure_script: history.csv
        collectives: hierarchical

        """

    private func read(_ old: String = "", _ new: String = "") throws(SpecFileErrors) -> Cluster {
        let text = Sample.cluster + FailureKeyTests.keys
        return try SpecReader.clusterText(
            old.isEmpty ? text : text.replacing(old, with: new), path: "clusters/test.yaml")
    }

    @Test func `flapping, infant mortality, lemons, maintenance and a history are what the file says`() throws {
        let cluster = try read()
        #expect(cluster.failureModes.map(\.flapping) == [Flapping(times: 3, gap: .seconds(Int64(1_200))), nil])
        #expect(cluster.failureModes[1].distribution == .weibull(shape: 0.6))
        #expect(cluster.lemons == Lemons(share: 0.02, factor: 12))
        #expect(
            cluster.maintenance == [
                Maintenance(
                    first: .seconds(Int64(3 * 86_400)), every: .seconds(Int64(30 * 86_400)), nodes: 16,
                    takes: .seconds(Int64(4 * 3_600)))
            ])
        #expect(cluster.failureScript == "history.csv")
        #expect(cluster.collectives == .hierarchical)
    }

    @Test(arguments: [
        ("3 within 20min", "often", "`failures[0].flaps` cannot be `often`"),
        ("share: 0.02", "share: 2", "`lemons.share` must be at least 0 and below 1, not 2"),
        ("factor: 12, ref: a test", "factor: 12", "`lemons` lacks `ref`"),
        ("nodes: 16", "nodes: 0", "`maintenance[0].nodes` must be at least 1, not 0"),
        ("hierarchical", "hierarchic", "did you mean `hierarchical`?"),
    ])
    func `what cannot be is refused with what can`(old: String, new: String, complaint: String) {
        do throws(SpecFileErrors) {
            _ = try read(old, new)
            Issue.record("a bad file was read")
        } catch {
            let text = error.rendered(color: false)
            #expect(text.contains(complaint), "\(text)")
        }
    }

    @Test func `constants are read from their own kind of file, each within its limits`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "understudy-\(UUID().uuidString).yaml")
        try Data("kind: Constants\nname: mine\nconstants: {gemm: 1.5}\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do throws(SpecFileErrors) {
            _ = try SpecReader.constants(path: file.path)
            Issue.record("bad constants were read")
        } catch {
            let text = error.rendered(color: false)
            #expect(text.contains("`constants.gemm` must be above 0 and at most 1.0, not 1.5"), "\(text)")
            #expect(text.contains("`constants` lacks `launch`"), "\(text)")
            #expect(text.contains("`constants` lacks `overlap`"), "\(text)")
        }
    }
}
