// How a command reaches the process that drives a run: a line of text in the run's folder, answered by another. Whoever
// may write there may ask, and nothing needs a port or a key. A request appears under its name only when it is whole, and
// is gone before it is carried out, so that none is carried out twice. Refuses to understand requests; the world does.

import Foundation
import Glibc
import Journaling
import Primitives
import Wire

/// The requests of one run: the driving process opens it, commands `ask`.
public final class RequestFolder {
    /// Readable when something has been asked since the last `takeAll`.
    let descriptor: Int32
    private let path: String

    /// Makes the folder of `run` if it is not there and watches it; nil when the system cannot.
    init?(_ run: RunFolder) {
        path = run.requests
        mkdir(path, 0o755)
        guard let descriptor = RequestFolder.watch(path) else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func watch(_ path: String) -> Int32? {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, path, UInt32(IN_MOVED_TO)) >= 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Throws away what the watch has told.
    private static func drain(_ descriptor: Int32) {
        var events = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &events, events.count) > 0 {}
    }

    /// What has been asked, oldest name first; each request is told once.
    func takeAll() -> [(name: String, text: String)] {
        RequestFolder.drain(descriptor)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        return names.filter { $0.hasSuffix(".request") }.compactMap { file in
            let text = try? String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
            unlink("\(path)/\(file)")
            return text.map { (String(file.dropLast(".request".count)), $0) }
        }
    }

    /// Answers the request `name`. Whoever asked may have gone; nobody minds then.
    func answer(_ name: String, _ line: Line) {
        try? RequestFolder.publish(line, at: "\(path)/\(name).answer")
    }

    private static func publish(_ line: Line, at path: String) throws {
        try (line.text + "\n").write(toFile: path + ".partial", atomically: false, encoding: .utf8)
        guard rename(path + ".partial", path) == 0 else {
            throw RequestError.cannotAsk(path: path, reason: String(cString: strerror(errno)))
        }
    }

    // MARK: Asking without waiting

    /// Asks the process that drives the run in `folder`; returns the request's name, under which it is answered.
    /// - Throws: `RequestError` when the folder cannot be written.
    public static func post(_ line: Line, to folder: RunFolder) throws(RequestError) -> String {
        let name = "\(RunClock.wallNanoseconds)-\(getpid())"
        mkdir(folder.requests, 0o755)
        let path = path(of: name, in: folder, "request")
        do { try publish(line, at: path) } catch let error as RequestError { throw error } catch {
            throw .cannotAsk(path: path, reason: describe(error))
        }
        return name
    }

    /// What was answered to the request `name`; nil when nothing was yet. Each answer is told once.
    public static func takeAnswer(to name: String, of folder: RunFolder) -> Line? {
        let path = path(of: name, in: folder, "answer")
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        unlink(path)
        return try? Line(parsing: text.trimmingCharacters(in: .newlines))
    }

    /// Takes the request `name` back, if nobody has taken it, and any answer to it.
    public static func withdraw(_ name: String, from folder: RunFolder) {
        for kind in ["request", "answer"] { unlink(path(of: name, in: folder, kind)) }
    }

    private static func path(of name: String, in folder: RunFolder, _ kind: String) -> String {
        "\(folder.requests)/\(name).\(kind)"
    }

    // MARK: Asking

    /// Asks the process that drives the run in `folder`, and returns its answer.
    /// - Throws: `RequestError` when nobody drives it, or nothing is heard for `patience`.
    public static func ask(
        _ line: Line, of folder: RunFolder, patience: TimeSpan = .milliseconds(10_000)
    ) throws(RequestError) -> Line {
        guard LiveRun.isDriven(folder) else { throw .notDriven(run: folder.id) }
        // Before the request, so that no answer comes unseen.
        guard let watch = watch(folder.requests) else {
            throw .cannotAsk(path: folder.requests, reason: String(cString: strerror(errno)))
        }
        defer { close(watch) }
        let name = try post(line, to: folder)
        defer { withdraw(name, from: folder) }
        let answer = path(of: name, in: folder, "answer")
        let deadline = monotonicNow() + patience
        while case let left = deadline - monotonicNow(), left > .zero {
            if let text = try? String(contentsOfFile: answer, encoding: .utf8) {
                do { return try Line(parsing: text.trimmingCharacters(in: .newlines)) } catch {
                    throw .cannotAsk(path: answer, reason: error.description)
                }
            }
            guard LiveRun.isDriven(folder) else { throw .notDriven(run: folder.id) }
            // Woken by the answer; looks up in between for a driver that has ended.
            var item = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            poll(&item, 1, Int32(min(200, left.nanoseconds / 1_000_000 + 1)))
            drain(watch)
        }
        throw .noAnswer(run: folder.id, after: patience)
    }
}

/// Why a run cannot be asked.
public enum RequestError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No process drives the run.
    case notDriven(run: RunID)
    /// The process that drives it said nothing for this long.
    case noAnswer(run: RunID, after: TimeSpan)
    /// The run's folder cannot be written or read.
    case cannotAsk(path: String, reason: String)

    /// What is wrong, as a sentence.
    public var description: String {
        switch self {
        case .notDriven(let run): "nothing drives \(run) now"
        case .noAnswer(let run, let patience): "the coordinator of \(run) did not answer within \(patience)"
        case .cannotAsk(let path, let reason): "the run cannot be asked: \(path): \(reason)"
        }
    }
}
