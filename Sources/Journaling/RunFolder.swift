// Where the parts of a run lie on disk. Nothing in a run's folder is ever overwritten but the exports. Refuses to read
// or write any of it.

import Foundation
import Primitives

/// The paths of one run.
public struct RunFolder: Equatable, Sendable {
    /// The folder.
    public let path: String

    /// The run in the folder `path`.
    public init(_ path: String) { self.path = path }

    /// The run's name, which is its folder's.
    public var id: RunID { RunID(URL(fileURLWithPath: path).lastPathComponent) }
    /// The journal.
    public var journal: String { "\(path)/run.db" }
    /// Held locked by the process that writes the journal.
    public var lock: String { "\(path)/run.lock" }
    /// The job file as it was.
    public var job: String { "\(path)/job.yaml" }
    /// The cluster file as it was.
    public var cluster: String { "\(path)/cluster.yaml" }
    /// Every value of the job and where it came from.
    public var resolved: String { "\(path)/resolved.yaml" }
    /// The tokens that the run trains on.
    public var data: String { "\(path)/data" }
    /// Checkpoints, a folder each.
    public var checkpoints: String { "\(path)/checkpoints" }
    /// What the processes wrote.
    public var logs: String { "\(path)/logs" }
    /// What users ask of the run while it goes on; see RequestFolder.
    public var requests: String { "\(path)/requests" }
    /// What was made from the journal for people.
    public var exports: String { "\(path)/exports" }

    /// The log of a worker process.
    public func log(_ worker: WorkerID, launch: Int) -> String {
        let name = worker.description.replacingOccurrences(of: "/", with: "-")
        return "\(logs)/\(name)-\(String(format: "%03d", launch)).log"
    }
}

/// Makes the folder of a new run of `name` inside `runs`: `name-0001`, or the next number that is free. Also makes the
/// folders inside it.
/// - Throws: the file system's error when a folder cannot be made.
public func makeRunFolder(named name: String, in runs: String, exactly: String? = nil) throws -> RunFolder {
    let files = FileManager.default
    try files.createDirectory(atPath: runs, withIntermediateDirectories: true)
    let base = URL(fileURLWithPath: runs).standardizedFileURL.path
    var number = 1
    while true {
        let folder = RunFolder("\(base)/\(exactly ?? "\(name)-\(String(format: "%04d", number))")")
        do {
            try files.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
        } catch let error as CocoaError where error.code == .fileWriteFileExists && exactly == nil {
            number += 1
            continue
        }
        for inner in [folder.data, folder.checkpoints, folder.logs, folder.exports] {
            try files.createDirectory(atPath: inner, withIntermediateDirectories: false)
        }
        return folder
    }
}
