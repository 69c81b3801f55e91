// What a queue makes of teams and deadlines: whose job goes next, who waits for a quota, what is refused and what is
// promised. Refuses the world, as QueueControllerTests does.

import ControlPlane
import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
private let left = NodeID("left")

private func job(
    _ team: String = Team.defaultName, slots: Int, for seconds: Int64 = 100, by deadline: Int64? = nil,
    priority: Int = 0
) -> QueueEvent {
    .submitted(
        Submission(
            folder: "runs/a", name: "a", user: "ada", slots: slots, priority: priority, expected: .seconds(seconds),
            team: team, deadline: deadline.map { .seconds($0) }))
}

/// A queue before one machine.
private func queue(_ policy: Policy, slots: Int = 4, _ teams: Team...) -> QueueController {
    var queue = QueueController(policy: policy, teams: teams)
    _ = queue.handle(.nodeJoined(left, slots: slots), at: at(0))
    return queue
}

@Suite("Teams and deadlines of a queue")
struct QueueTeamTests {
    // MARK: - Teams

    @Test func `the team default is there whatever is named, and may be given a weight and a quota`() throws {
        #expect(QueueController(policy: .fifo).teams == [Team(name: "default")])
        #expect(
            QueueController(policy: .fifo, teams: [Team(name: "red", weight: 2)]).teams
                == [Team(name: "default"), Team(name: "red", weight: 2)])
        let named = [Team(name: "red"), Team(name: "default", weight: 3, quota: 2)]
        #expect(QueueController(policy: .fifo, teams: named).teams == named)
    }

    @Test func `a team is read as it is written, and what is no team is named`() throws {
        for text in ["red:1", "red-2.x_y:3", "red:2:8"] { #expect(try Team(parsing: text).text == text) }
        #expect(try Team(parsing: "red") == Team(name: "red"))
        for text in ["", ":2", "a b", "red:0", "red:x", "red:1:0", "red:1:2:3", "red:1:", "r\u{e9}d,blue"] {
            #expect(throws: TeamProblem.self) { try Team(parsing: text) }
        }
        let teams = [Team(name: "default"), Team(name: "red", weight: 2, quota: 8)]
        #expect(try Team.ofQueue(reading: Team.list(teams)) == teams)
        #expect(try Team.ofQueue(reading: "") == [Team(name: "default")])
        #expect(throws: TeamProblem(description: "the team red is named twice")) {
            try Team.ofQueue(reading: "red:1,red:2")
        }
    }

    @Test func `a job for a team that is not there is refused with the names of those that are`() {
        let queue = queue(.priority, Team(name: "red"))
        let objection = queue.objection(to: job("rde", slots: 1), at: at(0))
        #expect(objection == .noSuchTeam("rde", known: ["default", "red"]))
        #expect(objection?.description == "there is no team rde; this queue's teams are default, red")
        #expect(objection?.isInfeasible == false)
    }

    @Test func `a job that its team's quota can never hold is refused`() {
        let queue = queue(.priority, Team(name: "red", quota: 2))
        #expect(
            queue.objection(to: job("red", slots: 3), at: at(0)) == .overQuota(team: "red", needed: 3, quota: 2))
        #expect(queue.objection(to: job("red", slots: 3), at: at(0))?.isInfeasible == true)
        #expect(queue.objection(to: job("red", slots: 2), at: at(0)) == nil)
    }

    @Test(arguments: [Policy.fifo, .fifoBestEffort, .priority, .fairShare, .easy, .conservative, .deadline])
    func `a job over its team's quota waits and says so, and other teams pass it`(policy: Policy) throws {
        var queue = queue(policy, Team(name: "red", quota: 2))
        _ = queue.handle(job("red", slots: 2), at: at(0))
        #expect(queue.handle(job("red", slots: 1), at: at(1)).isEmpty)
        let reason = try #require(queue.reason(for: 2, at: at(1)))
        #expect(reason == .quota(team: "red", held: 2, quota: 2, needed: 1))
        #expect(reason.word == "Quota")
        #expect(reason.sentence(at: at(1)) == "it needs 1 slot, and its team red holds 2 of at most 2")
        #expect(queue.handle(job(slots: 2), at: at(2)).map(\.line.head) == ["start"])
        #expect(queue.end(1, .exited(code: 0), at: at(3)).map(\.line.head).contains("start"))
        #expect(queue[2].phase == .running)
    }

    @Test func `a quota counts slots until they are known to be empty`() {
        var queue = queue(.priority, Team(name: "red", quota: 2))
        _ = queue.handle(job("red", slots: 2), at: at(0))
        _ = queue.handle(job("red", slots: 2), at: at(1))
        // Two other slots are free, and the scheduler gives them at once.
        #expect(
            queue.handle(.coordinatorEnded(job: 1, stint: 1, how: .exited(code: 0)), at: at(2)).map(\.line.head)
                == ["vacate"])
        #expect(queue.reason(for: 2, at: at(2)) == .awaitingTeam("red", quota: 2, jobs: [1]))
        #expect(queue.reason(for: 2, at: at(2))?.word == "Quota")
        #expect(queue.handle(.slotEmptied(WorkerID(node: left, slot: 0)), at: at(3)).isEmpty)
        #expect(
            queue.handle(.slotEmptied(WorkerID(node: left, slot: 1)), at: at(4)).map(\.line.head) == ["start"])
    }

    @Test func `fair share starts the team with the smallest part of its share, by weight`() {
        var queue = queue(.fairShare, Team(name: "red", weight: 3), Team(name: "blue"))
        _ = queue.handle(job(slots: 4), at: at(0))
        for _ in 0..<4 { _ = queue.handle(job("blue", slots: 1), at: at(1)) }
        for _ in 0..<4 { _ = queue.handle(job("red", slots: 1), at: at(2)) }
        _ = queue.end(1, .exited(code: 0), at: at(3))
        let running = (1...9).filter { queue[$0].phase == .running }
        #expect(running.map { queue[$0].submission.team } == ["blue", "red", "red", "red"])
    }

    @Test func `explaining a job that waits for its quota tries another team and a larger quota`() throws {
        var queue = queue(.priority, Team(name: "red", quota: 2))
        _ = queue.handle(job("red", slots: 2), at: at(0))
        _ = queue.handle(job("red", slots: 1), at: at(0))
        let why = try #require(queue.explain(2, at: at(10)))
        #expect(why.start == at(100))
        #expect(
            why.remedies == [
                Remedy(what: "team default", start: at(10), stops: []),
                Remedy(what: "a quota of 3 slots for team red", start: at(10), stops: []),
            ])
    }

    @Test func `rows name the team, can be those of one team, and read back as they were written`() throws {
        var queue = queue(.deadline, Team(name: "red"))
        _ = queue.handle(job("red", slots: 1, by: 500), at: at(0))
        _ = queue.handle(job(slots: 1), at: at(0))
        let rows = queue.jobRows(at: at(100), includingEnded: false)
        #expect(rows.map(\.team) == ["red", "default"])
        #expect(rows.map(\.due) == [.seconds(400 as Int64), nil])
        for row in rows { #expect(try JobRow(Line(parsing: row.line.text)) == row) }
        #expect(queue.jobRows(at: at(1), includingEnded: false, ofTeam: "red").map(\.job) == [1])
    }

    @Test func `records of queues without teams are read as the default team's, and written as before`() throws {
        let old = "submitted folder=r name=a user=ada slots=2 priority=0 expected=60000000000ns"
        let event = try QueueEvent(Line(parsing: old))
        guard case .submitted(let job) = event else {
            Issue.record("it is no submission")
            return
        }
        #expect(job.team == "default" && job.deadline == nil)
        #expect(event.line.text == old)
        let new = old + " team=red deadline=90000000000ns"
        #expect(try QueueEvent(Line(parsing: new)).line.text == new)
    }

    // MARK: - Deadlines

    @Test func `a deadline that can be kept is promised with the planned end`() {
        var queue = queue(.deadline)
        _ = queue.handle(job(slots: 4, for: 100, by: 100), at: at(0))
        #expect(queue.plannedEnd(of: 1, at: at(0)) == at(100))
        #expect(queue.objection(to: job(slots: 4, for: 50, by: 200), at: at(10)) == nil)
        #expect(queue.handle(job(slots: 4, for: 50, by: 200), at: at(10)).isEmpty)
        #expect(queue.plannedEnd(of: 2, at: at(10)) == at(150))
        #expect(queue.reason(for: 2, at: at(10)) == .scheduler(.reservation(at(100))))
    }

    @Test func `a deadline that cannot be kept beside those promised is refused with the earliest end`() {
        var queue = queue(.deadline)
        _ = queue.handle(job(slots: 4, for: 100, by: 120), at: at(0))
        let objection = queue.objection(to: job(slots: 4, for: 50, by: 60), at: at(10))
        #expect(objection == .deadlineTooEarly(earliest: .seconds(140 as Int64), asked: .seconds(60 as Int64)))
        #expect(objection?.isInfeasible == true)
    }

    @Test func `a deadline that would make a job late which was promised its own is refused`() throws {
        var queue = queue(.deadline)
        _ = queue.handle(job(slots: 3, for: 100, by: 100), at: at(0))
        // Four slots from 100 to 200; whoever holds one of them beyond 100 makes it late.
        _ = queue.handle(job(slots: 4, for: 100, by: 200), at: at(0))
        let objection = try #require(queue.objection(to: job(slots: 1, for: 150, by: 190), at: at(0)))
        #expect(objection == .deadlineTooEarly(earliest: .seconds(350 as Int64), asked: .seconds(190 as Int64)))
        #expect(queue.objection(to: job(slots: 1, for: 100, by: 150), at: at(0)) == nil)
    }

    @Test func `jobs with earlier deadlines stand first, and a job without one takes what is left`() {
        var queue = queue(.deadline)
        _ = queue.handle(job(slots: 4, for: 100, by: 100), at: at(0))
        _ = queue.handle(job(slots: 4, for: 100), at: at(0))
        _ = queue.handle(job(slots: 4, for: 100, by: 900), at: at(0))
        _ = queue.handle(job(slots: 4, for: 100, by: 300), at: at(0))
        var order: [Int] = []
        for round in 1...4 {
            guard let running = (1...4).first(where: { queue[$0].phase == .running }) else { break }
            order.append(running)
            _ = queue.end(running, .exited(code: 0), at: at(100 * Int64(round)))
        }
        #expect(order == [1, 4, 3, 2])
    }

    @Test func `a promise counts with the quota of the team`() {
        var queue = queue(.deadline, Team(name: "red", quota: 2))
        _ = queue.handle(job("red", slots: 2, for: 100, by: 100), at: at(0))
        // Two slots are free, but not for the team.
        #expect(
            queue.objection(to: job("red", slots: 2, for: 100, by: 150), at: at(0))
                == .deadlineTooEarly(earliest: .seconds(200 as Int64), asked: .seconds(150 as Int64)))
        #expect(queue.objection(to: job(slots: 2, for: 100, by: 150), at: at(0)) == nil)
        _ = queue.handle(job("red", slots: 2, for: 100, by: 200), at: at(0))
        #expect(queue.plannedEnd(of: 2, at: at(0)) == at(200))
    }

    @Test func `a queue that promises no deadlines refuses them`() {
        let objection = queue(.priority).objection(to: job(slots: 1, by: 500), at: at(0))
        #expect(objection == .noDeadlines(policy: "priority"))
    }

    @Test func `no deadline is promised where no machine could hold the job, and none that is over`() {
        let queue = queue(.deadline)
        #expect(
            queue.objection(to: job(slots: 5, by: 500), at: at(0))
                == .noRoomToPromise(SlotsAbsent(largest: 4, needed: 5)))
        #expect(queue.objection(to: job(slots: 5), at: at(0)) == nil, "it waits for machines")
        #expect(queue.objection(to: job(slots: 1, by: 0), at: at(0)) == .deadlineIsOver)
        #expect(queue.objection(to: job(slots: 1, by: 300_000_000), at: at(0)) == .spanOutOfRange)
        #expect(queue.objection(to: job(slots: 1, priority: 1_000_000), at: at(0)) == .priorityOutOfRange)
    }

    @Test func `what was promised is not refused later, though its machine went and came back too late`() {
        var queue = queue(.deadline)
        _ = queue.handle(job(slots: 4, for: 100, by: 120), at: at(0))
        _ = queue.handle(.nodeLost(left, because: "silent"), at: at(50))
        _ = queue.end(1, .exited(code: 1), at: at(51))
        #expect(queue[1].phase == .waiting)
        let asked = queue.handle(.nodeJoined(left, slots: 4), at: at(500))
        #expect(asked.map(\.line.head) == ["start"])
        #expect(queue.jobRows(at: at(500), includingEnded: false).map(\.due) == [.seconds(-380 as Int64)])
    }
}
