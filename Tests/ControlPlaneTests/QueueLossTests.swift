// What a queue does when a machine is lost under jobs that run: who goes on in other slots, in which ones, who is stopped
// instead, and what is said about it. Refuses the world, as QueueControllerTests does.

import ControlPlane
import Jobs
import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
private let (left, middle, right) = (NodeID("left"), NodeID("middle"), NodeID("right"))

private func job(
    slots: Int, priority: Int = 0, team: String = Team.defaultName, by deadline: Int64? = nil,
    loss: FaultToleranceSpec.WorkerLossPolicy? = .spare
) -> QueueEvent {
    .submitted(
        Submission(
            folder: "runs/a", name: "a", user: "ada", slots: slots, priority: priority,
            expected: .seconds(3_600 as Int64), team: team, deadline: deadline.map { .seconds($0) }, onWorkerLoss: loss)
    )
}

private func slots(_ node: NodeID, _ numbers: Int...) -> [WorkerID] { numbers.map { WorkerID(node: node, slot: $0) } }

/// A queue before three machines with two slots each.
private func queue(_ policy: Policy = .priority, slots: Int = 2, _ teams: Team...) -> QueueController {
    var queue = QueueController(policy: policy, teams: teams)
    for node in [left, middle, right] { _ = queue.handle(.nodeJoined(node, slots: slots), at: at(0)) }
    return queue
}

