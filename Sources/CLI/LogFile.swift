// Log lines of a process that has something better to show on its terminal: appended to a file, one line each with the
// wall time. Losing a log line is no reason to stop a run.

import Foundation
import Logging

/// A log handler that appends to a file.
struct LogFile: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    private let file: FileHandle?

    init(path: String) {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        file = FileHandle(forWritingAtPath: path)
        _ = try? file?.seekToEnd()
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = self.metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            .map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(Date.now.ISO8601Format()) \(event.level) \(event.message)\(fields)\n"
        try? file?.write(contentsOf: Data(line.utf8))
    }
}
