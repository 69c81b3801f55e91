// Writes the journal of a run that never was, so that views can be held to runs of any size: so many steps, incidents
// and loss spikes on so many nodes, at the pace of a run of weeks. The real coordinator is told the events, so its
// commands are those of a real run. Prints what it planted. Refuses to be a simulation: nothing here follows from
// hardware or a failure model.

import ControlPlane
import Foundation
import Jobs
import Journaling
import Primitives

/// `RehearsedRun FOLDER STEPS INCIDENTS WORKERS SPIKES [SEED]`: FOLDER becomes the run's.
@main
struct RehearsedRun {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        guard let path = arguments.first, numbers.count == arguments.count - 1, (4...5).contains(numbers.count) else {
            FileHandle.standardError.write(
                Data("usage: RehearsedRun FOLDER STEPS INCIDENTS WORKERS SPIKES [SEED]\n".utf8))
            exit(2)
        }
        let folder = RunFolder(path)
        var play = Play(
            folder.id, steps: numbers[0], incidents: numbers[1], workers: numbers[2], spikes: numbers[3],
            seed: UInt64(numbers.count > 4 ? numbers[4] : 42))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let job = String(decoding: try JSONEncoder().encode(play.job), as: UTF8.self)
        let journal = try JournalStore.create(
            at: folder.journal,
            meta: [
                ("run", folder.id.name), ("job", job), ("cluster", "rehearsal"), ("usd_per_worker_hour", "3.4"),
            ])
        try play.perform { try journal.append(contentsOf: $0) }
        let planted = play.spikes.map { ["step": Double($0.step), "loss": $0.loss] }
        let text = try JSONSerialization.data(withJSONObject: ["spikes": planted, "incidents": numbers[1]])
        print(String(decoding: text, as: UTF8.self))
    }
}

/// A run being played to the coordinator.
struct Play {
    private let id: RunID
    private let plan: RunPlan
    private var stream: RandomStream
    private var coordinator = Coordinator()
    private var now = Instant.zero
    private var sequence = 0
    private var records: [Record] = []
    private var nextProcess = 4_000
    private let faults: [Int]
    /// Steps whose loss leaps, in order.
    private(set) var spikes: [(step: Int, loss: Double)] = []

    init(_ id: RunID, steps: Int, incidents: Int, workers: Int, spikes: Int, seed: UInt64) {
        self.id = id
        // A few checkpoints to an incident: every one of them goes back to the newest.
        plan = RunPlan(
            steps: steps, workers: workers, microBatches: workers,
            checkpointInterval: max(1, steps / max(400, 4 * incidents)),
            checkpointsKept: 2, evaluationInterval: max(1, steps / 40), evaluationMicroBatches: 1,
            maximumRestarts: incidents + 1, formationLimit: .seconds(Int64(3600)))
        var stream = RandomStream(seed: seed, named: "rehearsal")
        // Distinct, and apart, so that no fault falls into the recovery from the one before.
        let distance = max(1, steps / (incidents + 1))
        faults = (1...max(1, incidents)).prefix(incidents).map {
            $0 * distance + Int(stream.uniform() * Double(distance) * 0.6)
        }
        for number in 0..<spikes {
            let step = 1 + (number * 2 + 1) * steps / (2 * spikes) + Int(stream.uniform() * 3)
            self.spikes.append((step, 6 + 4 * stream.uniform()))
        }
        self.stream = stream
    }

    var job: JobSpec {
        JobSpec(
            name: "rehearsal", nodes: plan.workers, workersPerNode: 1,
            model: ModelShape(layers: 96, width: 12288, heads: 96, contextLength: 2048, vocabularySize: 50257),
            training: TrainingSpec(
                microBatch: 1, globalBatch: plan.workers, steps: plan.steps,
                learningRate: LearningRateSpec(
                    decay: .constant, peak: 3e-4, minimum: 3e-4, warmupSteps: 0, decaySteps: 0),
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 7,
                evaluationInterval: plan.evaluationInterval, evaluationMicroBatches: 1),
            data: DataSpec(source: .text, globs: ["corpus/*.txt"], validationShare: 0.1),
            checkpoint: CheckpointSpec(interval: plan.checkpointInterval, keep: 2),
            faultTolerance: FaultToleranceSpec(
                maximumRestarts: plan.maximumRestarts, heartbeatInterval: .seconds(Int64(1)),
                heartbeatTimeout: .seconds(Int64(5)), lease: .seconds(Int64(10))),
            injections: [])
    }

