// Worker processes in the simulated world: how they start and end, what they hear, and what their training comes to.
// Refuses decisions: a worker does what the live one does.

import ControlPlane
import Messages
import Primitives

extension World {
    // MARK: Beginning and end

    mutating func startProcess(wanted: WorkerID?, node: NodeID, place: Int?) {
        let tolerance = schedule.job.faultTolerance
        let process = processes.count + 1
        processes.append(
            SimulatedProcess(
                id: process, wanted: wanted, node: node, place: place, agent: place == nil ? agent : nil,
                lease: tolerance.lease, heartbeat: tolerance.heartbeatInterval, lastHeard: now))
        alive += 1
        let ready = now + TimeSpan(nanoseconds: schedule.startTime.nanoseconds / 2) + some(schedule.startTime)
        tell("process \(process) starts for \(wanted?.description ?? "any slot of \(node)")")
        guard badStarts == 0 else {
            badStarts -= 1
            end(process, .exited(code: 127))
            return
        }
        queue.add(.connects(process: process), at: ready)
        queue.add(.beats(process: process), at: ready + tolerance.heartbeatInterval)
        processes[process - 1].lastHeard = ready
    }

    /// A random part of `span`, in steps of a nanosecond.
    mutating func some(_ span: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(work.next() % UInt64(max(1, span.nanoseconds))))
    }

    /// A process ends. Its supervisor learns how; whatever looks after an external one starts another.
    mutating func end(_ process: Int, _ how: LossCause, isNoticed: Bool = true) {
        let index = process - 1
        guard processes[index].isAlive else { return }
        tell("process \(process) \(how.sentence)")
        processes[index].isAlive = false
        alive -= 1
        if !isNoticed { expectDetection(of: process) }
        disconnect(process, isNoticed: isNoticed)
        if let place = processes[index].place {
            queue.add(.externalStarts(place: place), at: now + .milliseconds(500) + some(.seconds(Int64(2))))
        } else {
            let learns = now + .microseconds(300) + some(.milliseconds(5))
            queue.add(.processEnded(process: process, how), at: learns)
        }
    }

    /// The agent learns of the end of a process that it started, and tells the coordinator if there is one.
    mutating func reap(_ process: Int, _ how: LossCause) throws(Broken) {
        processes[process - 1].isReaped = true
        guard isAgentUp, processes[process - 1].agent == agent, let worker = processes[process - 1].wanted else {
            return
        }
        try decide(.processEnded(worker: worker, processID: process, how: how))
    }

    /// The slots in which the agent has a process, as far as it knows.
    var livingSlots: [WorkerID] {
        let here = processes.filter { $0.agent == agent && !$0.isReaped }.compactMap(\.wanted).sorted()
        return here.enumerated().filter { $0.offset == 0 || here[$0.offset - 1] != $0.element }.map(\.element)
    }

    mutating func endSupervised(by agent: Int, _ how: LossCause) {
        for index in processes.indices where processes[index].isAlive && processes[index].agent == agent {
            end(index + 1, how)
        }
    }

    // MARK: The listening thread

    mutating func beat(_ process: Int) {
        let index = process - 1
        guard processes[index].isAlive else { return }
        if processes[index].pausedUntil > now {
            queue.add(.beats(process: process), at: processes[index].pausedUntil)
            return
        }
        if now - processes[index].lastHeard >= processes[index].lease, promises.workersEnd {
            end(process, .left("nothing was heard from the coordinator"))
            return
        }
        let incarnation = processes[index].incarnation
        if processes[index].isWelcomed {
            let progress = processes[index].trainer?.progress(done: processes[index].microBatchesDone(at: now))
            sendUp(progress.map { .progress($0) } ?? .heartbeat, from: process, as: incarnation)
        }
        queue.add(.beats(process: process), at: now + processes[index].heartbeat)
    }

    mutating func hear(_ message: CoordinatorMessage, process: Int) throws(Broken) {
        let index = process - 1
        processes[index].lastHeard = now
        if case .heartbeat = message { return }
        tell("process \(process) hears \(message.sentence)")
        switch message {
        case .welcome(let worker, let incarnation, _, _, _, let heartbeat, let lease):
            processes[index].worker = worker
            processes[index].incarnation = incarnation
            (processes[index].heartbeat, processes[index].lease) = (heartbeat, lease)
            processes[index].isWelcomed = true
            sayHeld(process)
            if processes[index].trainer == nil {
                processes[index].trainer = SimulatedTrainer(
                    steps: schedule.plan.steps, stateHashInterval: schedule.plan.stateHashInterval, promises: promises)
            }
            if badSpares > 0 {
                badSpares -= 1
                sendUp(.goodbye(reason: "its data cannot be read"), from: process, as: incarnation)
            }
        case .refuse: end(process, .exited(code: 8))
        case .exit: if promises.workersEnd { end(process, .exited(code: 0)) }
        case .form, .begin, .saveCheckpoint, .evaluate, .compare, .commit, .abort:
            try checkToldOfEnd(message, process)
            if case .form = message { processes[index].lastReceipt = nil }
            processes[index].trainer?.take(message, &effects)
            try carryOutEffects(of: process)
        case .heartbeat, .suffer: break  // Drills are the live world's; here the schedule strikes.
        }
    }

    /// A worker that is called into a gang has been told of the end of the one it works for; or it would wait for ever
    /// for sums that never come.
    private func checkToldOfEnd(_ message: CoordinatorMessage, _ process: Int) throws(Broken) {
        guard case .form(let generation, let rank, let members, _, _, _, _, _) = message,
            let membership = processes[process - 1].trainer?.membershipAtWork,
            processes[process - 1].isStillMember(of: membership), !hasLostMessages
        else { return }
        throw Broken(
            .fencing,
            "\(members[rank].worker) is called into generation \(generation), and was not told of the end of "
                + "\(membership.generation)")
    }

    /// Whether the schedule breaks the promises of the transport at some time.
    private var hasLostMessages: Bool { schedule.faults.contains { !$0.kind.isRecoverable } }

    // MARK: The training thread

    mutating func workEnds(_ process: Int) throws(Broken) {
        let index = process - 1
        guard processes[index].isAlive, processes[index].trainer != nil else { return }
        let stands = max(processes[index].pausedUntil, processes[index].hungUntil)
        if stands > now {
            queue.add(.workEnds(process: process), at: stands)
            return
        }
        if processes[index].diesInRestore, processes[index].trainer!.isRestoring {
            end(process, .signalled(9))
            return
        }
        let reading = processes[index].trainer!.reading
        let found = reading.map { disk.read($0, verifying: promises.readersVerify) } ?? stateFromSource(of: process)
        processes[index].trainer!.workEnds(found, &effects)
        try carryOutEffects(of: process)
    }

    /// What the member that `process` takes its state from would give it: nothing while it has not formed itself.
    private func stateFromSource(of process: Int) -> SimulatedDisk.Reading? {
        guard let fetch = processes[process - 1].trainer?.fetching, let number = Int(fetch.source.endpoint),
            processes.indices.contains(number - 1)
        else { return nil }
        let source = processes[number - 1]
        guard source.isAlive,
            max(source.pausedUntil, source.hungUntil, source.isolatedUntil, source.losesSumsUntil) <= now,
            let trainer = source.trainer, trainer.membership?.generation == fetch.generation,
            trainer.applied == fetch.step
        else { return nil }
        return .state(trainer.state)
    }

    mutating func receive(
        _ process: Int, _ generation: Generation, step: Int, rank: Int, _ value: UInt64
    ) throws(Broken) {
        let index = process - 1
        guard processes[index].isAlive, processes[index].trainer != nil else { return }
        if processes[index].losesSumsUntil > now { return }
        let open = max(processes[index].isolatedUntil, processes[index].pausedUntil, processes[index].hungUntil)
        if open > now {
            queue.add(.sum(process: process, generation, step: step, rank: rank, value), at: open)
            return
        }
        processes[index].trainer!.receive(generation, step: step, rank: rank, value, &effects)
        try carryOutEffects(of: process)
    }

    mutating func carryOutEffects(of process: Int) throws(Broken) {
        let index = process - 1
        var done = 0
        while true {
            if done == effects.count {
                guard processes[index].write == nil, processes[index].trainer?.needsWriter ?? false else { break }
                processes[index].trainer!.writerIsFree(&effects)
                guard done < effects.count else { break }
            }
            let effect = effects[done]
            done += 1
            switch effect {
            case .say(let message): try say(message, process)
            case .share(let generation, let step, let sum): share(generation, step, sum, process)
            case .work(let work):
                let ends = now + time(of: work, process)
                if case .compute(let count) = work { processes[index].computes = (now, ends, max(1, count)) }
                queue.add(.workEnds(process: process), at: ends)
            case .applied(let generation, let step, let state):
                tell("process \(process) has applied step \(step)")
                try witness.applied(processes[index].slot, generation, step: step, state: state)
            case .save(let generation, let step, let state): try save(generation, step, state, process)
            }
        }
        effects.removeAll(keepingCapacity: true)
    }

    private mutating func say(_ message: WorkerMessage, _ process: Int) throws(Broken) {
        let sender = processes[process - 1]
        let trainer = sender.trainer!
        switch message {
        case .formed(let generation):
            try witness.formed(process, generation, state: trainer.state, step: trainer.applied ?? 0)
        case .contributed(let generation, let step, _, _, _, _, _):
            witness.contributed(
                process, generation, step: step, batches: trainer.consumed, state: trainer.computedFrom)
        default: break
        }
        tellCoordinator(timed(message, sender), process)
    }

    /// Says `message` as soon as a coordinator knows the process.
    private mutating func tellCoordinator(_ message: WorkerMessage, _ process: Int) {
        let index = process - 1
        if case .checkpointWritten = message { processes[index].lastReceipt = message }
        if processes[index].isWelcomed {
            sendUp(message, from: process, as: processes[index].incarnation)
        } else {
            processes[index].unsaid.append(message)
        }
    }

    /// What was held back is said; before it, again, the last word of a checkpoint.
    private mutating func sayHeld(_ process: Int) {
        let index = process - 1
        var held: [WorkerMessage] = []
        swap(&held, &processes[index].unsaid)
        if let receipt = processes[index].lastReceipt, !held.contains(receipt) { held.insert(receipt, at: 0) }
        for message in held { sendUp(message, from: process, as: processes[index].incarnation) }
    }

    /// A contribution with the time that its own micro-batches took.
    private func timed(_ message: WorkerMessage, _ sender: SimulatedProcess) -> WorkerMessage {
        guard
            case .contributed(let generation, let step, let losses, let norm, var times, let hash, let salvage) =
                message,
            let computes = sender.computes, let membership = sender.trainer?.membership
        else { return message }
        let each = (computes.until - computes.from).nanoseconds / Int64(computes.count)
        times.compute = TimeSpan(nanoseconds: each * Int64(membership.part.count - salvage.kept))
        return .contributed(
            generation: generation, step: step, losses: losses, gradientNorm: norm, times: times, stateHash: hash,
            salvage: salvage)
    }

    private mutating func share(_ generation: Generation, _ step: Int, _ sum: UInt64, _ process: Int) {
        guard let membership = processes[process - 1].trainer?.membership, processes[process - 1].losesSumsUntil <= now
        else { return }
        for (rank, member) in membership.members.enumerated() where rank != membership.rank {
            guard let other = Int(member.endpoint), processes.indices.contains(other - 1) else { continue }
            let sent = max(now, processes[process - 1].isolatedUntil)
            queue.add(
                .sum(process: other, generation, step: step, rank: membership.rank, sum), at: sent + delay())
        }
    }

    private mutating func time(of work: SimulatedTrainer.Work, _ process: Int) -> TimeSpan {
        let worker = processes[process - 1]
        switch work {
        case .restore:
            guard worker.trainer?.reading != nil else { return .milliseconds(1) }
            return (schedule.diskTime + some(schedule.diskTime)) * (now < diskSlowUntil ? 10 : 1)
        case .compute(let microBatches):
            let each = schedule.microBatchTime + some(TimeSpan(nanoseconds: schedule.microBatchTime.nanoseconds / 4))
            return each * Int64(microBatches * (now < worker.slowUntil ? worker.slowness : 1))
        }
    }

    // MARK: The checkpoint writer

    private mutating func save(_ generation: Generation, _ step: Int, _ state: UInt64, _ process: Int) throws(Broken) {
        processes[process - 1].write = Write(generation: generation, step: step, state: state)
        if !promises.writersPublishWhole { disk.publish(step, state, of: generation, damage: .torn) }
        queue.add(.writes(process: process), at: now + diskDelay())
        try checkNames()
    }

    private mutating func diskDelay() -> TimeSpan {
        (schedule.diskTime + some(schedule.diskTime)) * (now < diskSlowUntil ? 10 : 1)
    }

    mutating func write(_ process: Int) throws(Broken) {
        let index = process - 1
        guard processes[index].isAlive, let write = processes[index].write else { return }
        if processes[index].pausedUntil > now {
            queue.add(.writes(process: process), at: processes[index].pausedUntil)
            return
        }
        if processes[index].diesInWrite, write.isPublished || work.next() % 2 == 0 {
            end(process, .signalled(9))
            return
        }
        if let reason = diskFailure {
            finishWrite(
                process, .checkpointFailed(generation: write.generation, step: write.step, reason: reason))
        } else if write.isPublished {
            disk.sync(write.step)
            finishWrite(process, told(write))
        } else {
            disk.publish(write.step, write.state, of: write.generation)
            processes[index].write!.isPublished = true
            if !promises.writersSync { tellCoordinator(told(write), process) }
            queue.add(.writes(process: process), at: now + diskDelay())
        }
        try checkNames()
        if processes[index].isAlive, processes[index].write == nil {
            processes[index].trainer?.writerIsFree(&effects)
            try carryOutEffects(of: process)
        }
    }

    /// A name stands for a whole checkpoint, unless the power was lost.
    private func checkNames() throws(Broken) {
        guard let half = disk.entries.first(where: { $0.damage == .torn && !$0.lostPower }) else { return }
        throw Broken(.checkpoints, "the checkpoint of step \(half.step) has its name and is not whole")
    }

    private func told(_ write: Write) -> WorkerMessage {
        .checkpointWritten(
            generation: write.generation, step: write.step, weightsSHA256: String(write.state, radix: 16),
            size: ByteCount(1_000), took: schedule.diskTime)
    }

    private mutating func finishWrite(_ process: Int, _ message: WorkerMessage) {
        processes[process - 1].write = nil
        tellCoordinator(message, process)
    }

    private var diskFailure: String? {
        if now < diskFullUntil { return "no space left on the device" }
        return now < diskErrorUntil ? "input/output error" : nil
    }
}

extension CoordinatorMessage {
    /// The message for a story.
    fileprivate var sentence: String {
        switch self {
        case .welcome(let worker, let incarnation, _, _, _, _, _): "welcome, \(worker)#\(incarnation)"
        case .refuse(let reason): "refused: \(reason)"
        case .form(let generation, let rank, _, let restore, let transfers, _, _, _):
            "form \(generation) as rank \(rank) from step \(restore)"
                + (transfers?.first { $0.receiver == rank }.map { " of rank \($0.source)" } ?? "")
        case .begin(let generation): "begin \(generation)"
        case .saveCheckpoint(let generation, let step): "save after step \(step) of \(generation)"
        case .evaluate(let generation, let step): "evaluate after step \(step) of \(generation)"
        case .compare(let generation, let step): "compare after step \(step) of \(generation)"
        case .commit(let generation, let step): "commit step \(step) of \(generation)"
        case .abort(let generation, let reason): "abort \(generation): \(reason)"
        case .exit(let reason): "exit: \(reason)"
        case .heartbeat: "heartbeat"
        case .suffer(let affliction): "suffer \(affliction)"
        }
    }
}
