// The JSON of a safetensors header, and nothing else that JSON can say: an object of objects with strings and arrays of
// whole numbers. It allocates no more than the header's own size, never recurses, and says at which byte it stopped.
// Refuses duplicates, unknown keys, fractions and signs.

/// Reads a header's JSON from its first byte to its last.
struct SafetensorsHeaderParser {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The tensors in the order of the text, each with a range that fits its sizes.
    mutating func parse() throws(SafetensorsError.Problem) -> [SafetensorsTensor] {
        var tensors: [SafetensorsTensor] = []
        var names: Set<String> = []
        try expect("{", "an object")
        if try !take("}") {
            repeat {
                let name = try string()
                guard names.insert(name).inserted else { throw .duplicate(name) }
                try expect(":", "a colon")
                if name == "__metadata__" { try metadata() } else { tensors.append(try tensor(named: name)) }
            } while try take(",")
            try expect("}", "a comma or the end of the object")
        }
        skipSpace()
        guard at == bytes.count else { throw malformed("nothing but spaces may follow the object") }
        return tensors
    }

    /// An object of strings. Its values mean nothing to training, so they are only held against the grammar.
    private mutating func metadata() throws(SafetensorsError.Problem) {
        var keys: Set<String> = []
        try expect("{", "an object of strings")
        if try take("}") { return }
        repeat {
            let key = try string()
            guard keys.insert(key).inserted else { throw .duplicate("__metadata__.\(key)") }
            try expect(":", "a colon")
            _ = try string()
        } while try take(",")
        try expect("}", "a comma or the end of the object")
    }

    private mutating func tensor(named name: String) throws(SafetensorsError.Problem) -> SafetensorsTensor {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try expect("{", "an object")
        repeat {
            let key = try string()
            try expect(":", "a colon")
            switch key {
            case "dtype" where type == nil: type = try string()
            case "shape" where shape == nil: shape = try integers()
            case "data_offsets" where offsets == nil: offsets = try integers()
            case "dtype", "shape", "data_offsets": throw .duplicate("\(name).\(key)")
            default: throw malformed("\(name) has the unknown key \(key)")
            }
        } while try take(",")
        try expect("}", "a comma or the end of the object")
        guard let type, let shape, let offsets else { throw malformed("\(name) lacks dtype, shape or data_offsets") }
        guard type == "F32" else { throw .unsupportedType(tensor: name, type: type) }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw .misplaced(tensor: name, reason: "its offsets are not a first and a last byte")
        }
        var size = 4
        for length in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: length)
            guard !overflow else { throw .misplaced(tensor: name, reason: "its sizes have no product") }
            size = product
        }
        guard offsets[1] - offsets[0] == size else {
            throw .misplaced(
                tensor: name, reason: "its sizes need \(size) bytes, its offsets span \(offsets[1] - offsets[0])")
        }
        return SafetensorsTensor(name: name, shape: shape, range: offsets[0]..<offsets[1])
    }

    private mutating func integers() throws(SafetensorsError.Problem) -> [Int] {
        var numbers: [Int] = []
        try expect("[", "an array of whole numbers")
        if try take("]") { return numbers }
        repeat {
            skipSpace()
            let start = at
            while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
            guard let number = Int(String(decoding: bytes[start..<at], as: UTF8.self)) else {
                throw malformed("a whole number is expected")
            }
            numbers.append(number)
        } while try take(",")
        try expect("]", "a comma or the end of the array")
        return numbers
    }

    private mutating func string() throws(SafetensorsError.Problem) -> String {
        try expect("\"", "a string")
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else { throw malformed("it is not UTF-8") }
                return result
            case UInt8(ascii: "\\"): text += try escape()
            case 0..<0x20: throw malformed("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw malformed("a string does not end")
    }

    /// The UTF-8 of what follows a backslash.
    private mutating func escape() throws(SafetensorsError.Problem) -> [UInt8] {
        guard at < bytes.count else { throw malformed("a string does not end") }
        defer { at += 1 }
        switch bytes[at] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [bytes[at]]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            // Names of tensors are ASCII: one code unit is enough, and a lone surrogate has no scalar.
            guard at + 4 < bytes.count, let unit = UInt32(hexadecimal: bytes[at + 1...at + 4]),
                let scalar = Unicode.Scalar(unit)
            else { throw malformed("an escape names no character of the basic plane") }
            at += 4
            return Array(String(Character(scalar)).utf8)
        default: throw malformed("an escape is unknown")
        }
    }

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) throws(SafetensorsError.Problem) -> Bool {
        skipSpace()
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(SafetensorsError.Problem) {
        guard try take(character) else { throw malformed("\(what) is expected") }
    }

    private func malformed(_ reason: String) -> SafetensorsError.Problem {
        .malformedHeader(offset: at, reason: reason)
    }
}

extension UInt32 {
    /// The value of hexadecimal digits; nil for anything else.
    fileprivate init?(hexadecimal digits: ArraySlice<UInt8>) {
        var value: UInt32 = 0
        for digit in digits {
            guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(number)
        }
        self = value
    }
}
