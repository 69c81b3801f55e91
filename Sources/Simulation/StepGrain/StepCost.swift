// What a step and the things around it cost a simulated gang, as plain numbers: the seam between the models of hardware
// and the world at the grain of steps. Refuses to compute any of them from a cluster; whoever makes a scenario does.

import Primitives

/// How long a gang's doings take.
public struct StepCost: Equatable, Sendable {
    /// One step of the whole gang.
    public var step: TimeSpan
    /// How long training waits for a checkpoint's snapshot.
    public var snapshot: TimeSpan
    /// From the end of the snapshot until the checkpoint is durable; training goes on meanwhile.
    public var write: TimeSpan
    /// The size of a checkpoint.
    public var checkpointSize: ByteCount
    /// Forming a gang: starting processes, connecting them, the first step's warm-up.
    public var regroup: TimeSpan
    /// Loading a checkpoint into all members, beside `regroup`.
    public var restore: TimeSpan
    /// Taking the state from another member, beside `regroup`.
    public var peerTransfer: TimeSpan
    /// One measurement of the validation loss.
    public var evaluation: TimeSpan
    /// How much slower a step is at the slowest hour of the day than at the fastest, as a share.
    public var diurnalSwing: Double

    /// Costs from their parts.
    public init(
        step: TimeSpan, snapshot: TimeSpan, write: TimeSpan, checkpointSize: ByteCount, regroup: TimeSpan,
        restore: TimeSpan, peerTransfer: TimeSpan, evaluation: TimeSpan = .zero, diurnalSwing: Double = 0
    ) {
        self.step = step
        self.snapshot = snapshot
        self.write = write
        self.checkpointSize = checkpointSize
        self.regroup = regroup
        self.restore = restore
        self.peerTransfer = peerTransfer
        self.evaluation = evaluation
        self.diurnalSwing = diurnalSwing
    }

    /// A step that begins at `now` with a share of the members, in nanoseconds: fewer members do the same work, the
    /// slowest sets the pace, and the day has its hours (a triangle with its peak at noon).
    func pace(at now: Instant, members: Int, of wanted: Int, slowest: Double) -> TimeSpan {
        let day: Int64 = 86_400_000_000_000
        let hour = Double((now.nanoseconds % day + day) % day) / Double(day)
        let day01 = 1 - (2 * hour - 1).magnitude
        let factor = Double(wanted) / Double(members) / slowest * (1 + diurnalSwing * day01)
        return TimeSpan(nanoseconds: max(1, Int64((Double(step.nanoseconds) * factor).rounded())))
    }
}
