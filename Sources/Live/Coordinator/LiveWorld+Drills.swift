// How the live world carries out a drill: signals through the agent, a word to the worker that shall suffer, a bit
// flipped on disk. The record comes first and is durable, so that nobody ever takes a drill for an accident. Refuses to
// choose moments (Injector) and to know what follows (the control plane).

import ControlPlane
import Foundation
import Jobs
import Messages
import Primitives

extension LiveWorld {
    /// When the next fault at a time is due, if there is a gang for it to strike.
    var nextInjection: Instant? {
        guard dispatcher.gang != nil else { return nil }
        return injector.next(after: clock.now - .zero).map { .zero + $0 }
    }

    /// Inflicts the faults whose moment has come; `step` has just been committed, if it is not nil.
    func inject(after step: Int?) throws {
        guard let workers = dispatcher.gang?.members.count else { return }
        for strike in injector.due(committed: step, elapsed: clock.now - .zero, workers: workers) {
            try inflict(strike)
        }
    }

    /// Does what a user asks for, now or when its moment has come. `answer` is told `done`, `accepted` or `refused`; first
    /// where this process does not survive it.
    func carryOut(_ injection: Injection, answer: (Line) -> Void) throws {
        if let reason = refusal(of: injection) { return answer(Line("refused").with("because", reason)) }
        guard injection.moment == .elapsed(.zero) else {
            _ = injector.add(injection)
            return answer(Line("accepted").with("what", injection.sentence))
        }
        if injection.victim == .coordinator { answer(Line("done").with("what", injection.sentence)) }
        switch try inflict(Injector.Strike(number: injector.nextNumber(), injection: injection)) {
        case .done(let what): answer(Line("done").with("what", what))
        case .refused(let reason): answer(Line("refused").with("because", reason))
        }
    }

    private func refusal(of injection: Injection) -> String? {
        guard let state = dispatcher.coordinator.run, !state.isOver else { return "the run is over" }
        if let objection = injection.objection(workers: run.job.workers) { return objection }
        if case .step(let step) = injection.moment {
            if step <= state.committed { return "step \(step) is committed already; the run is at \(state.committed)" }
            if step >= state.plan.steps { return "the run ends with step \(state.plan.steps)" }
        } else if dispatcher.gang == nil {
            return "there is no gang at this moment; try again, or name a step with --at"
        }
        return nil
    }

    /// What came of a fault that was to be inflicted.
    enum Inflicted {
        /// What was done, and to whom.
        case done(String)
        /// Why nothing was.
        case refused(because: String)
    }

    /// Inflicts one fault. Returns what was done, or why nothing was.
    @discardableResult
    func inflict(_ strike: Injector.Strike) throws -> Inflicted {
        let injection = strike.injection
        if injection.fault.isOfCheckpoints { return try strikeCheckpoints(strike) }
        if injection.victim == .coordinator {
            try record(strike, nil)
            kill(getpid(), SIGKILL)
        }
        let victims = victims(of: injection.victim)
        guard !victims.isEmpty else { return refuse(strike, because: "the gang has no \(injection.victim.text)") }
        if injection.fault == .stop, agent == nil {
            return refuse(strike, because: "workers that were started elsewhere cannot be stopped from here")
        }
        for victim in victims { try record(strike, victim) }
        for victim in victims { try strikeWorker(victim, injection) }
        return .done("\(injection.sentence): " + victims.map { "\($0.worker)" }.joined(separator: ", "))
    }

    private func refuse(_ strike: Injector.Strike, because reason: String) -> Inflicted {
        log.warning("no drill", metadata: ["what": "\(strike.injection.sentence)", "because": "\(reason)"])
        return .refused(because: reason)
    }

    private func record(_ strike: Injector.Strike, _ victim: Member?, checkpoint: Int? = nil) throws {
        let injection = strike.injection
        try handle(
            .fact(
                .faultInjected(
                    run: run.folder.id,
                    Infliction(
                        index: strike.number, what: injection.sentence, worker: victim?.worker,
                        incarnation: victim?.incarnation, effect: effect(of: injection, on: checkpoint)))))
    }

    private func effect(of injection: Injection, on checkpoint: Int?) -> Infliction.Effect {
        switch injection.fault {
        case .kill: .ends
        case .stop, .slow, .partition: .lasts(injection.duration ?? .zero)
        case .diskFull: .fillsDisk(injection.duration ?? .zero)
        case .corruptParameters: .corrupts
        case .corruptGradient, .notANumber, .garbage, .learningRate: .once
        case .corruptCheckpoint: checkpoint.map { .damages(step: $0) } ?? .once
        }
    }

