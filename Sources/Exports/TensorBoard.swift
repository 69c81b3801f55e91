// A run for TensorBoard: one run directory a segment, so that each restart keeps its own colour and no point is thrown
// away. (Within one directory TensorBoard deletes what a restart overlaps.) Event files are TFRecord framing around the
// messages Event and Summary of tensorflow/core/util/event.proto and framework/summary.proto; the field numbers below
// are theirs. Refuses to write files: it names them and gives their bytes.

import CKernels
import Journaling
import Primitives
import Reports

/// A file of an export that is a folder.
public struct ExportFile: Equatable, Sendable {
    /// Its path inside the folder.
    public var path: String
    /// What is in it.
    public var bytes: [UInt8]
}

/// The event files of `history`.
///
/// Wall times are the submission's plus the run's clock. Scalars: `train/loss` and `validation/loss` in nats a token,
/// `train/gradient_norm`, `train/learning_rate`, `train/tokens_per_second`. Incidents are texts in a run of their own.
/// - Parameter isMerged: one directory `run` with a session start at each restart, as TensorBoard expects of a program
///   that was restarted; it then hides the points a restart does again.
public func tensorBoardFiles(_ history: RunHistory, isMerged: Bool = false) -> [ExportFile] {
    var files: [ExportFile] = []
    var merged = EventFile(history)
    let bySegment = SegmentSteps(history)
    for segment in history.segments where segment.lastStep != nil {
        var own = EventFile(history)
        func write(_ file: inout EventFile) {
            if isMerged, segment.index > 0 { file.sessionStart(at: segment.formedAt, step: segment.restored + 1) }
            file.write(history.steps[bySegment.ranges[segment.index]], began: segment.began)
            for point in history.evaluations where point.segment == segment.index {
                file.scalar("validation/loss", point.loss, step: point.step, at: point.at)
            }
        }
        if isMerged {
            write(&merged)
        } else {
            write(&own)
            let number = String(segment.index + 1)
            let name = "seg-" + String(repeating: "0", count: max(0, 4 - number.count)) + number
            files.append(ExportFile(path: "\(name)/\(own.name)", bytes: own.bytes))
        }
    }
    if isMerged { files.append(ExportFile(path: "run/\(merged.name)", bytes: merged.bytes)) }
    if !history.incidents.isEmpty {
        var file = EventFile(history)
        for incident in history.incidents {
            let text = "**\(incident.name)** \(incident.sentence): \(history.action(on: incident))"
            file.text("incidents", text, step: incident.step, at: incident.at)
        }
        files.append(ExportFile(path: "incidents/\(file.name)", bytes: file.bytes))
    }
    return files
}

/// An event file being written.
private struct EventFile {
    private let history: RunHistory
    private(set) var bytes: [UInt8] = []

    init(_ history: RunHistory) {
        self.history = history
        let wall = Double(history.submittedWall) / 1e9
        record { event in
            event.real(1, wall)
            event.text(3, "brain.Event:2")
        }
    }

    /// TensorBoard reads every file with `tfevents` in its name; the number is the submission's second.
    var name: String { "events.out.tfevents.\(history.submittedWall / 1_000_000_000).understudy" }

    /// The scalars of `points`, the steps of one segment that began at `began`.
    mutating func write(_ points: ArraySlice<StepPoint>, began: Instant?) {
        var previous = began
        for point in points {
            scalar("train/loss", point.loss, step: point.step, at: point.at)
            scalar("train/gradient_norm", point.gradientNorm, step: point.step, at: point.at)
            scalar("train/learning_rate", point.learningRate, step: point.step, at: point.at)
            if let previous, point.at > previous {
                let speed = Double(point.tokens) / (point.at - previous).seconds
                scalar("train/tokens_per_second", speed, step: point.step, at: point.at)
            }
            previous = point.at
        }
    }

    mutating func scalar(_ tag: String, _ value: Double, step: Int, at instant: Instant) {
        event(step, at: instant) { event in
            event.message(5) { summary in
                summary.message(1) { entry in
                    entry.text(1, tag)
                    entry.float(2, Float(value))
                }
            }
        }
    }

    mutating func text(_ tag: String, _ value: String, step: Int, at instant: Instant) {
        event(step, at: instant) { event in
            event.message(5) { summary in
                summary.message(1) { entry in
                    entry.text(1, tag)
                    entry.message(8) { tensor in
                        tensor.integer(1, UInt64(7))  // dtype: DT_STRING
                        tensor.message(2) { shape in shape.message(2) { $0.integer(1, UInt64(1)) } }
                        tensor.text(8, value)
                    }
                    entry.message(9) { metadata in metadata.message(1) { $0.text(1, "text") } }
                }
            }
        }
    }

    mutating func sessionStart(at instant: Instant, step: Int) {
        event(step, at: instant) { event in event.message(7) { $0.integer(1, UInt64(1)) } }
    }

    private mutating func event(_ step: Int, at instant: Instant, _ body: (inout ProtobufWriter) -> Void) {
        let wall = Double(history.submittedWall) / 1e9 + (instant - history.start).seconds
        record { event in
            event.real(1, wall)
            event.integer(2, Int64(step))
            body(&event)
        }
    }

    /// TFRecord: length, its checksum, the data, their checksum; checksums are CRC-32C, rotated and offset.
    private mutating func record(_ body: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        body(&message)
        let length = withUnsafeBytes(of: UInt64(message.bytes.count).littleEndian) { Array($0) }
        for part in [length, message.bytes] {
            bytes += part
            let crc = part.withUnsafeBytes { crc32c_extend(0, $0.baseAddress, $0.count) }
            let masked = (crc >> 15 | crc << 17) &+ 0xa282_ead8
            withUnsafeBytes(of: masked.littleEndian) { bytes.append(contentsOf: $0) }
        }
    }
}
