// What a run does when whoever places it wants its gang to have another size, or to do without some of its workers. A size
// is changed between two steps, right after a commit: every member holds the committed state then, and those that are new
// take it from those that stay, wherever the job wants *lost* states to come from. Nothing is done again, and no bit
// changes, because a step's sum does not depend on who adds it up. Refuses to choose the size; the plan has the job's, and
// whoever knows the machines asks for another.

import Primitives
import Scheduling

/// The size that a run is wanted to have, where somebody asked for one.
public struct Resize: Equatable, Sendable {
    /// Workers that its gang shall have.
    public var workers: Int
    /// Slots that it gives up. No gang takes whoever is in them, unless the state that counts is nowhere else; in order.
    public var leaving: [WorkerID]
    /// Whether no gang was like that yet.
    public var isPending: Bool
}

extension Run {
    /// Workers that its gang shall have: as many as its job says, until somebody asks for another number.
    public var wanted: Int { resize?.workers ?? plan.workers }

    /// Whether the slot of `worker` is to be given up.
    func isLeaving(_ worker: WorkerID) -> Bool { resize?.leaving.contains(worker) ?? false }

    /// Whether its gang computes without any worker that is to leave, and is as large as it shall be. One that has given up
    /// what it was to give up may still lack others, who are lost: that is no resize's to wait for.
    public var hasResized: Bool {
        guard isRunning, members.count <= wanted, !members.contains(where: { isLeaving($0.worker) }) else {
            return false
        }
        return members.count == wanted || !(resize?.leaving.isEmpty ?? true)
    }

    /// Its gang shall have `workers` members, and do without those in the slots `leaving`.
    /// - Precondition: every member has a part of each step.
    mutating func resized(to workers: Int, leaving: [WorkerID]) {
        precondition((1...plan.microBatches).contains(workers), "a gang of \(workers) for \(plan.microBatches) parts")
        guard !isOver else { return }
        resize = Resize(workers: workers, leaving: leaving.sorted(), isPending: true)
        noteResized()
    }

    /// The gang has changed, or what is wanted of it. Who alone held the state may be back in it although it was gone.
    mutating func noteResized() {
        if members.contains(where: { isLeaving($0.worker) }) {
            resize?.isPending = true
        } else if members.count == wanted {
            resize?.isPending = false
        }
    }

    /// Ends a gang right after a commit when another can be placed that is nearer to what is wanted: without those that are
    /// to leave, no larger than it shall be, or larger where it is too small. Nothing is lost: every member holds the
    /// committed step, and the new one takes it from them.
    mutating func regroupIfPossible(on pool: Pool) -> Command? {
        let isResizing = resize?.isPending ?? false
        guard isRunning, isResizing || members.count < wanted && plan.onWorkerLoss == .spare else { return nil }
        isHandingOver = isResizing
        guard case .placed(let workers) = placement(on: pool), isNearer(workers) else {
            isHandingOver = false
            return nil
        }
        let size = members.count
        members = []
        saving = nil
        phase = .waiting(because: nil)
        return .regroup(run: id, generation: generation, size: size, resizedTo: isResizing ? workers.count : nil)
    }

    /// Whether a gang of `workers` is nearer to what is wanted than the one there is.
    private func isNearer(_ workers: [WorkerID]) -> Bool {
        let (left, before) = (workers.count(where: isLeaving), members.count { isLeaving($0.worker) })
        guard left == before else { return left < before }
        let (staying, stayed) = (workers.count - left, members.count - before)
        return stayed < wanted ? staying > stayed : staying < stayed
    }

    /// Workers that are up and stay.
    func staying(on pool: Pool) -> [FreeWorker] {
        guard let resize, !resize.leaving.isEmpty else { return pool.up }
        return pool.up.filter { !isLeaving($0.worker) }
    }

    /// How many those are, known without looking at any where nobody leaves.
    func stayingCount(on pool: Pool) -> Int {
        pool.upCount - (resize?.leaving.count { pool.numerics(of: $0) != nil } ?? 0)
    }

    /// Whether the next gang takes the state from whoever holds it wherever the job wants lost states to come from: nothing
    /// befell the one before, or only its coordinator, and it is to be resized.
    var handsOver: Bool { isHandingOver || isReturning && resize?.isPending ?? false }

    /// Who is to leave and must be in the next gang all the same, for one step: the only one from whom the others can take
    /// the state after `committed` steps.
    func lastSource(on pool: Pool) -> WorkerID? {
        guard let resize, !resize.leaving.isEmpty, plan.recovery == .peer || handsOver else { return nil }
        let holding = holders.filter { pool.isUp($0.worker, $0.incarnation) }.map(\.worker)
        return holding.allSatisfy(isLeaving) ? holding.min() : nil
    }

    /// `decision` with `source` among the members. Where the gang need not be whole it goes on alone.
    func adding(_ source: WorkerID, to decision: PlacementDecision, mayShrink: Bool) -> PlacementDecision {
        switch decision {
        case .placed(let workers):
            .placed(((workers.count < plan.microBatches ? workers : Array(workers.dropLast())) + [source]).sorted())
        case .wait: mayShrink ? .placed([source]) : decision
        }
    }
}
