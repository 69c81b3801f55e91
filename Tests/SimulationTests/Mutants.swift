// The real dispatcher with one thing wrong with each: what it hears or says is bent on the way. The simulation must find
// every one of them, or it would not find the same mistake in the real thing. Refuses subtlety: each is a mistake that
// somebody could make in a line.

import ControlPlane
import Jobs
import Messages
import Primitives
import Simulation

/// A dispatcher whose inputs and outputs are bent.
protocol Mutant: DecisionMaker {
    var real: Dispatcher { get set }
    init(_ real: Dispatcher)
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input]
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output]
}

extension Mutant {
    init(job: JobSpec, assignment: Dispatcher.Assignment, coordinator: Coordinator) {
        self.init(Dispatcher(job: job, assignment: assignment, coordinator: coordinator))
    }
    var coordinator: Coordinator { real.coordinator }
    var nextDeadline: Instant? { real.nextDeadline }

    mutating func handle(_ input: Dispatcher.Input, at now: Instant) -> [Dispatcher.Output] {
        var outputs: [Dispatcher.Output] = []
        for input in bend(input) {
            for output in real.handle(input, at: now) { outputs += bend(output) }
        }
        return outputs
    }

    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] { [input] }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] { [output] }
}

/// Tells nobody that a generation is over.
struct ForgetsAborts: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        if case .send(.abort, _, _) = output { [] } else { [output] }
    }
}

/// Takes the first contribution to a step for everybody's.
struct CommitsWithOneMissing: Mutant {
    var real: Dispatcher
    var before: [Dispatcher.Input] = []
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard
            case .message(
                .contributed(let generation, let step, _, let norm, let times, let hash, let salvage), let from, _) =
                input
        else { return [input] }
        let forged = before.compactMap { known -> Dispatcher.Input? in
            guard
                case .message(.contributed(generation, _, let losses, _, _, _, _), let other, let incarnation) = known,
                other != from
            else { return nil }
            return .message(
                .contributed(
                    generation: generation, step: step, losses: losses, gradientNorm: norm, times: times,
                    stateHash: hash, salvage: salvage),
                from: other, incarnation: incarnation)
        }
        before.removeAll { if case .message(_, from, _) = $0 { true } else { false } }
        before.append(input)
        return [input] + forged
    }
}

/// Takes what was said of an older generation for said of this one.
struct IgnoresGenerations: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard let generation = real.gang?.generation, case .message(.formed, let from, let incarnation) = input
        else { return [input] }
        return [.message(.formed(generation: generation), from: from, incarnation: incarnation)]
    }
}

/// Goes on with workers whose slots it was to give up.
struct KeepsTheLeaving: Mutant {
    var real: Dispatcher
    var asked: Event?
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        asked = nil
        guard case .fact(.resized(let run, let workers, _)) = input, case .fact(let event) = input else {
            return [input]
        }
        asked = event
        return [.fact(.resized(run: run, workers: workers, leaving: []))]
    }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        if let asked, case .record(.resized, let commands) = output { [.record(asked, commands)] } else { [output] }
    }
}

/// Takes whoever speaks for the last one that was welcomed.
struct IgnoresIncarnations: Mutant {
    var real: Dispatcher
    var welcomed: [(connection: ConnectionID, incarnation: Incarnation)] = []
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        if case .send(.welcome, let connection, let incarnation) = output { welcomed.append((connection, incarnation)) }
        return [output]
    }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        if case .message(.hello, _, _) = input { return [input] }
        guard case .message(let message, let from, let incarnation) = input, let last = welcomed.last,
            !welcomed.contains(where: { $0.connection == from && $0.incarnation == incarnation })
        else { return [input] }
        return [.message(message, from: last.connection, incarnation: last.incarnation)]
    }
}

