// Afflictions as bytes, apart from the other messages because only drills send them. Refuses what nobody could suffer: a
// factor that speeds up, a time that runs backwards.

import Messages
import Primitives

extension ByteWriter {
    mutating func affliction(_ affliction: Affliction) {
        switch affliction {
        case .end: integer(UInt8(1))
        case .slow(let factor, let span):
            integer(UInt8(2))
            double(factor)
            integer(span.nanoseconds)
        case .partCoordinator(let out, let `in`, let span):
            integer(UInt8(3))
            integer(UInt8(out ? 1 : 0))
            integer(UInt8(`in` ? 1 : 0))
            integer(span.nanoseconds)
        case .partMember(let rank, let span):
            integer(UInt8(4))
            int(rank)
            integer(span.nanoseconds)
        case .flipBit: integer(UInt8(5))
        case .notANumber: integer(UInt8(6))
        case .diskFull(let span):
            integer(UInt8(7))
            integer(span.nanoseconds)
        case .garbage(let batches):
            integer(UInt8(8))
            range(batches)
        case .learningRate(let factor, let batches):
            integer(UInt8(9))
            double(factor)
            range(batches)
        case .flipParameter: integer(UInt8(10))
        }
    }
}

extension ByteReader {
    mutating func affliction() throws(FrameError) -> Affliction {
        switch try integer("affliction", as: UInt8.self) {
        case 1: return .end
        case 2:
            let factor = try double("factor")
            guard factor >= 1, factor.isFinite else { throw .malformed(field: "factor") }
            return .slow(factor: factor, for: try span("time"))
        case 3:
            let out = try flag("outwards")
            return .partCoordinator(out: out, in: try flag("inwards"), for: try span("time"))
        case 4: return .partMember(rank: try count("rank"), for: try span("time"))
        case 5: return .flipBit
        case 6: return .notANumber
        case 7: return .diskFull(for: try span("time"))
        case 8: return .garbage(batches: try range("batches"))
        case 9:
            let factor = try double("factor")
            guard factor > 0, factor.isFinite else { throw .malformed(field: "factor") }
            return .learningRate(factor: factor, batches: try range("batches"))
        case 10: return .flipParameter
        default: throw .malformed(field: "affliction")
        }
    }

    private mutating func flag(_ field: String) throws(FrameError) -> Bool {
        let value = try integer(field, as: UInt8.self)
        guard value <= 1 else { throw .malformed(field: field) }
        return value == 1
    }
}
