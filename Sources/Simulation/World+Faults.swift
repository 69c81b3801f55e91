// How each kind of fault strikes the simulated world. Victims are picked by the fault's own number among those there
// are, so that taking one fault out of a schedule changes the victims of no other. Refuses to spare the control plane.

import ControlPlane
import Messages
import Primitives

extension World {
    /// `fault` strikes, if there is something for it to break.
    mutating func strike(_ fault: Fault) throws(Broken) {
        let hasStruck: Bool
        switch fault.kind {
        case .crash, .silentCrash, .crashInWrite, .crashInRestore, .pause, .hang, .straggler, .wrongSum, .notANumber,
            .partition,
            .deafCoordinator, .deafWorker, .peerPartition, .brokenPeers, .brokenConnection:
            guard let process = victim(fault) else { return }
            tell("FAULT \(fault.kind.rawValue) of process \(process) for \(fault.span)")
            hasStruck = true
            strike(fault, process: process)
        case .memoryFlip:
            guard let process = victimOfFlip(fault) else { return }
            tell("FAULT memory-flip in process \(process)")
            hasStruck = true
            processes[process - 1].trainer?.flip(fault.target >> 32)
            witness.isTainted = true
        case .nodeLoss:
            let isAbroad = fault.target % 2 == 1
            hasStruck = alive > 0
            for index in processes.indices where processes[index].isAlive && (processes[index].place != nil) == isAbroad
            {
                end(index + 1, .signalled(9), isNoticed: !isAbroad)
            }
        case .coordinatorCrash, .coordinatorRestart:
            guard isUp else { return }
            hasStruck = true
            (crashAfter, keepsLastRecord) = (fault.amount - 1, fault.target % 2 == 1)
            crashTakesAgent = fault.kind == .coordinatorCrash
        case .blackout:
            hasStruck = true
            try losePower(fault)
        case .badStart:
            hasStruck = true
            badStarts = 1 + fault.amount % 4
        case .badSpare:
            hasStruck = true
            badSpares = 1
        case .slowNetwork, .loss, .duplication, .reordering:
            hasStruck = true
            noise = (fault.kind, now + fault.span, Double(fault.amount) / 40)
        case .diskFull, .diskError, .slowDisk, .bitFlip: hasStruck = strikeDisk(fault)
        case .interrupt:
            guard currentRun?.isOver == false else { return }
            hasStruck = true
            try decide(.fact(.interruptRequested(run: run, because: "a user asked")))
        case .resize:
            guard let event = resizing(fault) else { return }
            hasStruck = true
            try decide(.fact(event))
        case .stranger:
            hasStruck = isUp
            try speakAsStranger(fault)
        }
        guard hasStruck else { return }
        tell("FAULT \(fault)")
        figures.struck[FaultKind.allCases.firstIndex(of: fault.kind)!] += 1
    }

    /// Another size, and slots to be given up: no more of them than leave enough for it.
    private func resizing(_ fault: Fault) -> Event? {
        guard isUp, let run = currentRun, !run.isOver else { return nil }
        let all = schedule.supervisedSlots + schedule.externalWorkers
        let workers = 1 + Int(fault.target % UInt64(min(all, schedule.plan.microBatches)))
        let slots = control.coordinator.pool.slots.map(\.worker)
        let count = min(slots.count, Int((fault.target >> 8) % UInt64(all - workers + 1)))
        let leaving = (0..<count).map { slots[(Int(fault.target >> 32) + $0) % slots.count] }
        return .resized(run: self.run, workers: workers, leaving: leaving)
    }

    /// The process that the fault strikes: one that lives.
    private mutating func victim(_ fault: Fault) -> Int? {
        guard alive > 0 else { return nil }
        let living = processes.indices.filter { processes[$0].isAlive }
        return living[Int(fault.target % UInt64(living.count))] + 1
    }

    /// The process that a flip strikes: one that holds a state, beside others that do, while no other state is corrupt.
    /// Of two that are corrupt at once, or of one alone, no comparison can say who is right.
    private func victimOfFlip(_ fault: Fault) -> Int? {
        let holders = processes.indices.filter { processes[$0].isAlive && processes[$0].trainer?.applied != nil }
        guard holders.count > 1, !holdsCorruptState else { return nil }
        return holders[Int(fault.target % UInt64(holders.count))] + 1
    }