/// Keeps the oldest checkpoint and deletes the newest.
struct DeletesTheNewest: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        guard let newest = real.coordinator.run?.checkpoints.last?.step else { return [output] }
        switch output {
        case .deleteCheckpoint: return [.deleteCheckpoint(step: newest)]
        case .record(let event, let commands):
            let bent = commands.map { command in
                if case .deleteCheckpoint(let run, _) = command {
                    Command.deleteCheckpoint(run: run, step: newest)
                } else {
                    command
                }
            }
            return [.record(event, bent)]
        default: return [output]
        }
    }
}

/// Records a committed step twice.
struct CountsTwice: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        if case .record(.stepContributed, _) = output { [output, output] } else { [output] }
    }
}

/// Gives the first worker two ranks.
struct PlacesTwice: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        guard case .record(let event, let commands) = output else { return [output] }
        let bent = commands.map { command in
            guard case .form(let run, let generation, var members, let restore, let transfers, let course) = command,
                members.count > 1
            else {
                return command
            }
            (members[1].worker, members[1].incarnation) = (members[0].worker, members[0].incarnation)
            return .form(
                run: run, generation: generation, members: members, restore: restore, transfers: transfers,
                course: course)
        }
        return [.record(event, bent)]
    }
}

/// Believes the first member's sum.
struct ComparesNoSums: Mutant {
    var real: Dispatcher
    var first: (generation: Generation, step: Int, norm: Double)?
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard
            case .message(
                .contributed(let generation, let step, let losses, let norm, let times, let hash, let salvage),
                let from,
                let incarnation) =
                input
        else { return [input] }
        if first?.generation != generation || first?.step != step { first = (generation, step, norm) }
        return [
            .message(
                .contributed(
                    generation: generation, step: step, losses: losses, gradientNorm: first!.norm, times: times,
                    stateHash: hash, salvage: salvage),
                from: from, incarnation: incarnation)
        ]
    }
}

/// Believes the first member's state to be everybody's.
struct ComparesNoStates: Mutant {
    var real: Dispatcher
    var first: (step: Int, hash: StateHash)?
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard
            case .message(
                .contributed(let generation, let step, let losses, let norm, let times, let hash?, let salvage),
                let from,
                let incarnation) = input
        else { return [input] }
        if first?.step != step { first = (step, hash) }
        return [
            .message(
                .contributed(
                    generation: generation, step: step, losses: losses, gradientNorm: norm, times: times,
                    stateHash: first!.hash, salvage: salvage),
                from: from, incarnation: incarnation)
        ]
    }
}

/// Takes the majority's state for the corrupt one.
struct BlamesTheMajority: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        guard case .record(.statesDiffer(let run, let generation, let step, let hashes), let commands) = output,
            let gang = real.gang ?? before, gang.generation == generation
        else { return [output] }
        let bent = commands.map { command in
            guard case .evict(let worker, let reason) = command,
                let other = gang.members.first(where: { $0.worker != worker })
            else { return command }
            return .evict(other.worker, because: reason)
        }
        return [.record(.statesDiffer(run: run, generation: generation, step: step, hashes: hashes), bent)]
    }
    /// The gang before the input that is being handled.
    var before: Gang?
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        before = real.gang
        return [input]
    }
}

/// Takes the fast for slow.
struct BlamesTheFast: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard
            case .message(
                .contributed(let generation, let step, let losses, let norm, var times, let hash, let salvage),
                let from,
                let incarnation) = input
        else { return [input] }
        times.compute = TimeSpan(nanoseconds: 1_000_000_000_000_000_000 / max(1, times.compute.nanoseconds))
        return [
            .message(
                .contributed(
                    generation: generation, step: step, losses: losses, gradientNorm: norm, times: times,
                    stateHash: hash, salvage: salvage),
                from: from, incarnation: incarnation)
        ]
    }
}

/// Hears heartbeats of processes that are silent.
struct NeverMissesAnyone: Mutant {
    var real: Dispatcher
    var sessions: [(connection: ConnectionID, incarnation: Incarnation)] = []
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        if case .send(.welcome, let connection, let incarnation) = output { sessions.append((connection, incarnation)) }
        return [output]
    }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        if case .closed(let connection) = input { sessions.removeAll { $0.connection == connection } }
        guard input == .timePassed else { return [input] }
        return sessions.map { .message(.heartbeat, from: $0.connection, incarnation: $0.incarnation) } + [input]
    }
}

