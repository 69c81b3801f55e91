// How the live world takes the wish for another size: refused with a reason where it can never be, told to the control
// plane where it can, and answered when a gang computes that is as was asked. Refuses to choose workers.

import ControlPlane
import Primitives

/// That somebody wants a run's gang to have another size, as the request that asks for it.
public struct ResizeRequest: Equatable, Sendable {
    /// Workers that the gang shall have.
    public var workers: Int
    /// Slots that it shall give up, for whoever asks takes them away; workers that it does not need beside stay as spares.
    public var leaving: [WorkerID]
    /// Whether whoever asks starts the workers too that are not there yet.
    public var bringsWorkers: Bool

    /// A request from its parts.
    public init(workers: Int, leaving: [WorkerID] = [], bringsWorkers: Bool = false) {
        self.workers = workers
        self.leaving = leaving
        self.bringsWorkers = bringsWorkers
    }

    /// The request as a line.
    public var line: Line {
        Line("resize").with("workers", workers).with("brings-workers", bringsWorkers)
            .with("leaving", leaving.map(\.description).joined(separator: ","))
    }

    /// Reads what `line` wrote.
    /// - Throws: `LineError` naming the field that is missing or wrong.
    public init(_ line: Line) throws(LineError) {
        let leaving = try line.read("leaving", as: String.self).split(separator: ",").map { WorkerID(String($0)) }
        guard !leaving.contains(nil) else { throw LineError(line: line.text, problem: "'leaving' lists no slots") }
        self.init(
            workers: try line.read("workers"), leaving: leaving.compactMap(\.self),
            bringsWorkers: try line.read("brings-workers"))
    }
}

/// Requests that are told to the control plane and not answered yet.
struct AwaitedResizes {
    var requests: [(name: String, before: Int)] = []
}

extension LiveWorld {
    /// Says how many workers there shall be at first. Slots that were to be given up are who knows whose now: whoever comes
    /// is taken.
    func beginResized(to workers: Int?) throws {
        guard let state = dispatcher.coordinator.run else { return }
        let leavesNobody = takesOver || state.resize?.leaving.isEmpty ?? true
        guard workers ?? state.wanted != state.wanted || !leavesNobody else { return }
        try handle(.fact(.resized(run: state.id, workers: workers ?? state.wanted, leaving: [])))
    }

    /// Takes a request called `name`; it is answered now or when the gang is as was asked.
    func resize(_ request: ResizeRequest, name: String) throws {
        guard let state = dispatcher.coordinator.run else { return }
        if let refusal = refusal(of: request, state) { return answer(name, refusal) }
        for earlier in awaited.requests {
            answer(earlier.name, refused("another size was asked for meanwhile: \(request.workers)"))
        }
        awaited.requests = [(name, dispatcher.gang?.members.count ?? 0)]
        try handle(
            .fact(.resized(run: state.id, workers: request.workers, leaving: request.leaving)))
    }

    /// Answers the requests whose wish is carried out, or never will be. Asked after everything that happens.
    func answerResizes() {
        guard !awaited.requests.isEmpty, let state = dispatcher.coordinator.run else { return }
        let line: Line
        if state.isOver {
            line = refused("the run is over")
        } else if state.hasResized {
            line = Line("done").with("workers", state.members.count)
        } else {
            return
        }
        for request in awaited.requests { answer(request.name, line.with("before", request.before)) }
        awaited.requests = []
    }

    private func refused(_ reason: String, isInfeasible: Bool = false) -> Line {
        Line("refused").with("because", reason).with("infeasible", isInfeasible)
    }

    private func refusal(of request: ResizeRequest, _ state: Run) -> Line? {
        guard !state.isOver else { return refused("the run is over") }
        guard !state.interrupted else { return refused("the run saves its state and ends") }
        guard request.workers >= 1 else { return refused("a gang has a worker", isInfeasible: true) }
        guard request.workers <= state.plan.microBatches else {
            return refused(
                "a step has \(state.plan.microBatches) micro-batches, and each of \(request.workers) workers needs one",
                isInfeasible: true)
        }
        let slots = dispatcher.coordinator.pool.slots.count { slot in
            (slot.supervised || slot.isInhabited) && !request.leaving.contains(slot.worker)
        }
        guard request.bringsWorkers || request.workers <= slots else {
            return refused(
                "the run has \(slots) \(slots == 1 ? "slot" : "slots") for workers, spares included", isInfeasible: true
            )
        }
        return nil
    }
}
