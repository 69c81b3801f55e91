// The control plane's one way in and one way out: `handle` takes a fact and an instant and returns what the world shall
// do, in order. The same value drives real processes and simulated ones, and folding a journal's events over a new one
// gives the state the old one had. Refuses clocks, sockets, files and randomness.

import Primitives

/// The state of the control plane: the pool of workers and the run they carry out.
public struct Coordinator: Equatable, Sendable {
    /// The workers there are.
    public private(set) var pool = Pool()
    /// The run, once one is submitted.
    public private(set) var run: Run?

    /// A control plane with no worker and no run.
    public init() {}

    /// Takes `event`, which happened at `now`, and returns what is to be done about it, in order.
    /// - Precondition: the event is possible: it speaks of the submitted run, and of workers that have joined.
    public mutating func handle(_ event: Event, at now: Instant) -> [Command] {
        var commands: [Command] = []
        switch event {
        case .jobSubmitted(let id, let plan):
            precondition(run == nil, "a second run, \(id), was submitted")
            run = Run(id: id, plan: plan)
        case .runResumed(let id):
            precondition(run?.id == id, "the unknown run \(id) was resumed")
            pool.vacateAll()
            commands = run!.resumed(at: now)
        case .coordinatorRestarted(let id, let living):
            commands = restarted(id, living: living, at: now)
        case .workerReturned(let worker, let incarnation, _):
            guard pool.takeBack(worker, incarnation) else { break }
            commands.append(.welcome(worker: worker, incarnation: incarnation))
        case .slotsOffered(let node, let slots):
            pool.offer(node: node, count: slots)
        case .workerJoined(let wanted, let node, let processID, let numerics):
            commands = join(wanted, node: node, processID: processID, numerics: numerics, at: now)
        case .workerLost(let worker, let incarnation, let how):
            guard pool.holds(worker, incarnation) else { break }
            pool.vacate(worker)
            commands = run?.lost(worker, incarnation, how, at: now) ?? []
        case .nodesLost(let nodes, let how):
            let losses = pool.vacate(nodes)
            commands = run?.lost(losses, how, at: now) ?? []
        case .workerStartFailed(let worker, let how):
            guard case .starting = pool[worker]?.occupant else { break }
            pool.fail(worker, at: now)
            commands = run?.startFailed(worker, how, at: now) ?? []
        case .memberFormed(let worker, let incarnation, let generation):
            commands = run?.formed(worker, incarnation, generation) ?? []
        case .gangFormed(_, let generation):
            commands = run?.formed(generation) ?? []
        case .restoreFailed(let worker, let incarnation, let generation, let step, let reason):
            commands = run?.restoreFailed(worker, incarnation, generation, step: step, reason, at: now) ?? []
        case .stepContributed(_, let generation, let report):
            commands = run?.contributed(generation, report) ?? []
            if let regroup = run?.regroupIfPossible(on: pool) { commands.append(regroup) }
        case .stepsCommitted(_, let generation, let report):
            commands = run?.contributed(generation, report) ?? []
            if let regroup = run?.regroupIfPossible(on: pool) { commands.append(regroup) }
        case .replicasDisagree(_, let generation, let step, let norms):
            commands = run?.disagreed(generation, step: step, norms: norms, at: now) ?? []
        case .statesDiffer(_, let generation, let step, let hashes):
            commands = run?.statesDiffer(generation, step: step, hashes: hashes) ?? []
        case .stragglerFound(_, let generation, let report):
            commands = run?.straggling(generation, report, pool) ?? []
        case .statesAgree(_, let generation, let step, _):
            commands = run?.statesAgree(generation, step: step) ?? []
        case .stepNotFinite(_, let generation, let step, let suspects):
            commands = run?.notFinite(generation, step: step, suspects: suspects) ?? []
        case .evaluated(_, let generation, let step, _):
            commands = run?.evaluated(generation, step: step) ?? []
        case .checkpointWritten(_, let generation, let step, let digest, _, _):
            commands = run?.checkpointWritten(generation, step: step, weightsSHA256: digest) ?? []
        case .checkpointFailed(_, let generation, let step, let reason):
            commands = run?.checkpointFailed(generation, step: step, reason) ?? []
        case .faultInjected:
            break  // A drill is recorded, and met like any accident.
        case .resized(_, let workers, let leaving): run?.resized(to: workers, leaving: leaving)
        case .interruptRequested:
            commands = run?.interrupt() ?? []
        case .deadlineReached: commands = overdue(at: now)
        }
        for case .evict(let worker, _) in commands { pool.dismiss(worker) }
        proceed(at: now, &commands)
        checkInvariants(after: event)
        return commands
    }