/// Takes every heartbeat of a member for progress.
struct BelievesInProgress: Mutant {
    var real: Dispatcher
    var beats = 0
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard case .message(.progress(var progress), let from, let incarnation) = input else { return [input] }
        beats += 1
        progress.done += beats
        return [.message(.progress(progress), from: from, incarnation: incarnation)]
    }
}

/// Does not hear whose sums a member waits for.
struct BlamesNobody: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard case .message(.progress(var progress), let from, let incarnation) = input else { return [input] }
        progress.missing = []
        return [.message(.progress(progress), from: from, incarnation: incarnation)]
    }
}

/// Does not hear that a checkpoint cannot be restored.
struct IgnoresBadCheckpoints: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        if case .message(.restoreFailed, _, _) = input { [] } else { [input] }
    }
}

/// Says that the run is complete when a user interrupts it.
struct CompletesTooEarly: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        guard case .record(let event, let commands) = output else { return [output] }
        let bent = commands.map { command in
            if case .finish(let run, _) = command { Command.finish(run: run, outcome: .completed) } else { command }
        }
        return [.record(event, bent)]
    }
}

/// Does not recognise a process that greets again.
struct TakesOneForTwo: Mutant {
    var real: Dispatcher
    var greetings = 0
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard case .message(.hello(var hello), let from, let incarnation) = input else { return [input] }
        greetings += 1
        hello.exchangeEndpoint += "?\(greetings)"
        return [.message(.hello(hello), from: from, incarnation: incarnation)]
    }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        guard
            case .send(
                .form(
                    let generation, let rank, var members, let restore, let transfers, let course, let digest,
                    let trusted),
                let to, let incarnation) = output
        else { return [output] }
        for index in members.indices { members[index].endpoint = String(members[index].endpoint.prefix { $0 != "?" }) }
        return [
            .send(
                .form(
                    generation: generation, rank: rank, members: members, restore: restore, transfers: transfers,
                    course: course, digest: digest, trusted: trusted),
                to: to, incarnation: incarnation)
        ]
    }
}

/// Does not see that a process greets again.
struct ForgetsFaces: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard case .message(.hello(var hello), let from, let incarnation) = input else { return [input] }
        hello.before = nil
        return [.message(.hello(hello), from: from, incarnation: incarnation)]
    }
}

/// Takes whoever greets for the first of those that are expected back.
struct TakesAnyoneBack: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        guard case .message(.hello(var hello), let from, let incarnation) = input else { return [input] }
        for slot in real.coordinator.pool.slots where slot.worker.node == hello.node {
            guard case .away(let expected, _, let processID) = slot.occupant else { continue }
            hello.processID = processID
            hello.before = Residence(run: real.assignment.run, worker: slot.worker, incarnation: expected)
            break
        }
        return [.message(.hello(hello), from: from, incarnation: incarnation)]
    }
}

/// Restarts as if nobody had lived on.
struct ResumesInsteadOfReturning: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ input: Dispatcher.Input) -> [Dispatcher.Input] {
        if case .fact(.coordinatorRestarted(let run, _)) = input { [.fact(.runResumed(run: run))] } else { [input] }
    }
}

/// Commits the last step once more when it has been started again.
struct CommitsAgain: Mutant {
    var real: Dispatcher
    init(_ real: Dispatcher) { self.real = real }
    mutating func bend(_ output: Dispatcher.Output) -> [Dispatcher.Output] {
        guard case .record(.coordinatorRestarted(let id, _), _) = output, let run = real.coordinator.run,
            run.committed > 0
        else { return [output] }
        let report = StepReport(
            step: run.committed, loss: 2.5, gradientNorm: 1.5, learningRate: 1e-3, tokens: 8, profile: StepProfile())
        return [
            output,
            .record(
                .stepContributed(run: id, generation: run.generation, report: report),
                [.commit(run: id, generation: run.generation, step: run.committed)]),
        ]
    }
}
