// The file of a queue's journal: what the queue was made with stays, and what it was told replays for the teams it has.
// Refuses processes; the live tests serve queues.

import ControlPlane
import Foundation
import Journaling
import Primitives
import Scheduling
import Testing

@Suite("Queue journal")
struct QueueJournalTests {
    /// A new folder for one test, which removes it.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("queue-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test func `what a queue was made with is neither changed nor added to when it is opened again`() throws {
        try withFolder { folder in
            let path = folder + "/queue.db"
            // As queues were made before there were teams.
            _ = try QueueJournal(path, readOnly: false, meta: [("policy", "fifo")])
            let again = try QueueJournal(path, readOnly: false, meta: [("policy", "sjf"), ("teams", "red:1:2")])
            #expect(try again.meta("policy") == "fifo")
            #expect(try again.meta("teams") == nil)
        }
    }

    @Test func `the records of a queue with teams replay for them and for no others`() throws {
        try withFolder { folder in
            let path = folder + "/queue.db"
            let teams = [Team(name: "red", quota: 1)]
            var queue = QueueController(policy: .deadline, teams: teams)
            let journal = try QueueJournal(path, readOnly: false)
            func job(by deadline: Int64?) -> QueueEvent {
                .submitted(
                    Submission(
                        folder: "runs/a", name: "a", user: "ada", slots: 1, priority: 0,
                        expected: .seconds(60 as Int64), team: "red", deadline: deadline.map { .seconds($0) },
                        demand: .required(.node)))
            }
            let events = [.nodeJoined(NodeID("left"), slots: 2), job(by: 90), job(by: 200), job(by: nil)]
            for (index, event) in events.enumerated() {
                let now = Instant.zero + .seconds(Int64(index))
                #expect(queue.objection(to: event, at: now) == nil)
                try journal.append(
                    QueueRecord(
                        sequence: index + 1, at: now, wallNanoseconds: 0, event: event,
                        commands: queue.handle(event, at: now)))
            }
            let records = try QueueJournal(path, readOnly: true).records()
            let replayed = try replay(records, policy: .deadline, teams: teams, path: path)
            #expect(replayed.jobs == queue.jobs && replayed.teams == queue.teams)
            #expect(queue[2].phase == .waiting, "its team's quota is taken")
            let unlimited = [Team(name: "red")]
            #expect(throws: JournalError.self) {
                try replay(records, policy: .deadline, teams: unlimited, path: path)
            }
        }
    }
}