    /// Plays the run; `keep` is handed the records in batches.
    mutating func perform(_ keep: ([Record]) throws -> Void) rethrows {
        tell(.jobSubmitted(run: id, plan: plan))
        var asked: [Command] = []
        for node in 0..<plan.workers {
            asked += tell(.slotsOffered(node: NodeID("node-\(node)"), slots: 1), after: .milliseconds(1))
        }
        fulfil(asked, pace: .milliseconds(200))
        var fault = 0
        while let run = coordinator.run, run.phase == .running {
            if fault < faults.count, run.committed >= faults[fault] {
                fault += 1
                strike(number: fault)
            } else {
                commit(run)
            }
            if records.count > 10_000 { try flush(keep) }
        }
        try flush(keep)
    }

    private mutating func flush(_ keep: ([Record]) throws -> Void) rethrows {
        try keep(records)
        records = []
    }

    @discardableResult
    private mutating func tell(_ event: Event, after span: TimeSpan = .zero) -> [Command] {
        now = now + span
        sequence += 1
        let commands = coordinator.handle(event, at: now)
        records.append(
            Record(
                sequence: sequence, at: now, wallNanoseconds: 1_790_000_000_000_000_000 + now.nanoseconds,
                event: event, commands: commands))
        return commands
    }

    /// Starts the processes that `commands` ask for, and restores the gangs that form; `pace` apart.
    private mutating func fulfil(_ commands: [Command], pace: TimeSpan) {
        for command in commands {
            switch command {
            case .startWorker(let worker):
                nextProcess += 1
                fulfil(
                    tell(
                        .workerJoined(
                            worker: worker, node: worker.node, processID: nextProcess, numerics: "rehearsed"),
                        after: pace), pace: pace)
            case .form(_, let generation, let members, _, _, _):
                for member in members {
                    tell(
                        .memberFormed(worker: member.worker, incarnation: member.incarnation, generation: generation),
                        after: pace)
                }
            default: break
            }
        }
    }

    private mutating func commit(_ run: Run) {
        let step = run.committed + 1
        let course = 1.7 + 9 / (1 + Double(step) / Double(plan.steps) * 60)
        let spike = spikes.first { $0.step == step }?.loss
        let report = StepReport(
            step: step, loss: spike ?? course * (1 + 0.03 * (stream.uniform() - 0.5)), gradientNorm: 1,
            learningRate: 3e-4, tokens: job.tokensPerStep,
            profile: StepProfile(
                compute: .milliseconds(15_000), exchange: .milliseconds(4_000), update: .milliseconds(500),
                snapshot: .zero))
        for command in tell(
            .stepContributed(run: id, generation: run.generation, report: report), after: .milliseconds(20_000))
        {
            switch command {
            case .saveCheckpoint(_, let generation, let saved):
                tell(
                    .checkpointWritten(
                        run: id, generation: generation, step: saved,
                        weightsSHA256: String(repeating: "0", count: 64), size: ByteCount(1), took: .milliseconds(1)),
                    after: .milliseconds(1))
            case .evaluate(_, let generation, let at):
                tell(.evaluated(run: id, generation: generation, step: at, loss: course + 0.05))
            default: break
            }
        }
    }

    /// One of four faults, at a random worker, that takes from half a minute to an hour to mend.
    private mutating func strike(number: Int) {
        guard let run = coordinator.run else { return }
        let member = run.members[Int(stream.uniform() * Double(run.members.count))]
        if number % 5 == 0 {
            tell(
                .faultInjected(
                    run: id,
                    Infliction(
                        index: number / 5, what: "kill \(member.worker)", worker: member.worker,
                        incarnation: member.incarnation, effect: .ends)),
                after: .seconds(Int64(3)))
        }
        let silence = TimeSpan.seconds(Int64(60 + 1740 * stream.uniform()))
        let causes: [(LossCause, TimeSpan)] = [
            (.signalled(9), .seconds(Int64(1))), (.silent(silence), silence), (.exited(code: 134), .seconds(Int64(2))),
            (.connectionClosed, .seconds(Int64(1))),
        ]
        let (how, span) = causes[number % causes.count]
        let commands = tell(.workerLost(worker: member.worker, incarnation: member.incarnation, how: how), after: span)
        let mending = 30 + 3_000 * stream.uniform() * stream.uniform()
        fulfil(commands, pace: .seconds(mending / Double(plan.workers)))
    }
}
