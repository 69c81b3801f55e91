// What a queue decides in small cases that a person can follow, with the reasons it gives. Refuses the world: slots are
// empty and coordinators end when the test says so.

import ControlPlane
import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
private let left = NodeID("left")
private let right = NodeID("right")

private func job(_ name: String, slots: Int, priority: Int = 0, for seconds: Int64 = 3_600) -> QueueEvent {
    .submitted(
        Submission(
            folder: "runs/\(name)", name: name, user: "ada", slots: slots, priority: priority,
            expected: .seconds(seconds)))
}

/// The slots `numbers` of `node`.
private func slots(_ node: NodeID, _ numbers: Int...) -> [WorkerID] { numbers.map { WorkerID(node: node, slot: $0) } }

extension QueueController {
    /// The coordinator of `job` ends, and its slots empty at once. Returns all that is asked for.
    mutating func end(_ job: Int, _ how: LossCause, at now: Instant) -> [QueueCommand] {
        var asked = handle(.coordinatorEnded(job: job, stint: self[job].stint, how: how), at: now)
        for case .vacate(_, let slots) in asked {
            for slot in slots { asked += handle(.slotEmptied(slot), at: now) }
        }
        return asked
    }
}

@Suite("Queue")
struct QueueControllerTests {
    private func queue(_ policy: Policy = .priority, slots: Int = 4) -> QueueController {
        var queue = QueueController(policy: policy)
        _ = queue.handle(.nodeJoined(left, slots: slots), at: at(0))
        return queue
    }

