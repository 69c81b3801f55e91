// What the tests with a coordinator and workers of their own share. Refuses to supervise: the tests do.

import Foundation
import ProcessHarness

extension Scenario {
    /// Starts a worker for the coordinator at `endpoint`.
    func worker(at endpoint: String, _ arguments: [String] = []) throws -> Child {
        try start(.worker, ["--coordinator", endpoint] + arguments)
    }
}

extension Child {
    /// Where this coordinator says that it waits for workers.
    func announcedEndpoint() async throws -> String {
        try await eventually("the coordinator says where it listens") {
            let line = errors.split(separator: "\n").first { $0.hasPrefix("waiting for ") }
            if let line { return line.split(separator: " ").last.map(String.init) }
            guard poll() == nil else { throw HarnessError("the coordinator ended:\n\(errors)") }
            return nil
        }
    }
}
