// A trace in Chrome's JSON form, which older viewers and many tools read. A node is a process, a row a thread. Its
// times are microseconds with three figures after the point, written from integer nanoseconds, so that a duration is
// exactly the difference of the two ends. Refuses floating point on the way: rounding both ends apart makes slices
// cross, and viewers drop those.

import Primitives

/// `trace` as Chrome's trace-event JSON.
public func chromeTrace(_ trace: Trace) -> String {
    var events: [String] = []
    /// The outermost group of each track is its process.
    var processes: [Int] = []
    for track in trace.tracks {
        let process = track.parent.map { processes[$0] } ?? track.index
        processes.append(process)
        let (kind, label) =
            track.parent == nil ? ("process_name", "process_sort_index") : ("thread_name", "thread_sort_index")
        let place = "\"pid\":\(process + 1),\"tid\":\(track.index + 1)"
        events.append("{\"ph\":\"M\",\"name\":\"\(kind)\",\(place),\"args\":{\"name\":\(JSONText.quoted(track.name))}}")
        events.append("{\"ph\":\"M\",\"name\":\"\(label)\",\(place),\"args\":{\"sort_index\":\(track.index)}}")
    }
    func place(_ track: Int) -> String { "\"pid\":\(processes[track] + 1),\"tid\":\(track + 1)" }
    for slice in trace.slices {
        let arguments = slice.arguments.map { "\(JSONText.quoted($0.name)):\($0.value.json)" }.joined(separator: ",")
        let head =
            "\"name\":\(JSONText.quoted(slice.name)),\(place(slice.track)),\"ts\":\(microseconds(slice.from.nanoseconds))"
        if slice.isInstant {
            events.append("{\"ph\":\"i\",\"s\":\"t\",\(head),\"args\":{\(arguments)}}")
        } else {
            let span = microseconds((slice.to - slice.from).nanoseconds)
            events.append("{\"ph\":\"X\",\(head),\"dur\":\(span),\"args\":{\(arguments)}}")
        }
        for (phase, flows) in [("s", slice.flowsOut), ("f", slice.flowsIn)] {
            for flow in flows {
                let binding = phase == "f" ? ",\"bp\":\"e\"" : ""
                events.append("{\"ph\":\"\(phase)\",\"cat\":\"flow\",\"id\":\"\(flow)\",\(head)\(binding)}")
            }
        }
    }
    for sample in trace.samples where sample.value.isFinite {
        let name = trace.tracks[sample.track].name
        events.append(
            "{\"ph\":\"C\",\"name\":\(JSONText.quoted(name)),\(place(sample.track)),"
                + "\"ts\":\(microseconds(sample.at.nanoseconds)),\"args\":{\(JSONText.quoted(name)):\(sample.value)}}")
    }
    return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + events.joined(separator: ",\n") + "\n]}\n"
}

/// Nanoseconds as microseconds, exactly.
private func microseconds(_ nanoseconds: Int64) -> String {
    let fraction = String(nanoseconds.magnitude % 1_000)
    return (nanoseconds < 0 ? "-" : "") + "\(nanoseconds.magnitude / 1_000)."
        + String(repeating: "0", count: 3 - fraction.count) + fraction
}

extension TraceArgument.Value {
    fileprivate var json: String {
        switch self {
        case .integer(let value): "\(value)"
        case .real(let value): value.isFinite ? "\(value)" : JSONText.quoted("\(value)")
        case .text(let value): JSONText.quoted(value)
        }
    }
}
