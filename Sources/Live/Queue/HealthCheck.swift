// A machine's check of itself: a command that somebody wrote for it, run over and over, whose exit code says whether jobs
// should come here. Refuses to know what it looks at, and to do anything about what it finds.

import ControlPlane
import Foundation
import LiveCoordinator
import Primitives
import Wire

/// Runs a command every so often. Owned by one thread, which says when time has passed and when the command has ended.
public final class HealthCheck {
    /// What is run and how often.
    public struct Plan: Sendable {
        /// A command for the shell; it passes with exit code 0, and else its first line of output says what is wrong.
        public var command: String
        /// How long to wait between two checks.
        public var period: TimeSpan
        /// The folder for what it prints.
        public var folder: String

        /// A plan from its parts.
        public init(command: String, period: TimeSpan, folder: String) {
            self.command = command
            self.period = period
            self.folder = folder
        }
    }

    private enum State {
        case resting(until: Instant)
        case running(since: Instant, isKilled: Bool)
    }

    /// How long a check may take; one that hangs has found something.
    public static let limit = TimeSpan.seconds(60 as Int64)
    /// What a machine's problem may be long, in characters: it is listed in a column.
    private static let longest = 120

    private let plan: Plan
    private let supervisor: Supervisor
    private var state = State.resting(until: .zero)
    private var output: String { "\(plan.folder)/health.log" }
    private let slot = WorkerID(node: NodeID("check"), slot: 0)

    /// A check whose command's end is told to `onEnd`, on another thread.
    /// - Throws: `SupervisorError` when the host has no descriptors left.
    init(_ plan: Plan, onEnd: @escaping @Sendable (ProcessEnd) -> Void) throws {
        self.plan = plan
        let output = "\(plan.folder)/health.log"
        supervisor = try Supervisor(
            Supervisor.Launch(
                executable: "/bin/sh", arguments: { [command = plan.command] _ in ["-c", command] },
                log: { _, _ in output }), onEnd: onEnd)
    }

    /// When something is to be done; nil while only the command's end is awaited.
    var deadline: Instant? {
        switch state {
        case .resting(let until): until
        case .running(let since, false): since + HealthCheck.limit
        case .running(_, true): nil
        }
    }

    /// Starts the command when it is due, and ends one that hangs.
    func look(at now: Instant) {
        guard let deadline, deadline <= now else { return }
        switch state {
        case .resting:
            unlink(output)
            supervisor.start(slot)
            state = .running(since: now, isKilled: false)
        case .running(let since, _):
            supervisor.kill(slot)
            state = .running(since: since, isKilled: true)
        }
    }

    /// The command ended at `now`: what it has found, nil for nothing.
    func ended(_ how: LossCause, at now: Instant) -> String? {
        var isKilled = false
        if case .running(_, true) = state { isKilled = true }
        state = .resting(until: now + plan.period)
        if isKilled { return "it did not end within \(HealthCheck.limit)" }
        guard how != .exited(code: 0) else { return nil }
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        let line = text.split(whereSeparator: \.isNewline).first.map { $0.prefix(HealthCheck.longest) }
        return line.map(String.init) ?? how.sentence
    }

    /// Ends the command if it runs.
    func end() {
        supervisor.kill(slot)
        supervisor.end(grace: .zero)
    }
}
