// The numbers of a job that decisions depend on. Refuses the rest of the job: a coordinator that does not know the
// learning rate cannot come to depend on it.

import Jobs
import Primitives

/// What the control plane knows of a job.
public struct RunPlan: Equatable, Sendable {
    /// Steps until the run is complete.
    public var steps: Int
    /// Workers in the gang.
    public var workers: Int
    /// Micro-batches in a step.
    public var microBatches: Int
    /// Steps between two checkpoints.
    public var checkpointInterval: Int
    /// Checkpoints that stay; at least 1.
    public var checkpointsKept: Int
    /// Steps between two measurements of the validation loss; 0 for none.
    public var evaluationInterval: Int
    /// Micro-batches of one such measurement.
    public var evaluationMicroBatches: Int
    /// Restarts that may follow one another without a newly reached step.
    public var maximumRestarts: Int
    /// How long a started process may take to join, and a member to restore, before it is replaced.
    public var formationLimit: TimeSpan
    /// Where a gang that follows another takes its state from.
    public var recovery: FaultToleranceSpec.Recovery
    /// What becomes of a gang that has lost a member.
    public var onWorkerLoss: FaultToleranceSpec.WorkerLossPolicy
    /// Steps between two comparisons of the members' states; 0 for none.
    public var stateHashInterval: Int
    /// What is done about slow members.
    public var stragglers: StragglerSpec.Action
    /// What is done about loss spikes.
    public var lossSpike: LossSpikeSpec
    /// Batches that no step takes from the beginning on; ascending, apart from one another.
    public var skipped: [Range<Int>] = []

    /// A plan from its parts.
    public init(
        steps: Int, workers: Int, microBatches: Int, checkpointInterval: Int, checkpointsKept: Int,
        evaluationInterval: Int, evaluationMicroBatches: Int, maximumRestarts: Int, formationLimit: TimeSpan,
        recovery: FaultToleranceSpec.Recovery = .checkpoint,
        onWorkerLoss: FaultToleranceSpec.WorkerLossPolicy = .wait, stateHashInterval: Int = 0,
        stragglers: StragglerSpec.Action = .off,
        lossSpike: LossSpikeSpec = LossSpikeSpec(action: .off)
    ) {
        self.steps = steps
        self.workers = workers
        self.microBatches = microBatches
        self.checkpointInterval = checkpointInterval
        self.checkpointsKept = checkpointsKept
        self.evaluationInterval = evaluationInterval
        self.evaluationMicroBatches = evaluationMicroBatches
        self.maximumRestarts = maximumRestarts
        self.formationLimit = formationLimit
        self.recovery = recovery
        self.onWorkerLoss = onWorkerLoss
        self.stateHashInterval = stateHashInterval
        self.stragglers = stragglers
        self.lossSpike = lossSpike
    }

    /// The plan of `job`.
    public init(_ job: JobSpec) {
        self.init(
            steps: job.training.steps, workers: job.workers, microBatches: job.training.microBatches,
            checkpointInterval: job.checkpoint.interval, checkpointsKept: job.checkpoint.keep,
            evaluationInterval: job.training.evaluationInterval,
            evaluationMicroBatches: job.training.evaluationMicroBatches,
            maximumRestarts: job.faultTolerance.maximumRestarts, formationLimit: .seconds(Int64(120)),
            recovery: job.faultTolerance.recovery, onWorkerLoss: job.faultTolerance.onWorkerLoss,
            stateHashInterval: job.faultTolerance.stateHashInterval, stragglers: job.faultTolerance.straggler.action,
            lossSpike: job.faultTolerance.lossSpike)
        skipped = job.data.skipped
    }
}
