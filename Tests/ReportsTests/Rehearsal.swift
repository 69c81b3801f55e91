// A run played to the real coordinator by a small cast: it starts the processes that are asked for, restores, commits,
// saves, and kills whom a test names, on a clock of its own. What it records is what the reports draw. It refuses to
// decide anything, and stops the test at a command that makes no sense.

import ControlPlane
import Jobs
import Journaling
import Primitives
import Reports

struct Rehearsal {
    private(set) var records: [Record] = []
    private(set) var history = RunHistory()
    private var coordinator = Coordinator()
    private var now = Instant.zero
    private var nextProcess = 4_000
    private var saved: [(generation: Generation, step: Int)] = []
    private var toEvaluate: [(generation: Generation, step: Int)] = []
    private let plan: RunPlan
    let id: RunID
    /// The training loss of a step, by the batch that it takes.
    var loss: (Int) -> Double = { step in 2 + 3.5 / (1 + Double(step) / 10) }
    var stepTime = TimeSpan.milliseconds(100)
    var tokens = 512
    private var savesAtOnce = true

    init(
        _ name: String = "tiny-0001", steps: Int = 40, workers: Int = 2, interval: Int = 10, evaluation: Int = 20,
        restarts: Int = 3, lossSpike: LossSpikeSpec = LossSpikeSpec(action: .off)
    ) {
        id = RunID(name)
        plan = RunPlan(
            steps: steps, workers: workers, microBatches: 4, checkpointInterval: interval, checkpointsKept: 2,
            evaluationInterval: evaluation, evaluationMicroBatches: 2, maximumRestarts: restarts,
            formationLimit: .seconds(Int64(120)), lossSpike: lossSpike)
    }

    /// Tells the coordinator `event` after `span`.
    @discardableResult
    mutating func tell(_ event: Event, after span: TimeSpan = .zero) -> [Command] {
        now = now + span
        let commands = coordinator.handle(event, at: now)
        let record = Record(
            sequence: records.count + 1, at: now, wallNanoseconds: 1_700_000_000_000_000_000 + now.nanoseconds,
            event: event, commands: commands)
        records.append(record)
        history.add(record)
        for command in commands {
            if case .saveCheckpoint(_, let generation, let step) = command { saved.append((generation, step)) }
            if case .evaluate(_, let generation, let step) = command { toEvaluate.append((generation, step)) }
        }
        return commands
    }

    /// Submits the job and offers slots; the processes are not there yet.
    mutating func submit() -> [Command] {
        tell(.jobSubmitted(run: id, plan: plan))
        return tell(.slotsOffered(node: NodeID("laptop"), slots: plan.workers), after: .milliseconds(1))
    }

    /// Submits the job and forms the first gang.
    mutating func start() { fulfil(submit()) }

    /// Starts the processes that `commands` ask for, and restores the gang that forms.
    mutating func fulfil(_ commands: [Command]) {
        for command in commands {
            switch command {
            case .startWorker(let worker): fulfil(join(worker))
            case .form(_, let generation, let members, _, _, _):
                for member in members {
                    tell(
                        .memberFormed(worker: member.worker, incarnation: member.incarnation, generation: generation),
                        after: .milliseconds(50))
                }
            default: break
            }
        }
    }

    /// A process joins at `worker`.
    mutating func join(_ worker: WorkerID) -> [Command] {
        nextProcess += 1
        return tell(
            .workerJoined(worker: worker, node: worker.node, processID: nextProcess, numerics: "avx512"),
            after: .milliseconds(200))
    }

    /// Commits steps up to `step`; each validation loss and checkpoint follows its commit.
    mutating func train(to step: Int) {
        while history.committed < step, let run = coordinator.run, run.phase == .running {
            let next = run.committed + 1
            let report = StepReport(
                step: next, loss: loss(run.spikes.course.batch(of: next)), gradientNorm: 1 + 1 / Double(next),
                learningRate: 3e-4, tokens: tokens,
                profile: StepProfile(
                    compute: .milliseconds(80), exchange: .milliseconds(12), update: .milliseconds(3),
                    snapshot: next % plan.checkpointInterval == 1 && next > 1 ? .milliseconds(5) : .zero))
            fulfil(tell(.stepContributed(run: id, generation: run.generation, report: report), after: stepTime))
            evaluate()
            if savesAtOnce { save() }
        }
    }

    private mutating func evaluate() {
        for (generation, step) in toEvaluate {
            tell(
                .evaluated(run: id, generation: generation, step: step, loss: loss(step) + 0.1),
                after: .milliseconds(20))
        }
        toEvaluate = []
    }

    private mutating func save() {
        for (generation, step) in saved {
            let digit = Character(String(step % 10))
            tell(
                .checkpointWritten(
                    run: id, generation: generation, step: step,
                    weightsSHA256: "c0ffee\(step)" + String(repeating: digit, count: 62 - String(step).count - 4),
                    size: ByteCount(1_425_408), took: .milliseconds(30)),
                after: .milliseconds(30))
        }
        saved = []
    }

    /// Kills `rank`; a drill when `injection` is the index of one. Returns what the coordinator asks for.
    @discardableResult
    mutating func kill(rank: Int, injection: Int? = nil) -> [Command] {
        guard let member = coordinator.run?.members[rank] else { preconditionFailure("there is no gang to kill") }
        if let injection {
            tell(
                .faultInjected(
                    run: id,
                    Infliction(
                        index: injection, what: "kill rank \(rank)", worker: member.worker,
                        incarnation: member.incarnation, effect: .ends)),
                after: .milliseconds(10))
        }
        saved = []
        toEvaluate = []
        return tell(
            .workerLost(worker: member.worker, incarnation: member.incarnation, how: .signalled(9)),
            after: .milliseconds(2))
    }

