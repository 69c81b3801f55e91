// A trace in Perfetto's protobuf (perfetto.dev, protos/perfetto/trace): opens in ui.perfetto.dev and in trace_processor.
// The field numbers below are that schema's. Refuses interning and compression: a viewer reads these files once.

import Primitives

/// `trace` as a file for the Perfetto viewer.
///
/// Times are nanoseconds since the run was submitted. Tracks keep the trace's order, which needs explicit ranks.
public func perfettoFile(_ trace: Trace) -> [UInt8] {
    var file = ProtobufWriter()
    for track in trace.tracks { file.message(1) { packet in describe(track, in: &packet) } }
    var open: [TraceSlice] = []
    func close(_ slice: TraceSlice, in file: inout ProtobufWriter) {
        event(in: &file, at: slice.to, kind: 2, track: slice.track) { _ in }
    }
    for slice in trace.slices {
        while let last = open.last, last.track != slice.track || last.to <= slice.from {
            close(open.removeLast(), in: &file)
        }
        event(in: &file, at: slice.from, kind: slice.isInstant ? 3 : 1, track: slice.track) { write(slice, in: &$0) }
        if !slice.isInstant { open.append(slice) }
    }
    while let last = open.popLast() { close(last, in: &file) }
    for sample in trace.samples where sample.value.isFinite {
        event(in: &file, at: sample.at, kind: 4, track: sample.track) { $0.real(44, sample.value) }
    }
    return file.bytes
}

/// The one sequence of packets in a file.
private let sequence: UInt64 = 1

private func identifier(_ track: Int) -> UInt64 { UInt64(track) + 1 }

private func describe(_ track: TraceTrack, in packet: inout ProtobufWriter) {
    packet.integer(10, sequence)
    packet.message(60) { descriptor in
        descriptor.integer(1, identifier(track.index))
        descriptor.text(2, track.name)
        if let parent = track.parent { descriptor.integer(5, identifier(parent)) }
        if case .counter(let unit) = track.kind { descriptor.message(8) { $0.text(6, unit) } }
        descriptor.integer(11, UInt64(3))  // child_ordering: EXPLICIT
        descriptor.integer(12, UInt64(track.index))  // sibling_order_rank
    }
}

private func event(
    in file: inout ProtobufWriter, at instant: Instant, kind: UInt64, track: Int,
    _ body: (inout ProtobufWriter) -> Void
) {
    file.message(1) { packet in
        packet.integer(8, UInt64(max(0, instant.nanoseconds)))
        packet.integer(10, sequence)
        packet.message(11) { event in
            event.integer(9, kind)
            event.integer(11, identifier(track))
            body(&event)
        }
    }
}

private func write(_ slice: TraceSlice, in event: inout ProtobufWriter) {
    event.text(23, slice.name)
    for argument in slice.arguments {
        event.message(4) { annotation in
            annotation.text(10, argument.name)
            switch argument.value {
            case .integer(let value): annotation.integer(4, value)
            case .real(let value): annotation.real(5, value)
            case .text(let value): annotation.text(6, value)
            }
        }
    }
    for flow in slice.flowsOut { event.fixed64(47, flow) }
    for flow in slice.flowsIn { event.fixed64(48, flow) }
}
