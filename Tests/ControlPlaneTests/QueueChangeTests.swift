// What a queue says of changes that were not made: what would come of another priority, size, place, team or machine, and
// of a job that is not submitted. Refuses to look at what the queue itself does; asking changes nothing.

import ControlPlane
import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
private let (left, right) = (NodeID("left"), NodeID("right"))

private func job(
    slots: Int, priority: Int = 0, for seconds: Int64 = 100, on demand: TopologyDemand = .preferred
) -> Submission {
    Submission(
        folder: "r", name: "j", user: "ada", slots: slots, priority: priority, expected: .seconds(seconds),
        demand: demand)
}

@Suite("Queue changes")
struct QueueChangeTests {
    /// Two machines of two slots. Job 1 holds three slots for 100 s, so one is free; job 2 waits for two of one machine.
    private func queue(teams: [Team] = []) -> QueueController {
        var queue = QueueController(policy: .priority, teams: teams)
        for node in [left, right] { _ = queue.handle(.nodeJoined(node, slots: 2), at: at(0)) }
        _ = queue.handle(.submitted(job(slots: 3, priority: 5)), at: at(0))
        _ = queue.handle(.submitted(job(slots: 2, on: .required(.node))), at: at(0))
        return queue
    }

    @Test func `a gang that requires one machine waits until one has its slots`() throws {
        var queue = QueueController(policy: .fifo)
        for node in [left, right] { _ = queue.handle(.nodeJoined(node, slots: 2), at: at(0)) }
        for _ in 0..<2 { _ = queue.handle(.submitted(job(slots: 1)), at: at(0)) }
        // Best fit has put both on one machine; a third of three slots fits nowhere, one of two on the other.
        #expect(queue[1].grant.first?.node == queue[2].grant.first?.node)
        _ = queue.handle(.submitted(job(slots: 3, on: .required(.node))), at: at(1))
        let reason = try #require(queue.reason(for: 3, at: at(1)))
        #expect(reason == .noRoom(SlotsAbsent(largest: 2, needed: 3, onOneNode: true)))
        #expect(
            reason.sentence(at: at(1))
                == "it needs 3 slots of one machine, and the largest that takes work has 2")
        _ = queue.handle(.submitted(job(slots: 2, on: .required(.node))), at: at(1))
        #expect(Set(queue[4].grant.map(\.node)).count == 1 && queue[4].phase == .running)
        // A larger machine comes, and the first that waited has a place.
        _ = queue.handle(.nodeJoined(NodeID("large"), slots: 4), at: at(2))
        #expect(queue[3].phase == .running && queue[3].grant.allSatisfy { $0.node == NodeID("large") })
    }

    @Test func `a queue cannot require a switch it knows nothing of`() {
        let queue = queue()
        let wish = job(slots: 2, on: .required(.leaf))
        #expect(queue.objection(to: .submitted(wish), at: at(1)) == .unknownTopology(.required(.leaf)))
        #expect(queue.objection(to: .topology(.required(.spine)), for: 2) == .unknownTopology(.required(.spine)))
    }

    @Test func `what would come of each kind of change is found on a copy`() {
        let queue = queue()
        func start(_ change: QueueChange) -> Instant? { queue.outcome(of: change, for: 2, at: at(10)).start }
        #expect(queue.explain(2, at: at(10))?.start == at(100))
        #expect(start(.slots(1)) == at(10))
        #expect(start(.topology(.preferred)) == at(100), "one slot is free, near or not")
        #expect(start(.moreNodes(1)) == at(10))
        #expect(start(.without(left)) == at(100))
        #expect(start(.slots(5)) == nil, "no machine has five")
        #expect(queue.outcome(of: .priority(9), for: 2, at: at(10)).stops == [1])
        #expect(queue[2].submission.slots == 2 && queue.nodes.count == 2 && queue[1].phase == .running)
    }

    @Test func `a change that no queue takes is refused with what there is`() {
        let queue = queue(teams: [Team(name: "red", quota: 1)])
        #expect(queue.objection(to: .team("blue"), for: 2) == .noSuchTeam("blue", known: ["default", "red"]))
        #expect(queue.objection(to: .team("red"), for: 2) == .overQuota(team: "red", needed: 2, quota: 1))
        #expect(queue.objection(to: .without(NodeID("middle")), for: 2) == .noSuchNode(NodeID("middle")))
        #expect(queue.objection(to: .slots(1), for: 2) == nil)
        let home = Team.defaultName
        #expect(queue.objection(to: .quota(2, team: home), for: 2) == .quotaInUse(team: home, taken: 3))
        #expect(queue.objection(to: .quota(3, team: home), for: 2) == nil)
        #expect(queue.outcome(of: .quota(3, team: home), for: 2, at: at(10)).start == at(100))
    }

    @Test(arguments: [
        ("slots=2", QueueChange.slots(2)), ("priority=-3", .priority(-3)), ("nodes=+2", .moreNodes(2)),
        ("team=red", .team("red")), ("topology=node", .topology(.required(.node))), ("without=left", .without(left)),
        ("quota=8", .quota(8, team: "red")),
    ])
    func `changes are read as they are written`(text: String, change: QueueChange) {
        #expect(QueueChange(text, ofTeam: "red") == change)
    }

    @Test(arguments: [
        "slots", "slots=0", "slots=x", "nodes=-1", "nodes=+65", "priority=1e9", "topology=rack", "speed=2", "=", "",
    ])
    func `what is no change is none`(text: String) { #expect(QueueChange(text, ofTeam: "red") == nil) }

    @Test func `a submission that is only tried says when it would start, whom it would stop, and why it would wait`() {
        let queue = queue()
        let waits = queue.outcome(of: job(slots: 2), at: at(10))
        #expect(waits.start == at(100) && waits.stops.isEmpty)
        #expect(waits.what == "it needs 2 slots and 1 is free")
        let first = queue.outcome(of: job(slots: 1), at: at(10))
        #expect(first == ChangeOutcome(what: "its slots are free", start: at(10), stops: []))
        #expect(queue.outcome(of: job(slots: 2, priority: 9), at: at(10)).stops == [1])
        #expect(queue.jobs.count == 2)
    }
}