    /// When the control plane wants `deadlineReached`, if nothing else happens before.
    public var nextDeadline: Instant? {
        guard let run, !run.isOver else { return nil }
        let overdue = [pool.earliestStart, run.formingSince].compactMap { $0 }.min()
            .map { $0 + run.plan.formationLimit }
        return [overdue, run.needsWorkers ? pool.earliestRetry : nil].compactMap { $0 }.min()
    }

    private mutating func restarted(_ id: RunID, living: [WorkerID], at now: Instant) -> [Command] {
        precondition(run?.id == id && run?.isOver == false, "the coordinator of \(id), which does not go on, is back")
        return run!.coordinatorRestarted(without: pool.coordinatorRestarted(living: living, at: now))
    }

    private mutating func join(
        _ wanted: WorkerID?, node: NodeID, processID: Int, numerics: String, at now: Instant
    ) -> [Command] {
        if let refusal { return [refusal] }
        guard node.isWord, wanted?.node.isWord ?? true else {
            return [.refuse(because: "a node's name has letters, digits, '.', '-' and '_' only; '\(node)' has not")]
        }
        let worker = pool.address(wanted: wanted, node: node)
        if case .starting(_, isDismissed: true) = pool[worker]?.occupant {
            return [.refuse(because: "the process for \(worker) did not join in time")]
        }
        var commands: [Command] = []
        if let before = pool.resident(of: worker) {
            // The address has a new process before the old one's end was noticed.
            pool.vacate(worker)
            commands += run?.lost(worker, before, .replaced, at: now) ?? []
            if let refusal { return commands + [refusal] }  // The loss may have been the run's last.
        }
        let incarnation = pool.join(worker, numerics: InternedText(numerics), processID: processID)
        commands.append(.welcome(worker: worker, incarnation: incarnation))
        return commands
    }

    /// What a process that wants to join is told when nobody may.
    private var refusal: Command? {
        run?.isOver == true ? .refuse(because: "the run \(run!.id) is over") : nil
    }

    /// What follows from the state alone: empty slots are filled, and a run without a gang gets one if there is one.
    private mutating func proceed(at now: Instant, _ commands: inout [Command]) {
        guard run?.isOver == false else { return }
        for worker in pool.startable(retrying: run!.needsWorkers, at: now) {
            pool.starting(worker, at: now)
            commands.append(.startWorker(worker))
        }
        if let command = run!.formIfPossible(from: &pool, at: now) { commands.append(command) }
    }

    private mutating func overdue(at now: Instant) -> [Command] {
        guard run?.isOver == false else { return [] }
        let limit = now + TimeSpan.zero - run!.plan.formationLimit
        let late = pool.overdue(startedBefore: limit)
        let commands = late.map {
            Command.evict($0, because: "its process did not join within \(run!.plan.formationLimit)")
        }
        for worker in late { pool.dismissStarting(worker, at: now) }  // Its end is told by the supervisor.
        let hanging = run!.missingMembers(formingSince: limit)
        for worker in hanging { pool.dismiss(worker) }  // Or the next gang would be formed with them.
        return commands + run!.formationOverdue(hanging, at: now)
    }

    private mutating func checkInvariants(after event: Event) {
        run?.checkInvariants()
        switch event {
        // Progress touches no slot, and the gang at most ends; there are thousands of these to each of the others.
        case .stepContributed, .stepsCommitted, .evaluated, .checkpointWritten, .checkpointFailed, .memberFormed,
            .gangFormed:
            break
        default: run?.checkMembers(pool)
        }
    }
}
