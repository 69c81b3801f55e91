// Text on its way into a corpus: is it UTF-8, and if not, where does it stop being so. Files come in pieces and a
// character may lie across two of them, so the check keeps its place. Refuses to repair: a replaced byte would be a
// token that nobody wrote.

/// Holds a stream of bytes against UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
struct UTF8Check {
    /// How many bytes were seen.
    private(set) var count = 0
    /// Where the character begun last started.
    private var start = 0
    /// How many continuation bytes it still needs, and what the next of them may be.
    private var missing = 0
    private var allowed: ClosedRange<UInt8> = 0x80...0xbf

    /// Takes in the next bytes. Returns the offset, from the first byte of all, of the first character that is none.
    mutating func update(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while at < bytes.count {
            if missing == 0 {
                at = UTF8Check.endOfASCII(bytes, from: at)
                if at == bytes.count { break }
                start = count + at
                guard begin(bytes[at]) else { return start }
            } else {
                guard allowed.contains(bytes[at]) else { return start }
                missing -= 1
                allowed = 0x80...0xbf
            }
            at += 1
        }
        count += bytes.count
        return nil
    }

    /// Where an unfinished character began, if the text ends here.
    var unfinished: Int? { missing == 0 ? nil : start }

    /// The first byte from `start` on that is not ASCII, eight at a time.
    private static func endOfASCII(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while at + 8 <= bytes.count,
            bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        { at += 8 }
        while at < bytes.count, bytes[at] < 0x80 { at += 1 }
        return at
    }

    /// Takes a character's first byte; false if no character begins so.
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xc2...0xdf: missing = 1
        case 0xe0...0xef:
            missing = 2
            if byte == 0xe0 { allowed = 0xa0...0xbf }
            if byte == 0xed { allowed = 0x80...0x9f }
        case 0xf0...0xf4:
            missing = 3
            if byte == 0xf0 { allowed = 0x90...0xbf }
            if byte == 0xf4 { allowed = 0x80...0x8f }
        default: return false
        }
        return true
    }
}
