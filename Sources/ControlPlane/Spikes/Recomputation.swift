// Two computations of one step, held against each other: the same state and the same data give the same bits, whoever
// computes, so a difference is a fault of hardware. Refuses tolerances: nothing here may differ in the last bit.

import Primitives

extension StepReport {
    /// Whether both have the same numbers, to the bit.
    func agrees(with other: StepReport) -> Bool {
        StepReport.isSame(loss, other.loss) && StepReport.isSame(gradientNorm, other.gradientNorm)
            && zip(microBatchLosses, other.microBatchLosses).allSatisfy(StepReport.isSame)
    }

    /// Whether two numbers are the same; numbers that are none need not have the same bits.
    fileprivate static func isSame(_ a: Double, _ b: Double) -> Bool {
        a.bitPattern == b.bitPattern || a.isNaN && b.isNaN
    }
}

/// The worker that computes wrongly, if micro-batches tell: where two computations of one differ, the one further from
/// the losses that agree is wrong, and the worker with most of those is meant. Only a worker that is still a member is
/// named.
func deviant(_ first: SpikeWatch.Computation, _ second: StepReport, _ members: [Member]) -> WorkerID? {
    let (a, b) = (first.report.microBatchLosses, second.microBatchLosses)
    guard !a.isEmpty, a.count == b.count else { return nil }
    let differing = a.indices.filter { !StepReport.isSame(a[$0], b[$0]) }
    let agreed = a.indices.filter { StepReport.isSame(a[$0], b[$0]) }.map { a[$0] }
    let usual = agreed.isEmpty ? first.alarm.median : agreed.reduce(0, +) / Double(agreed.count)
    func distance(_ loss: Double) -> Double { loss.isFinite ? (loss - usual).magnitude : .infinity }
    var blame = members.map { (worker: $0.worker, count: 0) }
    for index in differing {
        let isFirst = distance(a[index]) > distance(b[index])
        let owners = isFirst ? first.members : members
        guard let owner = owners.first(where: { $0.part.contains(index) })?.worker,
            let place = blame.firstIndex(where: { $0.worker == owner })
        else { continue }
        blame[place].count += 1
    }
    guard let most = blame.map(\.count).max(), most > 0 else { return nil }
    return blame.first { $0.count == most }?.worker
}
