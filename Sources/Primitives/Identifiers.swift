// Names of things, each in a type of its own so that a rank is never passed for a generation. Words as in
// docs/GLOSSARY.md.

/// The name of a run: its folder's name, `quickstart-0007`.
public struct RunID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    private enum CodingKeys: String, CodingKey { case interned = "name" }
    private let interned: InternedText
    /// The name as text.
    public var name: String { interned.text }
    /// The run called `name`.
    public init(_ name: String) { interned = InternedText(name) }
    /// The name.
    public var description: String { name }
    /// Alphabetical.
    public static func < (a: RunID, b: RunID) -> Bool { a.interned < b.interned }
}

/// The name of a node: one machine with its accelerators.
public struct NodeID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    private enum CodingKeys: String, CodingKey { case interned = "name" }
    @usableFromInline let interned: InternedText
    /// The name as text.
    public var name: String { interned.text }
    /// The node called `name`.
    public init(_ name: String) { interned = InternedText(name) }
    /// The name.
    public var description: String { name }
    /// Equal names are one.
    @inlinable
    public static func == (a: NodeID, b: NodeID) -> Bool { a.interned == b.interned }
    /// Alphabetical.
    public static func < (a: NodeID, b: NodeID) -> Bool { a.interned < b.interned }

    /// Whether the name is a host's: ASCII letters, digits, `.`, `-` and `_`, at least one. Lists of workers in records
    /// rely on it.
    public var isWord: Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// The address of a worker: a slot on a node, `laptop/2`. The process behind it changes; each has an `Incarnation`.
public struct WorkerID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The node the slot is on.
    public var node: NodeID
    /// The slot's index on its node, from 0.
    public var slot: Int
    /// Slot `slot` of `node`.
    public init(node: NodeID, slot: Int) {
        self.node = node
        self.slot = slot
    }
    /// Reads `node/slot`; nil when the text is not of that form.
    public init?(_ text: String) {
        guard let slash = text.lastIndex(of: "/"), let slot = Int(text[text.index(after: slash)...]), slot >= 0,
            slash != text.startIndex
        else { return nil }
        self.init(node: NodeID(String(text[..<slash])), slot: slot)
    }
    /// `node/slot`.
    public var description: String { "\(node)/\(slot)" }
    /// The same slot of the same node.
    @inlinable
    public static func == (a: WorkerID, b: WorkerID) -> Bool { a.node == b.node && a.slot == b.slot }
    /// By node, then by slot.
    public static func < (a: WorkerID, b: WorkerID) -> Bool {
        a.node == b.node ? a.slot < b.slot : a.node < b.node
    }
}

/// Which process lives at a worker's address: raised by the coordinator at each join. Never reused.
public struct Incarnation: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The count, from 1.
    public var number: Int
    /// Incarnation `number`.
    public init(_ number: Int) { self.number = number }
    /// The number.
    public var description: String { "\(number)" }
    /// The earlier process sorts first.
    public static func < (a: Incarnation, b: Incarnation) -> Bool { a.number < b.number }
}

/// The number the coordinator raises each time it forms a gang. What carries an older one is refused (fencing).
public struct Generation: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The count; 0 before the first gang.
    public var number: Int
    /// Generation `number`.
    public init(_ number: Int) { self.number = number }
    /// The generation after this one.
    public var next: Generation { Generation(number + 1) }
    /// The number.
    public var description: String { "\(number)" }
    /// The older generation sorts first.
    public static func < (a: Generation, b: Generation) -> Bool { a.number < b.number }
}
