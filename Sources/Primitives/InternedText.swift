// A text that many values carry: thousands of workers name the same node or the same arithmetic. It is stored once and for
// as long as the process lives, and what carries it is a word that is copied without counting anything; so it is for
// names, of which there are few, and refuses to be anybody's message.

import Synchronization

/// A text that is stored once, however often it is named.
public struct InternedText: Hashable, Comparable, Sendable {
    @usableFromInline
    final class Entry: Sendable {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private static let entries = Mutex<[String: Entry]>([:])

    /// Held by `entries`, which lets go of nothing.
    @usableFromInline let entry: Unmanaged<Entry>

    /// The one text equal to `text`.
    public init(_ text: String) {
        entry = Self.entries.withLock { entries in
            if let known = entries[text] { return Unmanaged.passUnretained(known) }
            let new = Entry(text)
            entries[text] = new
            return Unmanaged.passUnretained(new)
        }
    }

    /// The text itself.
    public var text: String { entry._withUnsafeGuaranteedRef { $0.text } }

    /// Equal texts are one. Inlinable, because the lists of large gangs are compared with it.
    @inlinable
    public static func == (a: InternedText, b: InternedText) -> Bool { a.entry.toOpaque() == b.entry.toOpaque() }

    /// By which text it is; not the same in another process.
    public func hash(into hasher: inout Hasher) { hasher.combine(entry.toOpaque()) }

    /// Alphabetical.
    public static func < (a: InternedText, b: InternedText) -> Bool { a != b && a.text < b.text }
}

extension InternedText: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}

extension InternedText: ExpressibleByStringLiteral {
    /// The one text equal to the literal.
    public init(stringLiteral text: String) { self.init(text) }
}

extension InternedText: Codable {
    /// Reads a text.
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
