// Files that cannot be read as text, each in a folder of its own that is removed afterwards. Refuses to test what the
// text says.

import Foundation
import SpecFiles
import Testing

@Suite("Unreadable files") struct SpecTextTests {
    /// What is said about a file of `bytes`, its folder taken out of the text.
    private func complaints(about bytes: [UInt8]?, named name: String = "job.yaml") throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spec-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data((bytes ?? Array(Sample.job.utf8))).write(to: folder.appending(path: "job.yaml"))
        do {
            _ = try SpecReader.job(path: folder.appending(path: name).path)
            return ""
        } catch {
            return error.rendered(color: false).replacingOccurrences(of: folder.path, with: "jobs")
        }
    }

    @Test func `a missing file is a complaint with the file that was perhaps meant`() throws {
        #expect(
            try complaints(about: nil, named: "jbo.yaml") == """
                jobs/jbo.yaml: error[E0001]: there is no such file
                    hint: did you mean `jobs/job.yaml`?
                """)
        #expect(try complaints(about: nil, named: "x/y") == "jobs/x/y: error[E0001]: there is no such file")
    }

    @Test func `a folder is a complaint`() throws {
        #expect(try complaints(about: nil, named: "") == "jobs: error[E0001]: this is a folder, not a file")
    }

    @Test func `a file that is there is read`() throws {
        #expect(try complaints(about: nil) == "")
    }

    @Test func `a byte order mark does no harm`() throws {
        #expect(try complaints(about: [0xEF, 0xBB, 0xBF] + Array(Sample.job.utf8)) == "")
    }

    @Test func `a file of no bytes is empty`() throws {
        #expect(
            try complaints(about: []) == """
                jobs/job.yaml: error[E0003]: the file is empty
                    hint: a job file starts with `kind:`
                """)
    }

    @Test func `a byte that is not UTF-8 is a complaint with its place`() throws {
        let bytes = Array("kind: Job\nname: Ã©t".utf8) + [0xE9, 0x20] + Array("rest\n".utf8)
        #expect(
            try complaints(about: bytes) == """
                jobs/job.yaml:2:10: error[E0002]: the byte 0xE9 is not UTF-8
                    2 | name: Ã©t\u{FFFD} rest
                      |          ^ save the file as UTF-8
                """)
    }

    @Test func `a file that ends within a character is a complaint`() throws {
        #expect(
            try complaints(about: Array("kind: J".utf8) + [0xE2, 0x82]).hasPrefix("jobs/job.yaml:1:8: error[E0002]"))
    }

    @Test func `a file of more than a mebibyte is a complaint`() throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20) + [10]
        #expect(try complaints(about: bytes) == "jobs/job.yaml: error[E0005]: the file is larger than 1 MiB")
    }

    @Test func `aliases that multiply a file are a complaint, not a wait`() throws {
        var text = "kind: Job\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(
            Sample.complaints(aboutJob: text)
                == "jobs/test.yaml: error[E0005]: aliases multiply the file beyond 100,000 values")
    }

    @Test func `brackets nested without end are a complaint, not a crash`() {
        let text = "kind: Job\na: " + String(repeating: "[", count: 100_000)
        #expect(Sample.complaints(aboutJob: text).contains("error[E0101]"))
    }

    @Test func `more double keys than are told one by one are still a complaint`() {
        let text = "kind: Job\n" + String(repeating: "key: 1\n", count: 300)
        #expect(Sample.complaints(aboutJob: text).contains("error[E0102]: the key `key` is given twice"))
    }
}
