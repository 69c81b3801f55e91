// How commands find the controller of a queue and ask it. Refuses to start one.

import ArgumentParser
import Foundation
import Primitives
import Wire

/// The environment's name for where the controller is.
private let controllerVariable = "UNDERSTUDY_CONTROLLER"

/// Where controllers listen when nothing else is said.
let defaultController = "tcp://127.0.0.1:7641"

/// Which controller a command asks.
struct ControllerOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where the controller listens. (default: $UNDERSTUDY_CONTROLLER, or tcp://127.0.0.1:7641)",
            valueName: "endpoint"))
    var connect: String?

    /// The place, read.
    func endpoint() throws -> Endpoint {
        let text = connect ?? ProcessInfo.processInfo.environment[controllerVariable] ?? defaultController
        do { return try Endpoint(text) } catch { throw Failure(.usage, error.description) }
    }

    /// Asks `line` and returns the answer.
    /// - Throws: `Failure` with code 8 when nobody answers, with the reason and code 4 when it is refused because it could
    ///   never be, and with the reason and code 1 when it is refused otherwise.
    func ask(_ line: Line) throws -> [Line] {
        let place = try endpoint()
        let answer: [Line]
        do {
            answer = try QueueLink(to: place, in: ZMQContext()).ask([line], patience: .seconds(10 as Int64))
        } catch is LinkError {
            throw Failure(
                .unreachable, "no controller answers at \(place); start one with: understudy controller")
        } catch { throw Failure(.failed, "\(error)") }
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