    /// Whether some process, checkpoint or write holds a state that a run without faults never has, or a sum that leads to
    /// one: what a corrupt member added to a step outlives it.
    var holdsCorruptState: Bool {
        func isCorrupt(_ state: UInt64, _ step: Int) -> Bool { state != witness.history.states[step] }
        return processes.contains { process in
            guard process.isAlive else { return false }
            if let write = process.write, isCorrupt(write.state, write.step) { return true }
            guard let trainer = process.trainer, let applied = trainer.applied else { return false }
            if let next = trainer.prospect, isCorrupt(next.state, next.step) { return true }
            return isCorrupt(trainer.state, applied)
        } || disk.entries.contains { isCorrupt($0.state, $0.step) }
    }

    private mutating func strike(_ fault: Fault, process: Int) {
        let index = process - 1
        let until = now + fault.span
        switch fault.kind {
        case .crash: end(process, .signalled(9))
        case .silentCrash: end(process, .signalled(9), isNoticed: false)
        case .crashInWrite: processes[index].diesInWrite = true
        case .crashInRestore: processes[index].diesInRestore = true
        case .pause: processes[index].pausedUntil = max(processes[index].pausedUntil, until)
        case .hang: processes[index].hungUntil = max(processes[index].hungUntil, until)
        case .straggler:
            (processes[index].slowUntil, processes[index].slowness) = (until, 1 + fault.amount)
            processes[index].wasSlow = true
        case .wrongSum: processes[index].trainer?.corruption = fault.target | 1 << 63
        case .notANumber: processes[index].trainer?.isNotANumber = true
        case .partition:
            processes[index].muteUntil = max(processes[index].muteUntil, until)
            processes[index].deafUntil = max(processes[index].deafUntil, until)
        case .deafCoordinator: processes[index].muteUntil = max(processes[index].muteUntil, until)
        case .deafWorker: processes[index].deafUntil = max(processes[index].deafUntil, until)
        case .peerPartition: processes[index].isolatedUntil = max(processes[index].isolatedUntil, until)
        case .brokenPeers: processes[index].losesSumsUntil = until
        case .brokenConnection:
            guard processes[index].connection != nil else { return }
            // The worker's side sees it first now and then: then its new greeting comes before the old connection's end.
            disconnect(process, isNoticed: fault.target % 2 == 0)
            queue.add(.connects(process: process), at: now + .milliseconds(Int64(fault.amount * 10)))
        default: preconditionFailure("\(fault.kind) strikes no single process")
        }
    }

    private mutating func losePower(_ fault: Fault) throws(Broken) {
        disk.losePower(fault.target)
        if isUp { try coordinatorDies(before: [], withAgent: true) } else if isAgentUp { agentDies() }
        for index in processes.indices where processes[index].isAlive { end(index + 1, .signalled(9)) }
    }

    private mutating func strikeDisk(_ fault: Fault) -> Bool {
        switch fault.kind {
        case .diskFull: diskFullUntil = now + fault.span
        case .diskError: diskErrorUntil = now + fault.span
        case .slowDisk: diskSlowUntil = now + fault.span
        default: return disk.flip(fault.target) != nil
        }
        return true
    }

    /// Somebody without a session says what a member would say.
    private mutating func speakAsStranger(_ fault: Fault) throws(Broken) {
        let nobody = ConnectionID(1_000_000 + fault.amount)
        let generation = witness.generation
        let incarnation = Incarnation(1 + fault.amount % 3)
        let messages: [WorkerMessage] = [
            .heartbeat, .formed(generation: generation), .goodbye(reason: "it is a stranger"),
            .contributed(
                generation: generation, step: witness.committed + 1, losses: [2.5], gradientNorm: 1.5,
                times: StepTimes(
                    compute: .zero, exchange: .zero, update: .zero, snapshot: .zero, evaluation: .zero), stateHash: nil),
            .hashed(generation: generation, step: witness.committed, hash: StateHash(fault.target)),
            .checkpointWritten(
                generation: generation, step: witness.committed, weightsSHA256: "0", size: ByteCount(1), took: .zero),
        ]
        let before = journal.count
        witness.speaker = 0
        try decide(
            .message(messages[Int(fault.target % UInt64(messages.count))], from: nobody, incarnation: incarnation))
        guard journal.count == before else { throw Broken(.fencing, "a stranger's word is in the journal") }
    }
}