    private func victims(of victim: Injection.Victim) -> [Member] {
        guard let members = dispatcher.gang?.members else { return [] }
        switch victim {
        case .rank(let rank): return members.indices.contains(rank) ? [members[rank]] : []
        case .link(let a, let b):
            return [a, b].allSatisfy(members.indices.contains) ? [members[a], members[b]] : []
        case .node(let index):
            var nodes: [NodeID] = []
            for member in members where !nodes.contains(member.worker.node) { nodes.append(member.worker.node) }
            return nodes.indices.contains(index) ? members.filter { $0.worker.node == nodes[index] } : []
        case .gang: return members
        case .newcomer:
            let former = formerGang?.members ?? []
            let new = members.filter { member in
                !former.contains { $0.worker == member.worker && $0.incarnation == member.incarnation }
            }
            return Array((new.isEmpty ? members : new).suffix(1))
        case .checkpoint, .coordinator: return []
        }
    }

    private func strikeWorker(_ victim: Member, _ injection: Injection) throws {
        let span = injection.duration ?? .zero
        switch injection.fault {
        case .kill: if let agent { agent.send(.kill(victim.worker)) } else { try suffer(.end, victim) }
        case .stop: agent?.send(.pause(victim.worker, for: span))
        case .slow(let factor): try suffer(.slow(factor: factor, for: span), victim)
        case .corruptGradient: try suffer(.flipBit, victim)
        case .corruptParameters: try suffer(.flipParameter, victim)
        case .notANumber: try suffer(.notANumber, victim)
        case .garbage(let count):
            let first = batchAfterNext
            try suffer(.garbage(batches: first..<(count.map { first + $0 } ?? Int.max)), victim)
        case .learningRate(let factor):
            let first = batchAfterNext
            try suffer(.learningRate(factor: factor, batches: first..<first + Injection.rateSteps), victim)
        case .partition(let direction): try part(victim, injection.victim, direction, span)
        case .corruptCheckpoint, .diskFull: break  // No worker's; see strikeCheckpoints.
        }
    }

    /// The next step may have begun already; by the one after, every member has heard.
    private var batchAfterNext: Int {
        guard let run = dispatcher.coordinator.run else { return 1 }
        return run.spikes.course.batch(of: run.committed + 2)
    }

    /// Holds back words between two ranks, or between a rank and this process. The first rank of a link says nothing to
    /// the second when the direction is out, and hears nothing from it when it is in.
    private func part(
        _ member: Member, _ victim: Injection.Victim, _ direction: Injection.Direction, _ span: TimeSpan
    ) throws {
        let (out, `in`) = (direction != .in, direction != .out)
        guard case .link(let a, let b) = victim, let members = dispatcher.gang?.members else {
            return try suffer(.partCoordinator(out: out, in: `in`, for: span), member)
        }
        if member == members[a], out { try suffer(.partMember(rank: b, for: span), member) }
        if member == members[b], `in` { try suffer(.partMember(rank: a, for: span), member) }
    }

    private func suffer(_ affliction: Affliction, _ member: Member) throws {
        guard let session = dispatcher.session(of: member.worker), session.incarnation == member.incarnation else {
            return
        }
        try send(.suffer(affliction), to: session.connection, session.incarnation)
    }

    private func strikeCheckpoints(_ strike: Injector.Strike) throws -> Inflicted {
        guard strike.injection.fault == .corruptCheckpoint else {
            guard let writer = dispatcher.gang?.members.first else { return refuse(strike, because: "nobody writes") }
            try record(strike, writer)
            try suffer(.diskFull(for: strike.injection.duration ?? .zero), writer)
            return .done(strike.injection.sentence)
        }
        guard let step = dispatcher.coordinator.run?.checkpoints.last?.step else {
            return refuse(strike, because: "there is no checkpoint yet")
        }
        try record(strike, nil, checkpoint: step)
        guard flipBit(in: "\(store.folder(step: step))/model.safetensors") else {
            return refuse(strike, because: "its weights cannot be written")
        }
        return .done("\(strike.injection.sentence): a bit of step \(step) is flipped")
    }

    /// Flips a bit in the middle of a file, as a bad disk does.
    private func flipBit(in path: String) -> Bool {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let middle = lseek(file, 0, SEEK_END) / 2
        var byte: UInt8 = 0
        guard pread(file, &byte, 1, middle) == 1 else { return false }
        byte ^= 0x10
        return pwrite(file, &byte, 1, middle) == 1
    }
}
