// What a queue does about jobs that may have fewer slots or more while they run: what it asks of their coordinators, when
// it takes slots away, and what it says about it. Refuses the world, as QueueControllerTests does.

import ControlPlane
import Jobs
import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
private let (left, right) = (NodeID("left"), NodeID("right"))

private func job(
    slots: Int, _ range: ClosedRange<Int>? = nil, spares: Int = 0, team: String = Team.defaultName
) -> QueueEvent {
    .submitted(
        Submission(
            folder: "runs/a", name: "a", user: "ada", slots: slots, priority: 0, expected: .seconds(3_600 as Int64),
            team: team, onWorkerLoss: .spare, range: range, spares: spares))
}

private func slots(_ node: NodeID, _ numbers: Int...) -> [WorkerID] { numbers.map { WorkerID(node: node, slot: $0) } }

private func queue(_ teams: Team...) -> QueueController {
    var queue = QueueController(policy: .elastic, teams: teams)
    _ = queue.handle(.nodeJoined(left, slots: 4), at: at(0))
    return queue
}

private func emptied(_ slots: [WorkerID], _ queue: inout QueueController, at now: Instant) -> [QueueCommand] {
    slots.flatMap { queue.handle(.slotEmptied($0), at: now) }
}

@Suite("Resizing in a queue")
struct QueueResizeTests {
    /// A wide job in four slots that has been asked to give up two for another.
    private func shrinking() -> QueueController {
        var queue = queue()
        #expect(
            queue.handle(job(slots: 4, 1...4), at: at(0)) == [.start(job: 1, stint: 1, slots: slots(left, 0, 1, 2, 3))])
        #expect(
            queue.handle(job(slots: 2), at: at(60))
                == [.resize(job: 1, stint: 1, workers: 2, leaving: slots(left, 1, 2), entering: [])])
        return queue
    }

    @Test func `slots are taken away when the coordinator goes on without them, and go to whoever waits`() {
        var queue = shrinking()
        #expect(queue.reason(for: 1, at: at(60)) == .givingUp(2, staysIn: 2))
        #expect(queue.reason(for: 2, at: at(60)) == .awaiting(jobs: [1]))
        #expect(
            queue.handle(.resized(job: 1, stint: 1, without: slots(left, 1, 2)), at: at(61))
                == [.vacate(job: 1, slots: slots(left, 1, 2))])
        #expect(
            emptied(slots(left, 1, 2), &queue, at: at(62)) == [.start(job: 2, stint: 1, slots: slots(left, 1, 2))])
        #expect(queue.reason(for: 1, at: at(62)) == .resized(to: 2, asked: 4))
        let row = queue.jobRows(at: at(62), includingEnded: false)[0]
        #expect(row.slots == 2 && row.reason == "Resized" && row.nodes == "left[0,3]")
        // And they come back when they are idle.
        #expect(
            queue.handle(.coordinatorEnded(job: 2, stint: 1, how: .exited(code: 0)), at: at(90))
                == [.vacate(job: 2, slots: slots(left, 1, 2))])
        #expect(queue.reason(for: 1, at: at(90)) == .awaitingMore(2, jobs: [2]))
        #expect(
            emptied(slots(left, 1, 2), &queue, at: at(91)) == [
                .resize(job: 1, stint: 1, workers: 3, leaving: [], entering: slots(left, 1)),
                .resize(job: 1, stint: 1, workers: 4, leaving: [], entering: slots(left, 2)),
            ])
        #expect(queue.reason(for: 1, at: at(91)) == nil)
    }

    @Test func `a coordinator that says nothing loses the slots all the same`() {
        var queue = shrinking()
        #expect(queue.nextDeadline == at(90))
        #expect(queue.handle(.timePassed, at: at(89)).isEmpty)
        #expect(queue.handle(.timePassed, at: at(90)) == [.vacate(job: 1, slots: slots(left, 1, 2))])
        #expect(queue.handle(.resized(job: 1, stint: 1, without: slots(left, 1, 2)), at: at(91)).isEmpty)
    }

    @Test func `who gets the slots back before it has left them stays in them`() {
        var queue = shrinking()
        #expect(
            queue.handle(.cancelled(job: 2), at: at(61))
                == [.resize(job: 1, stint: 1, workers: 4, leaving: [], entering: [])])
        #expect(queue.handle(.resized(job: 1, stint: 1, without: slots(left, 1, 2)), at: at(62)).isEmpty)
        #expect(queue.slots(of: 1).count == 4 && queue.reason(for: 1, at: at(62)) == nil)
    }

    @Test func `whatever was asked is over with the coordinator, the job and the controller`() {
        var ended = shrinking()
        #expect(
            ended.handle(.coordinatorEnded(job: 1, stint: 1, how: .signalled(9)), at: at(61))
                == [.vacate(job: 1, slots: slots(left, 0, 1, 2, 3))])
        #expect(
            emptied(slots(left, 0, 1, 2, 3), &ended, at: at(62)) == [
                .start(job: 2, stint: 1, slots: slots(left, 1, 2)), .start(job: 1, stint: 2, slots: slots(left, 0, 3)),
            ])
        var cancelled = shrinking()
        #expect(cancelled.handle(.cancelled(job: 1), at: at(61)) == [.stop(job: 1, stint: 1, because: .cancelled)])
        #expect(cancelled.handle(.timePassed, at: at(95)).isEmpty)
        var restarted = shrinking()
        #expect(restarted.handle(.controllerResumed, at: at(61)).isEmpty)
        let again = restarted.handle(.nodeJoined(left, slots: 4), at: at(62))
        #expect(again.count == 2 && again.allSatisfy { if case .start = $0 { true } else { false } }, "\(again)")
    }

    @Test func `a job starts in fewer slots rather than not at all, and its spares stay beside its workers`() {
        var queue = queue()
        _ = queue.handle(job(slots: 3), at: at(0))
        #expect(queue.handle(job(slots: 4, 1...4), at: at(1)) == [.start(job: 2, stint: 1, slots: slots(left, 3))])
        #expect(queue.workers(of: 2) == 1)
        var idle = QueueController(policy: .elastic)
        _ = idle.handle(.nodeJoined(right, slots: 4), at: at(2))
        _ = idle.handle(job(slots: 4, 2...4, spares: 1), at: at(3))
        #expect(idle[1].grant.count == 4 && idle.workers(of: 1) == 3)
    }

    @Test func `a job that loses a machine goes on in what it has left where that is enough`() {
        var queue = queue()
        _ = queue.handle(.nodeJoined(right, slots: 4), at: at(0))
        _ = queue.handle(job(slots: 8, 2...8), at: at(1))
        #expect(queue[1].grant.count == 8)
        #expect(
            queue.handle(.nodeLost(right, because: "silent"), at: at(60))
                == [.resize(job: 1, stint: 1, workers: 4, leaving: [], entering: [])])
        #expect(queue[1].phase == .running)
        var whole = QueueController(policy: .elastic)
        for node in [left, right] { _ = whole.handle(.nodeJoined(node, slots: 4), at: at(0)) }
        _ = whole.handle(job(slots: 8, 5...8), at: at(1))
        let stops = whole.handle(.nodeLost(right, because: "silent"), at: at(60))
        #expect(stops == [.stop(job: 1, stint: 1, because: .nodeLost(right, short: SlotShortage(free: 0, needed: 4)))])
    }

    @Test func `nobody begins on a machine that was closed meanwhile, and no team is in more slots than it may be`() {
        var queue = queue(Team(name: "red", quota: 3))
        _ = queue.handle(.nodeJoined(right, slots: 4), at: at(0))
        _ = queue.handle(job(slots: 2, 1...4, team: "red"), at: at(1))
        _ = queue.handle(.timePassed, at: at(60))
        #expect(queue.slots(of: 1).count <= 3)
        _ = queue.handle(job(slots: 4), at: at(61))
        _ = queue.handle(.cordoned(right), at: at(62))
        for job in queue.jobs where job.phase == .running { #expect(!job.grant.isEmpty) }
    }

    @Test func `ranges are refused by policies that resize nobody, and where they make no sense`() {
        let fixed = QueueController(policy: .priority)
        let objection = fixed.objection(to: job(slots: 2, 1...4), at: at(0))
        #expect(objection == .noResizes(policy: "priority") && objection?.isInfeasible == false)
        for (slots, range, spares) in [(5, 1...4, 0), (1, 2...4, 0), (2, 1...4, 1)] {
            #expect(queue().objection(to: job(slots: slots, range, spares: spares), at: at(0)) == .rangeOutOfPlace)
        }
    }

    @Test func `what is told and asked of a resize is a line and back`() throws {
        let events: [QueueEvent] = [
            job(slots: 3, 2...4, spares: 1), .resized(job: 1, stint: 2, without: slots(left, 0, 3)),
            .resized(job: 1, stint: 2, without: []),
        ]
        for event in events { #expect(try QueueEvent(Line(parsing: event.line.text)) == event) }
        let commands: [QueueCommand] = [
            .resize(job: 1, stint: 2, workers: 3, leaving: slots(left, 0), entering: slots(right, 1, 2)),
            .resize(job: 1, stint: 2, workers: 3, leaving: [], entering: []),
        ]
        for command in commands { #expect(try QueueCommand(Line(parsing: command.line.text)) == command) }
    }
}
