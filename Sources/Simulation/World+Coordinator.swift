// The coordinator's process in the simulated world: it decides, makes records durable, carries out what follows, and may
// die between any two of those. Its user starts it again. Refuses to change what the control plane says.

import ControlPlane
import Journaling
import Messages
import Primitives

extension World {
    /// A coordinator process starts: with a new run, or with what the journal of the last one leads to. A user starts
    /// another agent; an agent starts nothing when it has died meanwhile.
    mutating func coordinatorStarts(by starter: Int?) throws(Broken) {
        guard !isUp, doneAt == nil else { return }
        if let starter { guard isAgentUp, starter == agent else { return } }
        let coordinator: Coordinator
        do { coordinator = try replay(journal) } catch {
            throw Broken(.journal, "the journal cannot be replayed: \(error)")
        }
        if let expected, expected != coordinator {
            throw Broken(.journal, "the journal does not lead to the state that the coordinator died with")
        }
        if let run = coordinator.run, case .over(.completed) = run.phase {
            // The last one died after the final record: there is nothing to resume.
            (outcome, doneAt) = (.completed, now)
            if isAgentUp { agentDies() }
            return
        }
        if starter != nil, coordinator.run?.isOver == true { return agentDies() }  // It says how the run ended.
        if starter == nil { (agent, isAgentUp) = (agent + 1, true) }
        epoch += 1
        (waking, outcome) = (nil, nil)
        isUp = true
        control = Control(
            job: schedule.job, assignment: Dispatcher.Assignment(run: run, folder: "", job: []),
            coordinator: coordinator)
        let (number, count) = (epoch, journal.count)
        tell("coordinator \(number) starts from \(count) records")
        try decide(.fact(beginning(after: coordinator, isRestart: starter != nil)))
        if schedule.supervisedSlots > 0 {
            try decide(.fact(.slotsOffered(node: home, slots: schedule.supervisedSlots)))
        }
    }

    /// What the new coordinator is told first. Workers of before may live where their agent does, or where nobody
    /// supervises any.
    private mutating func beginning(after coordinator: Coordinator, isRestart: Bool) -> Event {
        guard let before = coordinator.run else { return .jobSubmitted(run: run, plan: schedule.plan) }
        guard !before.isOver, isRestart || schedule.supervisedSlots == 0 else {
            witness.coordinatorIsBack { _ in false }
            return .runResumed(run: run)
        }
        let alive = processes.map(\.isAlive)
        witness.coordinatorIsBack { alive[$0 - 1] }
        return .coordinatorRestarted(run: run, living: livingSlots)
    }

    /// Tells the control plane what happened, and carries out what it asks for.
    mutating func decide(_ input: Dispatcher.Input) throws(Broken) {
        guard isUp else { return }
        var outputs = control.handle(input, at: now)
        if !promises.journalComesFirst { outputs = outputs.filter { !$0.isRecord } + outputs.filter(\.isRecord) }
        for (index, output) in outputs.enumerated() {
            if let left = crashAfter {
                crashAfter = left - 1
                if left <= 0 {
                    try coordinatorDies(before: outputs[index...], withAgent: crashTakesAgent)
                    return
                }
            }
            try carryOut(output)
        }
        armWake()
    }

    private mutating func carryOut(_ output: Dispatcher.Output) throws(Broken) {
        switch output {
        case .record(let event, let commands): try record(event, commands)
        case .send(let message, let connection, let incarnation): sendDown(message, connection, incarnation)
        case .startProcess(let worker):
            // A supervisor ends what still lives in the slot.
            for index in processes.indices where processes[index].wanted == worker && processes[index].isAlive {
                end(index + 1, .signalled(9))
            }
            startProcess(wanted: worker, node: worker.node, place: nil)
        case .killProcess(let worker):
            for index in processes.indices where processes[index].wanted == worker && processes[index].isAlive {
                end(index + 1, .signalled(9))
            }
        case .deleteCheckpoint(let step):
            if now >= diskErrorUntil { disk.delete(step) }
        case .dropped: break
        case .finished(let outcome): finish(outcome)
        }
    }

    private mutating func record(_ event: Event, _ commands: [Command]) throws(Broken) {
        let record = Record(
            sequence: journal.count + 1, at: now, wallNanoseconds: now.nanoseconds, event: event, commands: commands)
        journal.append(record)
        tell(
            "record \(record.sequence) \(event.line.text)"
                + commands.map { "\n             => \($0.line.text)" }.joined())
        try checkBlame(event)
        // What was corrupt may have died or been overwritten meanwhile; then nothing excuses a wrong state any more.
        if witness.isTainted, commands.contains(where: { if case .form = $0 { true } else { false } }) {
            witness.isTainted = holdsCorruptState
        }
        try witness.recorded(record, disk: disk)
    }

    private mutating func finish(_ outcome: Outcome) {
        tell("the run ends: \(outcome.sentence)")
        self.outcome = outcome
        expected = control.coordinator
        isUp = false
        closeAllLinks()
        isAgentUp = false
        queue.add(.agentEnds(agent, .signalled(9)), at: now + .seconds(Int64(5)))
        if outcome == .completed {
            doneAt = now
        } else {
            queue.add(.coordinatorStarts(agent: nil), at: now + schedule.resumeDelay)
        }
    }

    /// The agent is gone, and its processes with it; a user resumes the run.
    mutating func agentDies() {
        isAgentUp = false
        queue.add(.agentEnds(agent, .exited(code: 0)), at: now + .microseconds(300) + some(.milliseconds(5)))
        if doneAt == nil { queue.add(.coordinatorStarts(agent: nil), at: now + schedule.resumeDelay) }
    }

    /// The coordinator dies before it does what is in `undone`. Of a record that was being written it is open whether it
    /// is there. Who is not supervised looks for it, and so does who is, unless the agent dies too.
    mutating func coordinatorDies(before undone: ArraySlice<Dispatcher.Output>, withAgent: Bool) throws(Broken) {
        tell("the coordinator dies")
        crashAfter = nil
        if keepsLastRecord, case .record(let event, let commands) = undone.first { try record(event, commands) }
        let isComplete = !undone.dropFirst(keepsLastRecord ? 1 : 0).contains(where: \.isRecord)
        expected = isComplete ? control.coordinator : nil
        if !promises.journalKeeps { _ = journal.popLast() }
        isUp = false
        closeAllLinks()
        if withAgent { return agentDies() }
        queue.add(.coordinatorStarts(agent: agent), at: now + .milliseconds(5) + some(schedule.restartTime))
    }

    mutating func wake() throws(Broken) {
        guard now == waking else { return }
        waking = nil
        guard isUp, let deadline = control.nextDeadline else { return }
        if deadline <= now { try decide(.timePassed) } else { armWake() }
    }

    private mutating func armWake() {
        guard isUp, let deadline = control.nextDeadline else { return }
        if let waking, waking <= deadline { return }
        waking = max(now, deadline)
        queue.add(.wake, at: max(now, deadline))
    }
}

extension Dispatcher.Output {
    /// Whether it is a record.
    var isRecord: Bool { if case .record = self { true } else { false } }
}
