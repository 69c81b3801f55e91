// A record as a line of text: a head word and named fields, `step-committed run=quickstart-0001 step=41 loss=3.25`.
// The journal stores its events and commands in this form, tests write scenarios in it, people read it. Hand-written
// because interpolating a struct costs forty times as much. Refuses nesting: what needs it is not a record.

/// A head word with named fields in a fixed order.
public struct Line: Equatable, Sendable {
    /// What kind of record this is.
    public var head: String
    /// The fields in the order they are written.
    public private(set) var fields: [(name: String, value: String)] = []

    /// A line of kind `head` without fields.
    public init(_ head: String) { self.head = head }

    /// Appends a field; a nil value is left out.
    /// - Precondition: `name` is a word: printable ASCII without `=` (checked in debug builds).
    public mutating func add(_ name: String, _ value: (some LineValue)?) {
        assert(!name.isEmpty && Line.isPlain(name) && !name.utf8.contains(UInt8(ascii: "=")), "'\(name)' is no word")
        if let value { fields.append((name, value.lineText)) }
    }

    /// This line with one more field; a nil value is left out.
    public func with(_ name: String, _ value: (some LineValue)?) -> Line {
        var line = self
        line.add(name, value)
        return line
    }

    /// The text of field `name`, if it is there.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Field `name` read as a `Value`.
    /// - Throws: `LineError` when it is missing or is not of that type.
    public func read<Value: LineValue>(_ name: String, as: Value.Type = Value.self) throws(LineError) -> Value {
        guard let text = self[name] else { throw LineError(line: text, problem: "the field \(name) is missing") }
        guard let value = Value(lineText: text) else {
            throw LineError(line: self.text, problem: "the field \(name) cannot be '\(text)'")
        }
        return value
    }

    /// Field `name` read as a `Value`, or nil when the line has none.
    /// - Throws: `LineError` when it is there and is not of that type.
    public func readIfPresent<Value: LineValue>(
        _ name: String, as: Value.Type = Value.self
    ) throws(LineError) -> Value? {
        self[name] == nil ? nil : try read(name, as: Value.self)
    }

    /// Same head, same fields in the same order.
    public static func == (a: Line, b: Line) -> Bool {
        a.head == b.head && a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
    }
}

/// Why a line could not be read.
public struct LineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The whole line.
    public var line: String
    /// What is wrong with it.
    public var problem: String
    /// A report of `problem` in `line`.
    public init(line: String, problem: String) {
        self.line = line
        self.problem = problem
    }
    /// The problem and the line.
    public var description: String { "\(problem) in the record `\(line)`" }
}

extension Line {
    /// The line as text. A value that is not plain printable ASCII is quoted, and what would break a line or hide in it
    /// (control characters, the Unicode line separators) is escaped, so that a record is one line whatever it says.
    public var text: String {
        var out = head
        for (name, value) in fields {
            out += " "
            out += name
            out += "="
            Line.append(value, to: &out)
        }
        return out
    }

    /// Whether `value` can stand without quotes: printable ASCII, no space, quote or backslash.
    private static func isPlain(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private static func append(_ value: String, to out: inout String) {
        guard value.isEmpty || !isPlain(value) else {
            out += value
            return
        }
        out += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}"..."\u{2029}":
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }

    /// Reads one line of text.
    /// - Throws: `LineError` when it is not of the form `head name=value …`.
    public init(parsing text: some StringProtocol) throws(LineError) {
        let source = String(text)
        var rest = Substring(source).unicodeScalars
        func fail(_ problem: String) -> LineError { LineError(line: source, problem: problem) }

        let head = rest.prefix { $0 != " " }
        guard !head.isEmpty else { throw fail("the head word is missing") }
        self.init(String(head))
        rest = rest.dropFirst(head.count)
        while true {
            rest = rest.drop { $0 == " " }
            guard !rest.isEmpty else { return }
            let name = rest.prefix { $0 != "=" && $0 != " " }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.first == "=" else { throw fail("a field is not name=value") }
            rest = rest.dropFirst()
            if rest.first == "\"" {
                fields.append((String(name), try Line.quoted(&rest, fail)))
                guard rest.isEmpty || rest.first == " " else { throw fail("a quoted value is followed by no space") }
            } else {
                let value = rest.prefix { $0 != " " }
                rest = rest.dropFirst(value.count)
                fields.append((String(name), String(value)))
            }
        }
    }

    private static func quoted(
        _ rest: inout Substring.UnicodeScalarView, _ fail: (String) -> LineError
    ) throws(LineError) -> String {
        var value = String.UnicodeScalarView()
        rest = rest.dropFirst()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(value)
            case "\\":
                switch rest.popFirst() {
                case "n": value.append("\n")
                case "r": value.append("\r")
                case "t": value.append("\t")
                case "u": value.append(try Line.escaped(&rest, fail))
                case let other?: value.append(other)
                case nil: throw fail("a quoted value ends in a backslash")
                }
            default: value.append(scalar)
            }
        }
        throw fail("a quoted value does not end")
    }

    /// The scalar of `{hex}`, what stands behind a backslash and u.
    private static func escaped(
        _ rest: inout Substring.UnicodeScalarView, _ fail: (String) -> LineError
    ) throws(LineError) -> Unicode.Scalar {
        let digits = rest.dropFirst().prefix { $0 != "}" && $0 != "\"" }
        let end = rest.dropFirst(1 + digits.count)
        guard rest.first == "{", end.first == "}", digits.count <= 6, let code = UInt32(String(digits), radix: 16),
            let scalar = Unicode.Scalar(code)
        else { throw fail("an escaped character is not of the form \\u{2028}") }
        rest = end.dropFirst()
        return scalar
    }
}
