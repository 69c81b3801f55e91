// A journal as JSON lines: one object a record, with the event and the commands taken apart into fields. Refuses to
// give fields types: they are the journal's own text, which the field's name explains.

import ControlPlane
import Journaling
import Primitives

/// `record` as one line of JSON: `sequence`, `at_ns` on the run's clock, `wall_ns` since 1970, `kind`, `fields`, and
/// `commands` with a `kind` and `fields` each.
public func recordLine(_ record: Record) -> String {
    let commands = record.commands.map { object($0.line) }.joined(separator: ",")
    let event = record.event.line
    return "{\"sequence\":\(record.sequence),\"at_ns\":\(record.at.nanoseconds),\"wall_ns\":\(record.wallNanoseconds),"
        + "\"kind\":\(JSONText.quoted(event.head)),\"fields\":\(fields(event)),\"commands\":[\(commands)]}\n"
}

private func object(_ line: Line) -> String { "{\"kind\":\(JSONText.quoted(line.head)),\"fields\":\(fields(line))}" }

private func fields(_ line: Line) -> String {
    "{" + line.fields.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }.joined(separator: ",") + "}"
}
