// The journal's file: what was appended is there, whatever happens to the machine. Refuses to judge what is recorded.

import ControlPlane
import Foundation
import class GRDB.DatabaseQueue
import class GRDB.Row
import Journaling
import Primitives
import Testing

struct JournalStoreTests {
    /// A new folder for one test, which removes it.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func copy(_ path: String, to copy: String) throws {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try? FileManager.default.removeItem(atPath: copy + suffix)
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        try? FileManager.default.removeItem(atPath: copy + "-shm")
    }

    /// The rows that any reader of the file would get, each value as text.
    private func query(_ path: String, _ sql: String) throws -> [[String]] {
        try DatabaseQueue(path: path).read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                row.databaseValues.map { value in
                    switch value.storage {
                    case .int64(let number): "\(number)"
                    case .double(let number): "\(number)"
                    case .string(let text): text
                    case .null, .blob: "?"
                    }
                }
            }
        }
    }

    private func isPrefix(_ part: [Record], of whole: [Record]) -> Bool {
        part.count <= whole.count && part == Array(whole.prefix(part.count))
    }

    @Test func `what was appended is read back equal, also by another connection while it is written`() throws {
        try withFolder { folder in
            let records = Chronicle.random(seed: 5, length: 200).records
            let path = folder + "/run.db"
            let writer = try JournalStore.create(at: path, meta: [("job", "a \"quoted\"\nname")])
            let reader = try JournalStore.open(path, readOnly: true)
            for record in records {
                try writer.append(record)
                #expect(try reader.records(after: record.sequence - 1) == [record])
            }
            let back = try JournalStore.open(path, readOnly: true)
            #expect(try back.records() == records)
            #expect(try back.records(after: 150) == Array(records[150...]))
            #expect(try back.meta("job") == "a \"quoted\"\nname")
            #expect(try back.meta("nothing") == nil)
            #expect(try replay(back.records()) == RunHistory(records).coordinator)
        }
    }

    @Test func `odd texts and numbers that are none survive the file`() throws {
        try withFolder { folder in
            let store = try JournalStore.create(at: folder + "/run.db", meta: [])
            let run = RunID("r")
            let events: [Event] =
                ["", "\n", "\r\n", "a\"b\\c", "\u{301}x", "🚀 zwei", "a;b"].map {
                    .interruptRequested(run: run, because: $0)
                }
                + [Double.nan, .infinity, -0.0].map {
                    .evaluated(run: run, generation: Generation(1), step: 1, loss: $0)
                }
            for (index, event) in events.enumerated() {
                try store.append(
                    Record(
                        sequence: index + 1, at: .zero, wallNanoseconds: 0, event: event,
                        commands: [.refuse(because: "a\nb"), .finish(run: run, outcome: .completed)]))
            }
            let back = try store.records()
            #expect(back.map(\.event.line.text) == events.map(\.line.text))
            #expect(back.allSatisfy { $0.commands.count == 2 && $0.commands[0] == .refuse(because: "a\nb") })
        }
    }

    @Test func `what is no journal is refused with a sentence`() throws {
        try withFolder { folder in
            func problem(_ path: String) -> String {
                do {
                    _ = try JournalStore.open(path, readOnly: true)
                    return "opened"
                } catch { return error.description }
            }
            let missing = folder + "/missing.db"
            #expect(problem(missing) == "\(missing) is not a run's journal: there is no such file")
            let text = folder + "/text.db"
            try String(repeating: "not a database ", count: 100).write(toFile: text, atomically: true, encoding: .utf8)
            #expect(problem(text) == "\(text) is not a run's journal: file is not a database")
            let empty = folder + "/empty.db"
            _ = FileManager.default.createFile(atPath: empty, contents: nil)
            #expect(problem(empty).hasPrefix("\(empty) is not a run's journal: "))
            #expect(problem(folder).hasPrefix("\(folder) is not a run's journal: "))
            let other = folder + "/other.db"
            do {
                _ = try JournalStore.create(at: other, meta: [])
                // The schema's name is stored as text; a journal of a later version has another.
                try patch(other, "understudy/journal/v1", "understudy/journal/v9")
            }
            #expect(
                problem(other)
                    == "\(other) is not a run's journal: its schema is understudy/journal/v9, "
                    + "this program reads understudy/journal/v1")
        }
    }

    /// Replaces a text of equal length in the file and in its log.
    private func patch(_ path: String, _ old: String, _ new: String) throws {
        for file in [path, path + "-wal"] where FileManager.default.fileExists(atPath: file) {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            while let range = bytes.range(of: Data(old.utf8)) { bytes.replaceSubrange(range, with: Data(new.utf8)) }
            try bytes.write(to: URL(fileURLWithPath: file))
        }
    }

    @Test func `a journal is not made over another file, and a sequence number is not given twice`() throws {
        try withFolder { folder in
            let path = folder + "/run.db"
            let store = try JournalStore.create(at: path, meta: [])
            #expect(throws: JournalError.cannotAppend(path: path, reason: "the file is there already")) {
                try JournalStore.create(at: path, meta: [])
            }
            let record = Record(sequence: 1, at: .zero, wallNanoseconds: 0, event: .deadlineReached, commands: [])
            try store.append(record)
            #expect(throws: JournalError.self) { try store.append(record) }
            #expect(try store.records() == [record])
        }
    }

    @Test func `a damaged record is named, and what was before it can still be told`() throws {
        try withFolder { folder in
            let path = folder + "/run.db"
            do {
                let store = try JournalStore.create(at: path, meta: [])
                for record in Chronicle.random(seed: 2, length: 30).records { try store.append(record) }
            }
            try patch(path, "slots-offered", "slots-ordered")
            let store = try JournalStore.open(path, readOnly: true)
            #expect {
                try store.records()
            } throws: { error in
                guard case JournalError.damaged(_, let sequence, let reason) = error else { return false }
                return sequence == 2 && reason.contains("there is no event slots-ordered")
            }
        }
    }

    @Test func `a journal whose log was torn at any byte is a prefix of what was written`() throws {
        try withFolder { folder in
            let records = Chronicle.random(seed: 9, length: 60).records
            let path = folder + "/run.db"
            let store = try JournalStore.create(at: path, meta: [])
            var random = RandomStream(seed: 11, named: "tears")
            var (shortest, tears) = (Int.max, 0)
            for record in records {
                try store.append(record)
                guard record.sequence % 15 == 0 else { continue }
                let whole = folder + "/whole.db"
                try copy(path, to: whole)
                #expect(try JournalStore.open(whole, readOnly: false).records().count == record.sequence)
                try copy(path, to: whole)
                let log = try Data(contentsOf: URL(fileURLWithPath: whole + "-wal"))
                let torn = folder + "/torn.db"
                for _ in 0..<60 {
                    try copy(whole, to: torn)
                    let length = random.integer(below: log.count)
                    try log.prefix(length).write(to: URL(fileURLWithPath: torn + "-wal"))
                    let recovered: [Record]
                    do {
                        recovered = try JournalStore.open(torn, readOnly: false).records()
                    } catch JournalError.notAJournal { recovered = [] }  // Torn before its tables were made.
                    #expect(isPrefix(recovered, of: records), "the log of \(log.count) bytes torn at \(length)")
                    shortest = min(shortest, recovered.count)
                    tears += 1
                }
            }
            print("\(tears) tears, the shortest prefix has \(shortest) of \(records.count) records")
        }
    }

    @Test func `a flipped bit in the log is no record that was never written`() throws {
        try withFolder { folder in
            let records = Chronicle.random(seed: 4, length: 40).records
            let path = folder + "/run.db"
            let store = try JournalStore.create(at: path, meta: [])
            for record in records { try store.append(record) }
            let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
            var random = RandomStream(seed: 12, named: "flips")
            for _ in 0..<100 {
                let flipped = folder + "/flipped.db"
                try copy(path, to: flipped)
                var bytes = log
                let position = random.integer(below: log.count)
                bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                try bytes.write(to: URL(fileURLWithPath: flipped + "-wal"))
                let recovered: [Record]
                do {
                    recovered = try JournalStore.open(flipped, readOnly: false).records()
                } catch JournalError.notAJournal { recovered = [] }
                #expect(isPrefix(recovered, of: records), "byte \(position)")
            }
        }
    }

    @Test func `steps and segments hold what was committed`() throws {
        try withFolder { folder in
            let path = folder + "/run.db"
            let records = Chronicle.random(seed: 21, length: 300).records
            let store = try JournalStore.create(at: path, meta: [])
            for record in records { try store.append(record) }
            let history = RunHistory(records)
            let steps = try query(path, "SELECT at_ns, generation, step, loss, tokens FROM steps ORDER BY sequence")
            let expected = history.steps.map { point in
                [
                    "\(point.at.nanoseconds)", "\(history.segments[point.segment].generation)", "\(point.step)",
                    "\(point.loss)", "\(point.tokens)",
                ]
            }
            #expect(steps == expected && !steps.isEmpty)
            let segments = try query(path, "SELECT generation, last_step FROM segments")
            let told = history.segments.filter { $0.lastStep != nil }.map { ["\($0.generation)", "\($0.lastStep!)"] }
            #expect(segments == told && segments.count > 1)
        }
    }

    @Test func `a record that cannot be stored leaves nothing behind, and those before stay`() throws {
        try withFolder { folder in
            let path = folder + "/run.db"
            let records = Chronicle.random(seed: 6, length: 80).records
            let store = try JournalStore.create(at: path, meta: [])
            // The second of a step's two insertions fails, as on a disk that fills up between them.
            try DatabaseQueue(path: path).write { database in
                try database.execute(
                    sql: """
                        CREATE TRIGGER full BEFORE INSERT ON steps WHEN NEW.step = 3
                        BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END
                        """)
            }
            let failing = try #require(records.first { $0.commits(3) })
            for record in records[..<(failing.sequence - 1)] { try store.append(record) }
            let expected = JournalError.cannotAppend(path: path, reason: "database or disk is full")
            #expect(throws: expected) { try store.append(failing) }
            #expect(
                expected.description
                    == "the journal \(path) cannot be written (database or disk is full); every record before is safe")
            #expect(try store.records() == Array(records[..<(failing.sequence - 1)]))
            try DatabaseQueue(path: path).write { try $0.execute(sql: "DROP TRIGGER full") }
            for record in records[(failing.sequence - 1)...] { try store.append(record) }
            #expect(try store.records() == records)
        }
    }

    /// Needs the right to mount; says so where there is none.
    @Test func `on a full disk appending fails and every record before is safe`() throws {
        try withFolder { folder in
            let disk = folder + "/disk"
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            guard try command("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk) == 0 else {
                print("SKIPPED: no small disk can be mounted here, so no full disk was tested")
                return
            }
            defer { _ = try? command("umount", "-l", disk) }
            let store = try JournalStore.create(at: disk + "/run.db", meta: [])
            let bulk = String(repeating: "x", count: 20_000)
            var stored: [Record] = []
            var refusal: JournalError?
            while refusal == nil, stored.count < 1_000 {
                let record = Record(
                    sequence: stored.count + 1, at: .zero, wallNanoseconds: 0,
                    event: .interruptRequested(run: RunID("r"), because: bulk), commands: [])
                do throws(JournalError) {
                    try store.append(record)
                    stored.append(record)
                } catch { refusal = error }
            }
            guard case .cannotAppend(_, let reason) = refusal else {
                Issue.record("the disk never filled up: \(String(describing: refusal))")
                return
            }
            print("full after \(stored.count) records of 20 kB: \(reason)")
            #expect(try store.records() == stored)
            #expect(!stored.isEmpty)
        }
    }

    private func command(_ words: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