@Suite("Lost machines of a queue")
struct QueueLossTests {
    @Test(arguments: Policy.all)
    func `a gang that loses a machine goes on in empty slots in the same stint, under every policy`(policy: Policy) {
        var queue = queue(policy)
        _ = queue.handle(job(slots: 4), at: at(0))
        _ = queue.handle(.timePassed, at: at(60))
        #expect(queue[1].grant == slots(left, 0, 1) + slots(middle, 0, 1))
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(70))
                == [.replace(job: 1, stint: 1, lost: slots(left, 0, 1), by: slots(right, 0, 1))])
        #expect(queue[1].phase == .running && queue[1].stint == 1)
        #expect(queue.slots(of: 1) == slots(middle, 0, 1) + slots(right, 0, 1))
        // All of it is vacated when it ends, also what came later.
        #expect(
            queue.handle(.coordinatorEnded(job: 1, stint: 1, how: .exited(code: 0)), at: at(80))
                == [.vacate(job: 1, slots: slots(middle, 0, 1) + slots(right, 0, 1))])
    }

    @Test func `what was replaced is said until the job has saved, and no longer`() {
        var queue = queue()
        _ = queue.handle(job(slots: 4), at: at(0))
        _ = queue.handle(.nodeLost(left, because: "silent"), at: at(1))
        #expect(queue.reason(for: 1, at: at(1)) == .replaced(SlotReplacement(node: left, slots: 2)))
        let row = queue.jobRows(at: at(1), includingEnded: false)[0]
        #expect(row.state == "RUNNING" && row.reason == "Replaced")
        #expect(row.sentence == "it runs; it lost 2 slots with left, and others took their place")
        _ = queue.handle(.saved(job: 1, step: 10), at: at(2))
        #expect(queue.reason(for: 1, at: at(2)) == nil)
    }

    @Test func `a job is stopped when fewer slots are empty than it lost, and says how many`() {
        var queue = queue()
        _ = queue.handle(job(slots: 4), at: at(0))
        _ = queue.handle(job(slots: 1), at: at(0))
        let why = StopReason.nodeLost(left, short: SlotShortage(free: 1, needed: 2))
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(1)) == [.stop(job: 1, stint: 1, because: why)])
        #expect(
            queue.reason(for: 1, at: at(1))?.sentence(at: at(1))
                == "it saves its state because left is gone: it lost 2 slots, and 1 is free in their place")
    }

    @Test(arguments: [.shrink, .fail, nil] as [FaultToleranceSpec.WorkerLossPolicy?])
    func `a gang that would not take another worker is stopped and queued`(loss: FaultToleranceSpec.WorkerLossPolicy?) {
        var queue = queue()
        _ = queue.handle(job(slots: 2, loss: loss), at: at(0))
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(1))
                == [.stop(job: 1, stint: 1, because: .nodeLost(left))])
    }

    @Test func `a slot that somebody is leaving or was promised is not taken`() {
        var queue = queue()
        _ = queue.handle(job(slots: 2), at: at(0))
        _ = queue.handle(job(slots: 2), at: at(0))
        _ = queue.handle(.coordinatorEnded(job: 2, stint: 1, how: .exited(code: 0)), at: at(1))
        _ = queue.handle(.slotEmptied(WorkerID(node: middle, slot: 0)), at: at(2))
        // One of the machine in the middle is empty, and both are promised to the third job; the fourth is right.
        _ = queue.handle(job(slots: 2), at: at(3))
        _ = queue.handle(job(slots: 2), at: at(3))
        #expect(queue.reason(for: 3, at: at(3)) == .awaiting(jobs: [2]))
        let asked = queue.handle(.nodeLost(left, because: "silent"), at: at(4))
        #expect(asked == [.stop(job: 1, stint: 1, because: .nodeLost(left, short: SlotShortage(free: 0, needed: 2)))])
    }

    @Test func `machines that are closed, or of another size, give no slots`() {
        var queue = queue()
        _ = queue.handle(job(slots: 2), at: at(0))
        _ = queue.handle(.cordoned(middle), at: at(1))
        _ = queue.handle(.drained(right, because: "new memory"), at: at(1))
        _ = queue.handle(.nodeJoined(NodeID("large"), slots: 8), at: at(1))
        let asked = queue.handle(.nodeLost(left, because: "silent"), at: at(2))
        #expect(
            asked.first == .stop(job: 1, stint: 1, because: .nodeLost(left, short: SlotShortage(free: 0, needed: 2))))
    }

    @Test func `the gang stays together where it can, and else takes the smallest hole that is large enough`() {
        var queue = queue(slots: 4)
        _ = queue.handle(job(slots: 6), at: at(0))
        #expect(queue[1].grant == slots(left, 0, 1, 2, 3) + slots(middle, 0, 1))
        _ = queue.handle(.nodeJoined(NodeID("spare"), slots: 4), at: at(1))
        #expect(
            queue.handle(.nodeLost(middle, because: "silent"), at: at(2))
                == [.replace(job: 1, stint: 1, lost: slots(middle, 0, 1), by: slots(right, 0, 1))])
        _ = queue.handle(.nodeJoined(middle, slots: 4), at: at(3))
        // Right has two slots beside the gang's own; the other two come from one of the machines that are empty.
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(4))
                == [
                    .replace(
                        job: 1, stint: 1, lost: slots(left, 0, 1, 2, 3),
                        by: slots(right, 2, 3) + slots(middle, 0, 1))
                ])
    }

    @Test func `where there are slots for one only, the more important job has them`() {
        var queue = queue(slots: 4)
        _ = queue.handle(job(slots: 2, priority: 1), at: at(0))
        _ = queue.handle(job(slots: 2, priority: 9), at: at(0))
        _ = queue.handle(job(slots: 4), at: at(0))
        _ = queue.handle(job(slots: 2), at: at(0))
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(1))
                == [
                    .replace(job: 2, stint: 1, lost: slots(left, 2, 3), by: slots(right, 2, 3)),
                    .stop(job: 1, stint: 1, because: .nodeLost(left, short: SlotShortage(free: 0, needed: 2))),
                    .stop(job: 4, stint: 1, because: .preempted),
                ])
    }

    @Test func `a team at its quota goes on: as many processes come as went`() {
        var queue = queue(.priority, Team(name: "red", quota: 2))
        _ = queue.handle(job(slots: 2, team: "red"), at: at(0))
        _ = queue.handle(job(slots: 1, team: "red"), at: at(0))
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(1))
                == [.replace(job: 1, stint: 1, lost: slots(left, 0, 1), by: slots(middle, 0, 1))])
        #expect(queue.reason(for: 2, at: at(1)) == .quota(team: "red", held: 2, quota: 2, needed: 1))
    }

    @Test func `a coordinator that gave up before others came is started again, once`() {
        var queue = queue()
        _ = queue.handle(job(slots: 2), at: at(0))
        _ = queue.handle(.nodeLost(left, because: "silent"), at: at(1))
        _ = queue.handle(.coordinatorEnded(job: 1, stint: 1, how: .exited(code: 1)), at: at(2))
        #expect(queue[1].phase == .waiting)
        for slot in slots(middle, 0, 1) { _ = queue.handle(.slotEmptied(slot), at: at(2)) }
        #expect(queue[1].phase == .running && queue[1].stint == 2)
        _ = queue.handle(.coordinatorEnded(job: 1, stint: 2, how: .exited(code: 1)), at: at(3))
        #expect(queue[1].phase == .over(.failed(.exited(code: 1))))
    }

    @Test func `a deadline that was promised stays one, and whoever stands behind is planned anew`() {
        var queue = queue(.deadline)
        _ = queue.handle(job(slots: 4, by: 4_000), at: at(0))
        _ = queue.handle(job(slots: 4), at: at(0))
        _ = queue.handle(.nodeLost(left, because: "silent"), at: at(10))
        #expect(queue[1].phase == .running)
        // The time to restore is added.
        #expect(queue.plannedEnd(of: 1, at: at(10)) == at(3_605))
        #expect(queue.plannedEnd(of: 2, at: at(10)) == at(7_205))
    }

    @Test func `the words of a loss read back as they were written, and those of older queues do too`() throws {
        for reason in [StopReason.nodeLost(left), .nodeLost(left, short: SlotShortage(free: 1, needed: 2))] {
            #expect(StopReason(lineText: reason.lineText) == reason)
        }
        #expect(StopReason(lineText: "node-lost:left:1") == nil)
        #expect(StopReason(lineText: "node-lost:left:1:x") == nil)
        let command = QueueCommand.replace(job: 1, stint: 2, lost: slots(left, 0), by: slots(right, 1))
        #expect(command.line.text == "replace job=1 stint=2 lost=left/0 by=right/1")
        #expect(try QueueCommand(command.line) == command)
        let submitted = job(slots: 1, loss: .wait)
        #expect(try QueueEvent(Line(parsing: submitted.line.text)) == submitted)
        #expect(!job(slots: 1, loss: nil).line.text.contains("loss"))
        let strange = submitted.line.text.replacing("=wait", with: "=weep")
        #expect(throws: LineError.self) { try QueueEvent(Line(parsing: strange)) }
    }
}
