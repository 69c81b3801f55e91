// What right files say: defaults, aliases, overrides, globs, clusters, and that every file of the repository is right.
// Refuses to test complaints; the other suites do.

import Foundation
import Hardware
import Jobs
import Primitives
import SpecFiles
import Testing

@Suite("Reading right files") struct ReadingTests {
    private func read(_ text: String = Sample.job, _ overrides: [String] = []) throws -> JobSpec {
        try SpecReader.jobText(text, path: "/lab/jobs/test.yaml", overrides: overrides).spec
    }

    @Test func `a job's values are the file's, and its defaults the documented ones`() throws {
        let spec = try read()
        #expect(
            spec
                == JobSpec(
                    name: "test", nodes: 1, workersPerNode: 4,
                    model: ModelShape(layers: 2, width: 64, heads: 4, contextLength: 32, vocabularySize: 256),
                    training: TrainingSpec(
                        microBatch: 4, globalBatch: 16, steps: 200,
                        learningRate: LearningRateSpec(
                            decay: .cosine, peak: 2e-3, minimum: 2e-4, warmupSteps: 20, decaySteps: 0),
                        beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 1234,
                        evaluationInterval: 0, evaluationMicroBatches: 20),
                    data: DataSpec(source: .text, globs: ["/lab/docs/**/*.md"], validationShare: 0.05),
                    checkpoint: CheckpointSpec(interval: 50, keep: 3),
                    faultTolerance: FaultToleranceSpec(
                        maximumRestarts: 20, heartbeatInterval: .milliseconds(500),
                        heartbeatTimeout: .milliseconds(10_000), lease: .milliseconds(15_000)),
                    injections: [Injection(.step(120), .rank(2), .kill)]))
    }

    @Test func `batches that are left out may be written in any order, and become one where they touch`() throws {
        func skipped(_ list: String) throws -> [Range<Int>] {
            let text = Sample.job.replacingOccurrences(of: "source: text", with: "source: text\n  skip: \(list)")
            return try read(text).data.skipped
        }
        #expect(try skipped("[]") == [] && skipped("[\"351-555\"]") == [351..<556] && skipped("[7]") == [7..<8])
        #expect(try skipped("[700-900, 351 - 555, 500-600, 601]") == [351..<602, 700..<901])
    }

    @Test func `Megatron's names mean the same as the canonical ones`() throws {
        var text = Sample.job
        for (name, alias) in [
            ("n_layer", "num_layers"), ("n_embd", "hidden_size"), ("n_head", "num_attention_heads"),
            ("n_positions", "seq_length"),
        ] {
            text = text.replacingOccurrences(of: name, with: alias)
        }
        #expect(try read(text) == read())
    }

    @Test func `an alias beside its canonical name with the same value is fine`() throws {
        let text = Sample.job.replacingOccurrences(of: "n_embd: 64", with: "n_embd: 64\n  hidden_size: 64")
        #expect(try read(text) == read())
    }

    @Test(arguments: [("3e-4", 3e-4), ("3E-4", 3e-4), ("0.0003", 3e-4), (".5", 0.5), ("1_0", 10), ("+1", 1)])
    func `a number may be written in every decimal form`(text: String, value: Double) throws {
        #expect(try read(Sample.job, ["train.lr=\(text)"]).training.learningRate.peak == value)
    }

    @Test(arguments: [
        ("1500us", 1_500_000), ("1500 ms", 1_500_000_000), ("1.5s", 1_500_000_000), ("2min", 120_000_000_000),
        ("0.5h", 1_800_000_000_000), ("1d", 86_400_000_000_000), ("2000000ns", 2_000_000),
    ])
    func `a time may be written in every unit`(text: String, nanoseconds: Int64) throws {
        let heartbeat = "fault_tolerance.heartbeat={interval: 1ms, timeout: \(text)}"
        let tolerance = try read(Sample.job, [heartbeat, "fault_tolerance.lease=1d"]).faultTolerance
        #expect(tolerance.heartbeatTimeout.nanoseconds == nanoseconds)
    }

    @Test func `words of a list may be written in any case`() throws {
        #expect(try read(Sample.job, ["train.lr_decay_style=Cosine"]).training.learningRate.decay == .cosine)
        let wsd = try read(Sample.job, ["train.lr_decay_style=WSD", "train.lr_wsd_decay_iters=180"])
        #expect(wsd.training.learningRate.decay == .wsd)
        #expect(wsd.training.learningRate.decaySteps == 180)
    }

    @Test func `an override replaces the file's value, makes missing sections, and the last one wins`() throws {
        let text = Sample.job.replacingOccurrences(
            of: "fault_tolerance:\n  heartbeat: {interval: 500ms, timeout: 10s}\n  lease: 15s\n", with: "")
        let spec = try read(
            text,
            [
                "train.lr=1e-3", "train.lr=5e-4", "fault_tolerance.heartbeat.timeout=8s", "nnodes=2",
                "nproc_per_node=2", "data.paths=[a.txt, /b/../c.txt]", "inject.0.at=step=7",
            ])
        #expect(spec.training.learningRate.peak == 5e-4)
        #expect(spec.training.learningRate.minimum == 5e-5)
        #expect(spec.faultTolerance.heartbeatTimeout == .milliseconds(8_000))
        #expect(spec.workers == 4)
        #expect(spec.data.globs == ["/lab/jobs/a.txt", "/c.txt"])
        #expect(spec.injections.map(\.moment) == [.step(7)])
    }

    @Test func `an override under an alias beats the file's canonical name, and the other way round`() throws {
        #expect(try read(Sample.job, ["model.hidden_size=128"]).model.width == 128)
        let text = Sample.job.replacingOccurrences(of: "n_embd", with: "hidden_size")
        #expect(try read(text, ["model.n_embd=128"]).model.width == 128)
    }

    @Test func `an override empties the list of injections`() throws {
        #expect(try read(Sample.job, ["inject=[]"]).injections.isEmpty)
    }

    @Test func `injections are in order of their steps`() throws {
        let list = "[{at: step=9, fail: rank 1, kind: kill}, {at: step 3, fail: rank=2, kind: kill}]"
        #expect(try read(Sample.job, ["inject=\(list)"]).injections.map(\.victim) == [.rank(2), .rank(1)])
    }

    @Test func `every kind of fault, victim and moment is read`() throws {
        let list = """
            [{at: 1.5s, fail: coordinator, kind: kill}, {at: step=3, fail: newcomer, kind: stop, for: 3s},
             {at: step=4, fail: link 0-3, kind: partition=out}, {at: step=5, fail: node 0, kind: slow=2.5x},
             {at: step=6, kind: disk_full, for: 1min}, {at: step=7, kind: corrupt=checkpoint},
             {at: step=8, fail: gang, kind: kill}, {at: step=9, fail: rank 1, kind: corrupt=gradient},
             {at: step=10, fail: rank 1, kind: nan},
             {random: {mtbf: 20 steps, kinds: [kill, slow=3x], seed: 7}}, {random: {mtbf: 30s, kinds: [nan], for: 2s}}]
            """
        let spec = try read(Sample.job, ["inject=\(list.replacingOccurrences(of: "\n", with: " "))"])
        #expect(
            spec.injections == [
                Injection(.step(3), .newcomer, .stop, for: .milliseconds(3_000)),
                Injection(.step(4), .link(0, 3), .partition(.out), for: .milliseconds(5_000)),
                Injection(.step(5), .node(0), .slow(2.5), for: .milliseconds(5_000)),
                Injection(.step(6), .checkpoint, .diskFull, for: .milliseconds(60_000)),
                Injection(.step(7), .checkpoint, .corruptCheckpoint), Injection(.step(8), .gang, .kill),
                Injection(.step(9), .rank(1), .corruptGradient), Injection(.step(10), .rank(1), .notANumber),
                Injection(.elapsed(.milliseconds(1_500)), .coordinator, .kill),
            ])
        #expect(
            spec.injectionProcesses == [
                InjectionProcess(
                    mean: .steps(20), faults: [.kill, .slow(3)], duration: Injection.standardDuration, seed: 7),
                InjectionProcess(
                    mean: .time(.milliseconds(30_000)), faults: [.notANumber],
                    duration: .milliseconds(2_000), seed: 1),
            ])
        for injection in spec.injections { #expect(try Injection(Line(parsing: injection.line.text)) == injection) }
    }

    @Test func `faults that make no sense are refused with the reason`() {
        for (item, sentence) in [
            ("at: step=3, fail: coordinator, kind: stop", "a coordinator can only be killed"),
            ("at: step=3, fail: link 1-2, kind: kill", "a link can only be partitioned"),
            ("at: step=3, fail: link 1-1, kind: partition", "rank 1 has no link to itself"),
            ("at: step=3, fail: rank 1, kind: disk_full", "`disk_full` strikes checkpoints, not the rank 1"),
            ("at: step=3, fail: checkpoint, kind: kill", "`kill` strikes workers, not the checkpoint"),
            ("at: step=3, fail: rank 1, kind: kill, for: 3s", "`inject[0].for` does not go with `kill`"),
            ("at: step=3, fail: rank 1, kind: melt", "`inject[0].kind` cannot be `melt`"),
            ("at: 0, fail: rank 1, kind: kill", "must name a step or a time, not `0`"),
            ("random: {mtbf: 3, kinds: [kill]}", "`inject[0].random.mtbf` lacks a unit: `3`"),
            ("random: {mtbf: 3 steps, kinds: []}", "`inject[0].random.kinds` is empty"),
            (
                "random: {mtbf: 3 steps, kinds: [disk_full]}",
                "`disk_full` strikes checkpoints, and a random fault a rank"
            ),
            ("random: {mtbf: 3 steps, kinds: [kill]}, at: step=3", "`inject[0].at` does not go with `random`"),
        ] {
            let text = Sample.complaints(["at: step=120, fail: rank 2, kind: kill": item])
            #expect(text.contains(sentence), "\(item): \(text)")
        }
    }

    @Test func `line ends of Windows and a byte order mark change nothing`() throws {
        let text = Sample.job.replacingOccurrences(of: "\n", with: "\r\n")
        #expect(try read(text) == read())
        let broken = text.replacingOccurrences(of: "n_head: 4", with: "n_head: four")
        #expect(Sample.complaints(aboutJob: broken).hasPrefix("jobs/test.yaml:8:11: error[E0106]"))
    }

    @Test func `a cluster's nodes, accelerators and prices are the file's`() throws {
        let cluster = try SpecReader.clusterText(Sample.cluster, path: "clusters/test.yaml")
        let gpu = Accelerator(name: "a100-80gb", peakFP32: 19.5e12, memory: ByteCount(80_000_000_000))
        let core = Accelerator(name: "cpu-core", peakFP32: 240e9, memory: ByteCount(4 << 30))
        #expect(
            cluster
                == Cluster(
                    name: "lab",
                    groups: [
                        NodeGroup(
                            nodes: ["node-00", "node-01", "node-02"].map { NodeID($0) }, accelerator: gpu,
                            acceleratorsPerNode: 8, workersPerAccelerator: 1, dollarsPerHour: 27.2),
                        NodeGroup(
                            nodes: [NodeID("localhost")], accelerator: core, acceleratorsPerNode: 2,
                            workersPerAccelerator: 2, dollarsPerHour: 0),
                    ]))
        #expect(cluster.groups[1].slotsPerNode == 4)
    }

    @Test func `every job and cluster of the repository is right and gives no warning`() throws {
        var count = 0
        for folder in ["jobs", "clusters"] {
            let url = Sample.repository.appending(path: folder)
            let names = try FileManager.default.contentsOfDirectory(atPath: url.path)
            for name in names.sorted() where name.hasSuffix(".yaml") {
                let path = url.appending(path: name).path
                switch try SpecReader.any(path: path) {
                case .job(let job):
                    #expect(folder == "jobs")
                    #expect(job.warnings.isEmpty)
                    #expect(job.spec.name + ".yaml" == name)
                case .cluster(let cluster):
                    #expect(folder == "clusters")
                    #expect(cluster.name + ".yaml" == name)
                }
                count += 1
            }
        }
        #expect(count >= 4)
    }

    @Test func `the quickstart fits the laptop and loses two workers`() throws {
        let job = try SpecReader.job(path: Sample.repository.appending(path: "jobs/quickstart.yaml").path).spec
        let laptop = try SpecReader.cluster(path: Sample.repository.appending(path: "clusters/laptop.yaml").path)
        #expect(job.workers == laptop.groups.map { $0.nodes.count * $0.slotsPerNode }.reduce(0, +))
        #expect(job.injections.count == 2)
        #expect(job.data.globs.first == Sample.repository.appending(path: "Sources/**/*.swift").path)
    }
}
