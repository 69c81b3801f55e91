// What commands of a queue take beside words and numbers: a team with its weight and quota, and a deadline as a time from
// now or as a date. Refuses calendars beyond the queue's door; inside it everything is a span.

import ArgumentParser
import ControlPlane
import Foundation
import Primitives
import Scheduling

/// The team that `text` is, `NAME[:WEIGHT[:QUOTA]]`.
@Sendable func teamArgument(_ text: String) throws -> Team {
    do { return try Team(parsing: text) } catch { throw ValidationError(error.description) }
}

/// When a job must have ended.
enum DeadlineArgument: ExpressibleByArgument {
    /// That long after the command was given.
    case after(TimeSpan)
    /// Then.
    case date(Date)

    /// A time with a unit; or a date, which without a zone is local as Slurm's are.
    init?(argument: String) {
        if let span = TimeSpan(argument: argument) {
            self = .after(span)
        } else if let date = DeadlineArgument.date(argument) {
            self = .date(date)
        } else {
            return nil
        }
    }

    /// How long it is until then.
    var fromNow: TimeSpan {
        switch self {
        case .after(let span): span
        case .date(let date): .seconds(min(max(date.timeIntervalSinceNow, -9e9), 9e9))
        }
    }

    private static func date(_ text: String) -> Date? {
        let zoned = ISO8601DateFormatter()
        if let date = zoned.date(from: text) { return date }
        let local = DateFormatter()
        local.locale = Locale(identifier: "en_US_POSIX")
        local.isLenient = false
        for format in ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd"] {
            local.dateFormat = format
            if let date = local.date(from: text) { return date }
        }
        return nil
    }
}
