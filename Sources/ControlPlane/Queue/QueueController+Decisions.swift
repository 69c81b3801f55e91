// How a queue carries out what its scheduler decides. The scheduler takes its decisions as done at once; here a grant
// waits until its slots are empty and the job's last coordinator has ended. Jobs that no machine could hold are kept
// from the scheduler, so that they hold up nobody. Refuses decisions of its own about who goes first.

import Primitives
import Scheduling

extension QueueController {
    /// Lets the scheduler decide, and asks for what can be done of it.
    mutating func decide(at now: Instant, _ commands: inout [QueueCommand]) {
        admit(at: now)
        noteDue(at: now)
        if let due = promised, due <= now {
            for decision in scheduler.decide(at: now) { take(decision, at: now, &commands) }
            promised = nil
            noteDue(at: now)
        }
        vacateOverdue(at: now, &commands)
        for job in 1..<jobs.count + 1 where canBegin(job) { begin(job, at: now, &commands) }
        for job in 1..<jobs.count + 1 { reconcile(job, at: now, &commands) }
        for job in 1..<jobs.count + 1 {
            guard case .stopping(_, let since) = self[job].phase, !self[job].isKilled,
                since + QueueController.stopPatience <= now
            else { continue }
            self[job].isKilled = true
            commands.append(.kill(job: job, stint: self[job].stint))
        }
    }

    private mutating func noteDue(at now: Instant) {
        guard let next = scheduler.nextDecision(after: now) else { return }
        promised = promised.map { min($0, next) } ?? next
    }

    /// Shows the scheduler the jobs that fit the machines there are, and hides those that do not.
    private mutating func admit(at now: Instant) {
        for job in 1..<jobs.count + 1 where !self[job].isOver && !isBeingCancelled(job) {
            let fits = sizes(of: job).lowerBound <= scheduler.largestOpenGang(self[job].submission.demand)
            if fits, self[job].ticket == nil {
                // A reservation is made now; any other order asks when the job came.
                let since = policy.passing == .reserveAll ? now : self[job].submitted
                self[job].ticket = tickets.count
                tickets.append(job)
                let refusal = scheduler.submit(
                    request(for: self[job].submission, submitted: self[job].submitted), at: since,
                    isAdmitted: self[job].isAdmitted)
                precondition(refusal == nil, "a job that there is no objection to and that fits is not refused")
                self[job].isAdmitted = true
            } else if !fits, self[job].grant.isEmpty {
                withdraw(job, at: now)
            }
        }
    }

    private func isBeingCancelled(_ job: Int) -> Bool {
        if case .stopping(because: .cancelled, _) = self[job].phase { true } else { false }
    }

    /// A submission as the scheduler sees it.
    func request(for submission: Submission, submitted: Instant) -> JobRequest {
        var request = JobRequest(gpus: submission.slots, expected: submission.expected)
        request.priority = submission.priority
        request.team = index(ofTeam: submission.team) ?? 0
        request.deadline = submission.deadline.map { submitted + $0 }
        request.demand = submission.demand
        request.range = submission.range
        return request
    }

    private mutating func take(_ decision: Decision, at now: Instant, _ commands: inout [QueueCommand]) {
        switch decision {
        case .start(let ticket, let placement): self[tickets[ticket]].grant = slots(for: placement)
        case .preempt(let ticket):
            let job = tickets[ticket]
            self[job].grant = []
            guard self[job].phase == .running else { return }
            self[job].preemptions += 1
            stop(job, because: .preempted, at: now, &commands)
        case .resize(let ticket, let placement): resize(tickets[ticket], to: placement)
        }
    }

    /// The slots behind the counts of `placement`: of each machine those that nobody else was given, empty ones first.
    private func slots(for placement: Placement) -> [WorkerID] {
        slots(for: placement) { occupant(of: $0) == nil ? 0 : 1 }
    }

    /// The slots behind the counts of `placement`: of each machine those that nobody else was given, the least by `rank`
    /// first.
    func slots(for placement: Placement, preferring rank: (WorkerID) -> Int) -> [WorkerID] {
        placement.shares.flatMap { share -> [WorkerID] in
            guard let node = nodes.first(where: { $0.place == (placement.pool, Int(share.node)) }) else {
                preconditionFailure("the scheduler places on machines that joined")
            }
            let given = jobs.flatMap(\.grant)
            let open = node.occupants.indices.map { WorkerID(node: node.name, slot: $0) }.filter { !given.contains($0) }
            let inOrder = open.sorted { (rank($0), $0) < (rank($1), $1) }
            precondition(inOrder.count >= share.gpus, "\(node.name) has no \(share.gpus) slots to give")
            return inOrder.prefix(Int(share.gpus)).sorted()
        }
    }

    private func canBegin(_ job: Int) -> Bool {
        let state = self[job]
        return state.phase == .waiting && !state.grant.isEmpty && state.grant.allSatisfy { occupant(of: $0) == nil }
            && mayTakeSlots(job)
    }

    /// Who is in `slot`.
    func occupant(of slot: WorkerID) -> QueueNode.Occupant? {
        index(of: slot.node).flatMap { nodes[$0].occupants[slot.slot] }
    }

    private mutating func begin(_ job: Int, at now: Instant, _ commands: inout [QueueCommand]) {
        self[job].stint += 1
        self[job].phase = .running
        self[job].started = now
        self[job].told = self[job].grant.count - self[job].submission.spares
        for slot in self[job].grant {
            guard let node = index(of: slot.node) else { continue }
            nodes[node].occupants[slot.slot] = QueueNode.Occupant(job: job, stint: self[job].stint)
        }
        commands.append(.start(job: job, stint: self[job].stint, slots: self[job].grant))
    }

    /// What holds at all times; a controller that finds it broken stops rather than give a slot to two jobs.
    func checkInvariants() {
        var given: [WorkerID] = []
        for (index, job) in jobs.enumerated() {
            given += job.grant
            precondition(
                job.grant.isEmpty || sizes(of: index + 1).contains(job.grant.count),
                "job \(index + 1) has a part of a gang")
            precondition(
                job.submission.demand != .required(.node) || job.grant.allSatisfy { $0.node == job.grant[0].node },
                "job \(index + 1) was to be on one machine")
            // Who is resized may have slots yet to come.
            guard case .running = job.phase, job.submission.range == nil else { continue }
            precondition(
                job.grant.allSatisfy { occupant(of: $0)?.job == index + 1 }, "job \(index + 1) runs in its slots")
        }
        given.sort()
        precondition(
            zip(given, given.dropFirst()).allSatisfy { $0 != $1 }, "a slot was given to two jobs")
        for team in teams.indices {
            guard let quota = teams[team].quota else { continue }
            let taken = slotsTaken(byTeam: team)
            precondition(taken <= quota, "team \(teams[team].name) is in \(taken) slots of at most \(quota)")
        }
    }
}
