// A queue's words in control frames: text, a line each, cut into frames where there are many. Refuses to understand them.

import Messages
import Primitives

extension QueueWords: ControlMessage {
    private static let more: UInt8 = 128
    private static let last: UInt8 = 129

    /// 128 where more follows, 129 for the last frame.
    public var kind: UInt8 { isLast ? QueueWords.last : QueueWords.more }

    /// The protocol's.
    public var version: Int { protocolVersion }

    /// The lines as UTF-8.
    public var body: [UInt8] { Array(lines.map(\.text).joined(separator: "\n").utf8) }

    /// Reads what `body` wrote.
    public init(kind: UInt8, body: [UInt8]) throws(FrameError) {
        guard kind == QueueWords.more || kind == QueueWords.last else { throw .unknownKind(kind) }
        guard let text = String(validating: body, as: UTF8.self) else { throw .malformed(field: "text") }
        var lines: [Line] = []
        for part in text.split(separator: "\n") {
            do throws(LineError) { lines.append(try Line(parsing: part)) } catch { throw .malformed(field: "line") }
        }
        self.init(lines, isLast: kind == QueueWords.last)
    }

    /// The words in frames that are sent one after the other, each far below the limit.
    package static func frames(_ lines: [Line]) -> [[UInt8]] {
        var frames: [QueueWords] = []
        var (part, size): ([Line], Int) = ([], 0)
        for line in lines {
            let length = line.text.utf8.count + 1
            if size + length > controlFrameLimit / 2, !part.isEmpty {
                frames.append(QueueWords(part, isLast: false))
                (part, size) = ([], 0)
            }
            part.append(line)
            size += length
        }
        frames.append(QueueWords(part))
        return frames.map { Frame($0, incarnation: Incarnation(0)).bytes }
    }
}