    /// The coordinator was gone for `span`; another goes on with the run, and the gang forms anew.
    mutating func resume(after span: TimeSpan) {
        saved = []
        toEvaluate = []
        tell(.runResumed(run: id), after: span)
        fulfil(tell(.slotsOffered(node: NodeID("laptop"), slots: plan.workers), after: .milliseconds(1)))
    }

    /// The checkpoint that is being written fails.
    mutating func failCheckpoint(_ reason: String) {
        guard let run = coordinator.run, let step = run.saving else { preconditionFailure("nothing is saved") }
        saved = []
        tell(
            .checkpointFailed(run: id, generation: run.generation, step: step, reason: reason),
            after: .milliseconds(5))
    }

    /// Commits one step and leaves its checkpoint in flight.
    mutating func trainWithoutSaving(to step: Int) {
        savesAtOnce = false
        train(to: step)
        savesAtOnce = true
    }

    /// A drill at step 14 and an accident at step 25 of a run of 40 steps that completes.
    static func twiceKilled() -> Rehearsal {
        var rehearsal = Rehearsal()
        rehearsal.start()
        rehearsal.train(to: 14)
        rehearsal.fulfil(rehearsal.kill(rank: 1, injection: 0))
        rehearsal.train(to: 25)
        rehearsal.fulfil(rehearsal.kill(rank: 0))
        rehearsal.train(to: 40)
        return rehearsal
    }

    /// The job it rehearses.
    var job: JobSpec {
        JobSpec(
            name: "tiny", nodes: 1, workersPerNode: plan.workers,
            model: ModelShape(layers: 2, width: 64, heads: 2, contextLength: 64, vocabularySize: 256),
            training: TrainingSpec(
                microBatch: 2, globalBatch: 8, steps: plan.steps,
                learningRate: LearningRateSpec(
                    decay: .constant, peak: 3e-4, minimum: 3e-4, warmupSteps: 0, decaySteps: 0),
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 7,
                evaluationInterval: plan.evaluationInterval, evaluationMicroBatches: 2),
            data: DataSpec(source: .text, globs: ["corpus/*.txt"], validationShare: 0.1),
            checkpoint: CheckpointSpec(interval: plan.checkpointInterval, keep: 2),
            faultTolerance: FaultToleranceSpec(
                maximumRestarts: plan.maximumRestarts, heartbeatInterval: .seconds(Int64(1)),
                heartbeatTimeout: .seconds(Int64(5)), lease: .seconds(Int64(10))),
            injections: [Injection(.step(14), .rank(1), .kill)])
    }
}

// MARK: Plays that several tests read

extension Rehearsal {
    /// The run with its job, as a report is handed it.
    var source: RunSource {
        RunSource(
            history: history, job: job, cluster: "laptop", folder: "runs/\(id)",
            weights: "runs/\(id)/checkpoints/step-00000040/model.safetensors")
    }

    /// A failed checkpoint, a coordinator gone for 4 s, a drill, an interruption by a user, and a resumption.
    static func troubled() -> Rehearsal {
        var rehearsal = Rehearsal("troubled-0001", steps: 30)
        rehearsal.start()
        rehearsal.train(to: 9)
        rehearsal.trainWithoutSaving(to: 10)
        rehearsal.failCheckpoint("no space left\non device \u{1b}[31m")
        rehearsal.train(to: 14)
        rehearsal.resume(after: .seconds(Int64(4)))
        rehearsal.train(to: 16)
        rehearsal.fulfil(rehearsal.kill(rank: 1, injection: 0))
        rehearsal.train(to: 20)
        rehearsal.tell(.interruptRequested(run: rehearsal.id, because: "SIGINT"))
        rehearsal.train(to: 21)
        rehearsal.resume(after: .seconds(Int64(3)))
        rehearsal.train(to: 30)
        return rehearsal
    }

    /// Rank 1 was killed at step 14, and no process has taken its place yet.
    static func recovering() -> Rehearsal {
        var rehearsal = Rehearsal()
        rehearsal.start()
        rehearsal.train(to: 14)
        rehearsal.kill(rank: 1, injection: 0)
        return rehearsal
    }

    /// Rank 1 was killed at step 14, and its gang is at step 33.
    static func running() -> Rehearsal {
        var rehearsal = Rehearsal()
        rehearsal.start()
        rehearsal.train(to: 14)
        rehearsal.fulfil(rehearsal.kill(rank: 1, injection: 0))
        rehearsal.train(to: 33)
        return rehearsal
    }

    /// All plays.
    static let plays: [@Sendable () -> Rehearsal] = [twiceKilled, troubled, recovering, running, exhausted]

    /// Restarts are used up without a step.
    static func exhausted() -> Rehearsal {
        var rehearsal = Rehearsal("exhausted-0001", restarts: 1)
        rehearsal.start()
        rehearsal.train(to: 3)
        rehearsal.fulfil(rehearsal.kill(rank: 0))
        let worker = WorkerID(node: NodeID("laptop"), slot: 1)
        rehearsal.tell(
            .workerLost(worker: worker, incarnation: Incarnation(1), how: .silent(.seconds(Int64(5)))),
            after: .seconds(Int64(5)))
        return rehearsal
    }
}

/// A completed run, one that gave up, one whose coordinator is gone, and one that cannot be read.
func fourRuns() -> [ListedRun] {
    [
        .read(Rehearsal.twiceKilled().source), .read(Rehearsal.exhausted().source),
        .read(RunSource(history: Rehearsal.running().history)),
        .unreadable(name: "broken-0001", reason: "runs/broken-0001/run.db is not a run's journal: it is empty"),
    ]
}

/// FNV-1a of the bytes of `text`: equal in every process, where Swift's own hashes are not.
func fingerprint(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return String(hash, radix: 16)
}
