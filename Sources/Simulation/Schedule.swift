// One simulated run before it begins: the job, the machines, how fast everything is and what breaks when, all drawn
// from a seed. Refuses to hold anything that changes while the run goes on.

import ControlPlane
import Jobs
import Primitives

/// Everything that decides what happens in one simulated run.
public struct Schedule: Equatable, Sendable {
    /// The seed it was drawn from.
    public let seed: UInt64
    /// What is demanded of it.
    public let mode: SimulationMode
    /// The job.
    public let job: JobSpec
    /// What the control plane is told of the job; its limits are shorter than live ones.
    public let plan: RunPlan
    /// Slots of the node whose supervisor belongs to the coordinator.
    public let supervisedSlots: Int
    /// Workers on another node, which something else starts and restarts.
    public let externalWorkers: Int
    /// What breaks, in order of time. Faults may be taken out.
    public var faults: [Fault]
    /// When everything heals.
    public let horizon: Instant
    /// How long after `horizon` the run may take to complete.
    public let patience: TimeSpan

    /// The shortest way of a message.
    let linkDelay: TimeSpan
    /// What a message may take longer.
    let linkJitter: TimeSpan
    /// The compute time of a micro-batch.
    let microBatchTime: TimeSpan
    /// How long a process takes to start.
    let startTime: TimeSpan
    /// How long a checkpoint takes to read, and to write.
    let diskTime: TimeSpan
    /// How long a user takes to resume a run.
    let resumeDelay: TimeSpan
    /// How long an agent takes at most to start a coordinator again.
    let restartTime: TimeSpan

    /// The schedule of `seed`: `steps` steps under faults of `mode`.
    public init(seed: UInt64, mode: SimulationMode, steps: Int) {
        var stream = RandomStream(seed: seed, named: "schedule")
        func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + stream.integer(below: range.count) }
        let workers = pick(1...4)
        let spares = pick(0...2)
        let external = pick(0...workers + spares)
        let microBatches = workers * pick(1...2) + pick(0...1)
        let interval = pick(1...max(1, min(12, steps)))
        let heartbeat = TimeSpan.milliseconds(Int64(pick(3...20) * 100))
        let timeout = heartbeat * Int64(pick(2...5))
        let evaluationInterval = pick(0...8)
        self.seed = seed
        self.mode = mode
        supervisedSlots = workers + spares - external
        externalWorkers = external
        microBatchTime = .milliseconds(Int64(pick(5...200)))
        linkDelay = .microseconds(Int64(pick(20...2_000)))
        linkJitter = .microseconds(Int64(pick(10...20_000)))
        startTime = .milliseconds(Int64(pick(5...1_500)))
        diskTime = .milliseconds(Int64(pick(5...1_500)))
        resumeDelay = .milliseconds(Int64(pick(5_500...20_000)))
        restartTime = .milliseconds(Int64(pick(5...1_500)))
        job = Schedule.job(
            steps: steps, workers: workers, microBatches: microBatches, interval: interval, keep: pick(1...3),
            evaluationInterval: evaluationInterval, restarts: pick(2...10), heartbeat: heartbeat, timeout: timeout,
            lease: timeout + heartbeat * Int64(pick(1...5)),
            stateHashInterval: [1, 1, 1, 4][pick(0...3)], stragglers: StragglerSpec.Action.allCases[pick(0...2)],
            recovery: pick(1...3) == 1 ? .checkpoint : .peer,
            onWorkerLoss: [.spare, .shrink, .wait][pick(0...2)])
        var plan = RunPlan(job)
        plan.formationLimit = .milliseconds(Int64(pick(15_000...30_000)))
        self.plan = plan
        let step = microBatchTime * Int64((microBatches + workers - 1) / workers) + linkDelay * 4
        horizon = .zero + step * Int64(2 * steps) + .milliseconds(Int64(pick(2_000...30_000)))
        // Every worker in turn may have to be found out by the longest of the limits, and everything be done again.
        patience = plan.formationLimit * 8 + job.faultTolerance.lease * 4 + resumeDelay * 4 + step * Int64(3 * steps)
        faults = Fault.draw(seed: seed, mode: mode, until: horizon)
    }

    private static func job(
        steps: Int, workers: Int, microBatches: Int, interval: Int, keep: Int, evaluationInterval: Int, restarts: Int,
        heartbeat: TimeSpan, timeout: TimeSpan, lease: TimeSpan, stateHashInterval: Int,
        stragglers: StragglerSpec.Action,
        recovery: FaultToleranceSpec.Recovery,
        onWorkerLoss: FaultToleranceSpec.WorkerLossPolicy
    ) -> JobSpec {
        JobSpec(
            name: "drill", nodes: 1, workersPerNode: workers,
            model: ModelShape(layers: 1, width: 8, heads: 1, contextLength: 8, vocabularySize: 256),
            training: TrainingSpec(
                microBatch: 1, globalBatch: microBatches, steps: steps,
                learningRate: LearningRateSpec(
                    decay: .constant, peak: 1e-3, minimum: 0, warmupSteps: 0, decaySteps: 0),
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 1,
                evaluationInterval: evaluationInterval, evaluationMicroBatches: 2),
            data: DataSpec(source: .text, globs: [], validationShare: 0.1),
            checkpoint: CheckpointSpec(interval: interval, keep: keep),
            faultTolerance: FaultToleranceSpec(
                recovery: recovery, onWorkerLoss: onWorkerLoss, maximumRestarts: restarts, heartbeatInterval: heartbeat,
                heartbeatTimeout: timeout, lease: lease, lossSpike: LossSpikeSpec(action: .off),
                detection: DetectionSpec(
                    silenceAtLeast: heartbeat * 2, stepDeadlineFactor: 4, stepDeadlineAtLeast: heartbeat * 3),
                stateHashInterval: stateHashInterval,
                straggler: StragglerSpec(action: stragglers, factor: 1.5, patience: .steps(3))),
            injections: [])
    }
}

/// What the parts of the world outside the control plane promise it. `kept` is the truth; a test breaks one promise at a
/// time and expects the simulation to notice.
public struct Promises: Equatable, Sendable {
    /// A record is durable before any of its commands is carried out.
    public var journalComesFirst = true
    /// A durable record survives the coordinator.
    public var journalKeeps = true
    /// A damaged checkpoint is refused by whoever reads it.
    public var readersVerify = true
    /// A checkpoint has its name only when it is whole.
    public var writersPublishWhole = true
    /// A checkpoint is told of only when it is synced.
    public var writersSync = true
    /// Which data a micro-batch holds depends on nothing but the step.
    public var dataOrderIsPure = true
    /// A worker changes its state at a commit, and not before.
    public var workersAwaitCommit = true
    /// What a worker keeps of an interrupted step is of the state that it holds, and was not found wrong.
    public var keptSumsAreSound = true
    /// A worker ends when it is told to, or when its lease has run out.
    public var workersEnd = true

    /// All promises kept.
    public static let kept = Promises()
    /// All promises kept.
    public init() {}
}
