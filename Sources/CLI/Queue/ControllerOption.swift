// How commands find the coordinator that serves a queue, its controller, and ask it. Refuses to start one.

import ArgumentParser
import Foundation
import Primitives
import Wire

/// The environment's name for where the controller is.
private let controllerVariable = "UNDERSTUDY_CONTROLLER"

/// The environment's name for the key file.
private let keyVariable = "UNDERSTUDY_KEY"

/// Where controllers listen when nothing else is said.
let defaultController = "tcp://127.0.0.1:7641"

/// What the environment says; nil where it says nothing, or the empty word.
private func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
}

/// Which controller a command asks.
struct ControllerOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where the queue's coordinator listens. (default: $UNDERSTUDY_CONTROLLER, or \(defaultController))",
            valueName: "endpoint"))
    var connect: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The key file that the queue's coordinator has. (default: $UNDERSTUDY_KEY)", valueName: "file"))
    var key: String?

    /// The key file's path, if there is one.
    var keyPath: String? { key ?? environment(keyVariable) }

    /// Connects to the controller.
    /// - Throws: `Failure` with code 8 when nobody lets this process in within `patience`.
    func link(patience: TimeSpan) throws -> QueueLink {
        let text = connect ?? environment(controllerVariable) ?? defaultController
        do {
            let key = try keyPath.map { try KeyFile(readingFrom: $0) }
            let place = try EndpointSecurity.check(text, key: key)
            return try QueueLink(to: place, in: ZMQContext(key: key), timeout: patience)
        } catch LinkError.noAnswer(let endpoint, _) {
            throw ControllerOption.nobody(at: endpoint)
        } catch let error as LinkError {
            throw Failure(.unreachable, error.description)
        } catch let error as EndpointError {
            throw Failure(.usage, error.description)
        } catch { throw Failure(.failed, "\(error)") }
    }

    private static func nobody(at endpoint: String) -> Failure {
        Failure(
            .unreachable,
            "no coordinator of a queue answers at \(endpoint); start one with: understudy coordinator --queue queue")
    }

    /// Asks `words` and returns the answer.
    /// - Throws: `Failure` with code 8 when nobody answers, with the reason and code 4 when it is refused because it could
    ///   never be, and with the reason and code 1 when it is refused otherwise.
    func ask(_ words: Line...) throws -> [Line] { try ask(words) }

    /// Asks `words` and returns the answer, as `ask(_:)` with one of them does.
    func ask(_ words: [Line]) throws -> [Line] {
        let patience = TimeSpan.seconds(10 as Int64)
        let link = try link(patience: patience)
        let answer: [Line]
        do throws(LinkError) { answer = try link.ask(words, patience: patience) } catch {
            if case .messaging(let problem) = error { throw Failure(.failed, "\(problem)") }
            throw ControllerOption.nobody(at: "\(link.endpoint)")
        }
        if let first = answer.first, first.head == "refused" {
            let isInfeasible = try reading { try first.readIfPresent("infeasible", as: Bool.self) } ?? false
            throw Failure(
                isInfeasible ? .infeasible : .failed, "nothing was done: \(first["because"] ?? "no reason given")")
        }
        return answer
    }
}

/// Reads what a controller answered.
/// - Throws: `Failure` when it speaks another language, as that of another version does.
func reading<Value>(_ read: () throws -> Value) throws -> Value {
    do { return try read() } catch let error as LineError {
        throw Failure(.failed, "the controller's answer cannot be read: \(error)")
    }
}