    @Test func `a job starts on slots of a machine, all of them or none`() {
        var queue = queue()
        #expect(
            queue.handle(job("a", slots: 3), at: at(1))
                == [.start(job: 1, stint: 1, slots: slots(left, 0, 1, 2))])
        #expect(queue.handle(job("b", slots: 2), at: at(2)).isEmpty)
        #expect(queue.reason(for: 2, at: at(2)) == .scheduler(.gpusMissing(free: 1, needed: 2)))
        #expect(queue.reason(for: 1, at: at(2)) == nil)
    }

    @Test func `a policy that decides every minute decides although nobody asks in the instant itself`() {
        var queue = queue(.tiresias)
        #expect(queue.handle(job("a", slots: 1), at: at(70)).isEmpty)
        #expect(queue.nextDeadline == at(120))
        #expect(queue.explain(1, at: at(71))?.start == at(120))
        #expect(queue.handle(.timePassed, at: at(121)) == [.start(job: 1, stint: 1, slots: slots(left, 0))])
    }

    @Test func `a slot is given away only when it is known to be empty`() {
        var queue = queue()
        _ = queue.handle(job("a", slots: 4), at: at(1))
        _ = queue.handle(job("b", slots: 4), at: at(2))
        #expect(
            queue.handle(.coordinatorEnded(job: 1, stint: 1, how: .exited(code: 0)), at: at(3))
                == [.vacate(job: 1, slots: slots(left, 0, 1, 2, 3))])
        #expect(queue[1].phase == .over(.completed))
        #expect(queue.reason(for: 2, at: at(3)) == .awaiting(jobs: [1]))
        for slot in 0..<3 { #expect(queue.handle(.slotEmptied(WorkerID(node: left, slot: slot)), at: at(4)).isEmpty) }
        #expect(
            queue.handle(.slotEmptied(WorkerID(node: left, slot: 3)), at: at(5))
                == [.start(job: 2, stint: 1, slots: slots(left, 0, 1, 2, 3))])
    }

    @Test func `an important job stops those that lose least, waits for them, and they are resumed`() {
        var queue = queue()
        _ = queue.handle(job("low", slots: 2, priority: 1), at: at(0))
        _ = queue.handle(job("saved", slots: 2, priority: 1), at: at(0))
        _ = queue.handle(.saved(job: 2, step: 40), at: at(98))
        #expect(
            queue.handle(job("high", slots: 2, priority: 9), at: at(100))
                == [.stop(job: 2, stint: 1, because: .preempted)])
        #expect(queue.reason(for: 3, at: at(100)) == .awaiting(jobs: [2]))
        #expect(queue.reason(for: 2, at: at(100)) == .saving(because: .preempted))
        #expect(
            queue.end(2, .exited(code: 143), at: at(101))
                == [.vacate(job: 2, slots: slots(left, 2, 3)), .start(job: 3, stint: 1, slots: slots(left, 2, 3))])
        #expect(queue[2].phase == .waiting && queue[2].preemptions == 1)
        let asked = queue.end(3, .exited(code: 0), at: at(200))
        #expect(asked.last == .start(job: 2, stint: 2, slots: slots(left, 2, 3)))
    }

    @Test func `a job that is done before it could be stopped is done`() {
        var queue = queue(slots: 2)
        _ = queue.handle(job("low", slots: 2), at: at(0))
        _ = queue.handle(job("high", slots: 2, priority: 1), at: at(1))
        _ = queue.end(1, .exited(code: 0), at: at(2))
        #expect(queue[1].phase == .over(.completed))
        #expect(queue[2].phase == .running)
    }

    @Test func `a cordoned machine takes no new work, and what runs there stays`() {
        var queue = queue()
        _ = queue.handle(job("a", slots: 1), at: at(0))
        #expect(queue.handle(.cordoned(left), at: at(1)).isEmpty)
        #expect(queue.handle(job("b", slots: 1), at: at(2)).isEmpty)
        #expect(queue.reason(for: 2, at: at(2)) == .noRoom(SlotsAbsent(largest: 0, needed: 1)))
        #expect(queue[1].phase == .running)
        #expect(
            queue.handle(.undrained(left), at: at(3)) == [.start(job: 2, stint: 1, slots: slots(left, 1))])
    }

    @Test func `a machine that is cordoned takes back what had not begun`() {
        var queue = queue(slots: 2)
        _ = queue.handle(job("a", slots: 2), at: at(0))
        _ = queue.handle(job("b", slots: 2), at: at(0))
        _ = queue.handle(.coordinatorEnded(job: 1, stint: 1, how: .exited(code: 0)), at: at(1))
        #expect(queue.reason(for: 2, at: at(1)) == .awaiting(jobs: [1]))
        _ = queue.handle(.cordoned(left), at: at(2))
        for slot in slots(left, 0, 1) { #expect(queue.handle(.slotEmptied(slot), at: at(3)).isEmpty) }
        #expect(queue[2].phase == .waiting)
    }

    @Test func `a drained machine lets what runs finish and says why it is empty`() {
        var queue = queue()
        _ = queue.handle(job("a", slots: 2), at: at(0))
        #expect(queue.handle(.drained(left, because: "new memory"), at: at(1)).isEmpty)
        #expect(queue.nodeRows.map(\.state) == ["draining"])
        _ = queue.handle(job("b", slots: 2), at: at(2))
        _ = queue.end(1, .exited(code: 0), at: at(3))
        #expect(queue[2].phase == .waiting)
        #expect(queue.nodeRows.map(\.state) == ["drained"])
        #expect(queue.nodeRows.map(\.reason) == ["new memory"])
    }

    @Test func `a job larger than all machines holds up nobody and starts when there are enough`() {
        var queue = queue(slots: 2)
        #expect(queue.handle(job("large", slots: 4, priority: 9), at: at(0)).isEmpty)
        #expect(queue.reason(for: 1, at: at(0)) == .noRoom(SlotsAbsent(largest: 2, needed: 4)))
        #expect(queue.handle(job("small", slots: 1), at: at(1)) == [.start(job: 2, stint: 1, slots: slots(left, 0))])
        let asked = queue.handle(.nodeJoined(right, slots: 2), at: at(2))
        #expect(asked == [.stop(job: 2, stint: 1, because: .preempted)])
        #expect(
            queue.end(2, .exited(code: 143), at: at(3)).last
                == .start(job: 1, stint: 1, slots: slots(left, 0, 1) + slots(right, 0, 1)))
    }

    @Test func `jobs on a lost machine save themselves and are resumed elsewhere`() {
        var queue = queue(slots: 2)
        _ = queue.handle(job("a", slots: 2), at: at(0))
        _ = queue.handle(.nodeJoined(right, slots: 2), at: at(1))
        #expect(
            queue.handle(.nodeLost(left, because: "silent"), at: at(2))
                == [.stop(job: 1, stint: 1, because: .nodeLost(left))])
        // Its workers are gone, so it may give up by itself; that is no failure of the job.
        #expect(
            queue.end(1, .exited(code: 1), at: at(3)) == [.start(job: 1, stint: 2, slots: slots(right, 0, 1))])
    }

    @Test func `a coordinator that dies is started again, but not for ever`() {
        var queue = queue()
        _ = queue.handle(job("a", slots: 1), at: at(0))
        // In another slot: its own is not known to be empty yet.
        #expect(queue.end(1, .signalled(9), at: at(1)).contains(.start(job: 1, stint: 2, slots: slots(left, 1))))
        #expect(queue.end(1, .signalled(9), at: at(2)).contains(.start(job: 1, stint: 3, slots: slots(left, 0))))
        _ = queue.end(1, .signalled(9), at: at(3))
        #expect(queue[1].phase == .over(.failed(.signalled(9))))
        _ = queue.handle(job("b", slots: 1), at: at(4))
        _ = queue.end(2, .exited(code: 6), at: at(5))
        #expect(queue[2].phase == .over(.failed(.exited(code: 6))), "trying again would not help")
    }

    @Test func `a cancelled job gives its slots back when it has saved`() {
        var queue = queue(slots: 1)
        _ = queue.handle(job("a", slots: 1), at: at(0))
        _ = queue.handle(job("b", slots: 1), at: at(0))
        #expect(
            queue.handle(.cancelled(job: 1), at: at(1)) == [.stop(job: 1, stint: 1, because: .cancelled)])
        #expect(queue.end(1, .exited(code: 143), at: at(2)).last == .start(job: 2, stint: 1, slots: slots(left, 0)))
        #expect(queue[1].phase == .over(.cancelled))
        #expect(queue.objection(to: .cancelled(job: 1), at: at(2)) == .jobIsOver(1))
        #expect(queue.objection(to: .cancelled(job: 7), at: at(2)) == .noSuchJob(7))
    }

    @Test func `a job that does not stop in time is ended`() {
        var queue = queue(slots: 1)
        _ = queue.handle(job("a", slots: 1), at: at(0))
        _ = queue.handle(.cancelled(job: 1), at: at(1))
        let deadline = at(1) + QueueController.stopPatience
        #expect(queue.nextDeadline == deadline)
        #expect(queue.handle(.timePassed, at: deadline) == [.kill(job: 1, stint: 1)])
        #expect(queue.nextDeadline == nil)
    }

    @Test func `a restarted controller forgets who is where and resumes what ran`() {
        var queue = queue(slots: 2)
        _ = queue.handle(job("a", slots: 2), at: at(0))
        #expect(queue.handle(.controllerResumed, at: at(10)).isEmpty)
        #expect(queue.nodeRows.map(\.state) == ["down"])
        #expect(
            queue.handle(.nodeJoined(left, slots: 2), at: at(11))
                == [.start(job: 1, stint: 2, slots: slots(left, 0, 1))])
        #expect(queue[1].ran(by: at(12)) == .seconds(11 as Int64))
    }

    @Test func `a raised priority takes effect at once`() {
        var queue = queue(slots: 1)
        _ = queue.handle(job("a", slots: 1), at: at(0))
        _ = queue.handle(job("b", slots: 1), at: at(0))
        #expect(
            queue.handle(.priorityChanged(job: 2, to: 5), at: at(1))
                == [.stop(job: 1, stint: 1, because: .preempted)])
    }

    @Test func `explaining names who holds the slots, when they end and what would help`() throws {
        var queue = queue()
        _ = queue.handle(job("a", slots: 3, priority: 5, for: 100), at: at(0))
        _ = queue.handle(job("b", slots: 2, priority: 1, for: 100), at: at(10))
        let why = try #require(queue.explain(2, at: at(10)))
        #expect(why.reason == .scheduler(.gpusMissing(free: 1, needed: 2)))
        #expect(why.holders.map(\.job) == [1] && why.holders.map(\.end) == [at(100)])
        #expect(why.start == at(100))
        #expect(
            why.remedies == [
                Remedy(what: "priority 6", start: at(10), stops: [1]),
                Remedy(what: "1 slot", start: at(10), stops: []),
                Remedy(what: "a machine with 2 more slots", start: at(10), stops: []),
            ])
        #expect(queue.explain(1, at: at(10)) == nil, "it runs")
    }

    @Test func `rows read back as they were written`() throws {
        var queue = queue()
        _ = queue.handle(job("a b", slots: 3), at: at(0))
        _ = queue.handle(job("b", slots: 2), at: at(1))
        for row in queue.jobRows(at: at(2), includingEnded: true) {
            #expect(try JobRow(Line(parsing: row.line.text)) == row)
        }
        for row in queue.nodeRows { #expect(try NodeRow(Line(parsing: row.line.text)) == row) }
        #expect(queue.jobRows(at: at(2), includingEnded: false).map(\.nodes) == ["left[0-2]", ""])
    }
}
