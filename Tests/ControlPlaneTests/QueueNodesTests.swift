// What a queue does about machines that are not well or that people want empty, in small cases that a person can follow.
// Refuses the world: slots are empty and coordinators end when the test says so.

import ControlPlane
import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
private let (left, middle, right) = (NodeID("left"), NodeID("middle"), NodeID("right"))

private func slots(_ node: NodeID, _ numbers: Int...) -> [WorkerID] { numbers.map { WorkerID(node: node, slot: $0) } }

private func job(slots: Int, team: String = Team.defaultName) -> QueueEvent {
    .submitted(
        Submission(
            folder: "r", name: "j", user: "ada", slots: slots, priority: 0, expected: .seconds(100 as Int64),
            team: team,
            onWorkerLoss: .spare))
}

@Suite("Queue nodes")
struct QueueNodesTests {
    private func queue(_ names: NodeID..., slots: Int = 2, teams: [Team] = []) -> QueueController {
        var queue = QueueController(policy: .priority, teams: teams)
        for name in names { _ = queue.handle(.nodeJoined(name, slots: slots), at: at(0)) }
        return queue
    }

    @Test func `a machine whose check fails takes nothing until it passes, and what runs there goes on`() {
        var queue = queue(left)
        _ = queue.handle(job(slots: 1), at: at(0))
        #expect(queue.handle(.healthChanged(left, problem: "ECC errors"), at: at(1)).isEmpty)
        #expect(queue[1].phase == .running)
        #expect(queue.handle(job(slots: 1), at: at(2)).isEmpty)
        #expect(queue.nodeRows.map(\.state) == ["draining"])
        #expect(queue.nodeRows.map(\.reason) == ["its check failed: ECC errors"])
        #expect(
            queue.handle(.healthChanged(left, problem: nil), at: at(3))
                == [.start(job: 2, stint: 1, slots: slots(left, 1))])
        #expect(queue.nodeRows.map(\.state) == ["allocated"])
    }

    @Test func `a machine that joins ill starts nothing, and what people want of it is kept beside that`() {
        var queue = QueueController(policy: .fifo)
        _ = queue.handle(job(slots: 1), at: at(0))
        #expect(queue.handle(.nodeJoined(left, slots: 1, problem: "no GPU"), at: at(1)).isEmpty)
        #expect(queue.reason(for: 1, at: at(1)) == .noRoom(SlotsAbsent(largest: 0, needed: 1)))
        _ = queue.handle(.cordoned(left), at: at(2))
        #expect(queue.handle(.healthChanged(left, problem: nil), at: at(3)).isEmpty, "it is cordoned")
        #expect(queue.handle(.undrained(left), at: at(4)).count == 1)
    }

    @Test func `a gang on an evicted machine goes on in free slots of others in the same stint`() {
        var queue = queue(left, middle, right)
        _ = queue.handle(job(slots: 4), at: at(0))
        #expect(
            queue.handle(.evicted(left, because: "new memory"), at: at(1)) == [
                .vacate(job: 1, slots: slots(left, 0, 1)),
                .replace(job: 1, stint: 1, lost: slots(left, 0, 1), by: slots(right, 0, 1)),
            ])
        #expect(queue[1].phase == .running && queue[1].stint == 1)
        #expect(queue.nodeRows.map(\.state) == ["draining", "allocated", "allocated"])
        for slot in slots(left, 0, 1) { _ = queue.handle(.slotEmptied(slot), at: at(2)) }
        #expect(queue.nodeRows.map(\.state).first == "drained")
        #expect(queue.nodeRows.map(\.reason).first == "new memory")
    }

    @Test func `a gang that stands on the evicted machine alone saves itself first, and starts elsewhere`() {
        var queue = queue(left, right)
        _ = queue.handle(job(slots: 2), at: at(0))
        let home = queue[1].grant[0].node
        #expect(
            queue.handle(.evicted(home, because: "new memory"), at: at(1))
                == [.stop(job: 1, stint: 1, because: .evicted(home))])
        #expect(queue.reason(for: 1, at: at(1))?.word == "Evicted")
        let asked = queue.end(1, .exited(code: 143), at: at(2))
        #expect(asked.last == .start(job: 1, stint: 2, slots: slots(home == left ? right : left, 0, 1)))
    }

    @Test func `who would be in more slots than its team's quota while the old ones empty is stopped instead`() {
        var queue = queue(left, middle, right, teams: [Team(name: "red", quota: 5)])
        _ = queue.handle(job(slots: 4, team: "red"), at: at(0))
        let home = queue[1].grant[0].node
        #expect(
            queue.handle(.evicted(home, because: "rack"), at: at(1))
                == [.stop(job: 1, stint: 1, because: .evicted(home))])
    }

    @Test func `a coordinator that fails while its job is evicted has failed`() {
        var queue = queue(left)
        _ = queue.handle(job(slots: 1), at: at(0))
        _ = queue.handle(.evicted(left, because: "rack"), at: at(1))
        _ = queue.handle(.coordinatorEnded(job: 1, stint: 1, how: .exited(code: 6)), at: at(2))
        #expect(queue[1].phase == .over(.failed(.exited(code: 6))))
    }

    @Test func `a machine that fails far more often than its peers is taken last, and leaving is no failure`() {
        let names = (0..<8).map { NodeID("n\($0)") }
        var queue = queue(slots: 1)
        for name in names { _ = queue.handle(.nodeJoined(name, slots: 1), at: at(0)) }
        for second in 1...3 {
            _ = queue.handle(.nodeLeft(names[1]), at: at(Int64(second)))
            _ = queue.handle(.nodeJoined(names[1], slots: 1), at: at(Int64(second)))
            _ = queue.handle(.nodeLost(names[0], because: "silent"), at: at(Int64(second)))
            _ = queue.handle(.nodeJoined(names[0], slots: 1), at: at(Int64(second)))
        }
        #expect(queue.nodeRows[0].reason == "taken last: it failed 3 times")
        #expect(queue.nodeRows[0].state == "idle" && queue.nodeRows[1].reason == "none")
        for _ in 0..<7 { _ = queue.handle(job(slots: 1), at: at(9)) }
        #expect(
            queue.slots(of: 1) + queue.slots(of: 7) == [
                WorkerID(node: names[1], slot: 0), WorkerID(node: names[7], slot: 0),
            ])
        _ = queue.handle(job(slots: 1), at: at(10))
        #expect(queue.slots(of: 8) == slots(names[0], 0))
    }

    @Test(arguments: [
        QueueEvent.nodeJoined(left, slots: 2, problem: "no disk"), .nodeLeft(left), .healthChanged(left, problem: nil),
        .healthChanged(left, problem: "a b"), .evicted(left, because: "rack 7"),
    ])
    func `facts of machines read back as they were written`(event: QueueEvent) throws {
        #expect(try QueueEvent(Line(parsing: event.line.text)) == event)
        #expect(StopReason(lineText: StopReason.evicted(left).lineText) == .evicted(left))
    }
}
