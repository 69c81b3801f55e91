// Whether text is dressed with terminal escape codes, and the one place that writes them. Emphasis is never the only
// cue: everything reads the same without it. Refuses to look at a terminal or the environment; the caller decides.

/// How text is dressed for a terminal.
public struct Style: Equatable, Sendable {
    /// What a piece of text is to the reader.
    public enum Emphasis: Equatable, Sendable, Codable {
        /// Ordinary text.
        case plain
        /// Headings and names.
        case bold
        /// What may be skipped.
        case dim
        /// Something that went well.
        case good
        /// Something that went wrong.
        case bad
    }

    /// Whether escape codes are written.
    public var isOn: Bool

    /// A style with escape codes, or without.
    public init(isOn: Bool) { self.isOn = isOn }

    /// Text without escape codes.
    public static let plain = Style(isOn: false)
    /// Text with escape codes.
    public static let terminal = Style(isOn: true)

    /// `text` with `emphasis`; as it is when the style is off.
    public func apply(_ emphasis: Emphasis, to text: String) -> String {
        guard isOn, !text.isEmpty else { return text }
        switch emphasis {
        case .plain: return text
        case .bold: return "\u{1b}[1m\(text)\u{1b}[0m"
        case .dim: return "\u{1b}[2m\(text)\u{1b}[0m"
        case .good: return "\u{1b}[32m\(text)\u{1b}[0m"
        case .bad: return "\u{1b}[31m\(text)\u{1b}[0m"
        }
    }
}

/// `text` on one line without control characters, each replaced by a space: a journal holds words of other machines,
/// and those must not drive the reader's terminal.
public func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { out.append(isControl(scalar) ? " " : scalar) }
    return String(out)
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    // U+2028 and U+2029 break lines; the others below are the C0 and C1 control codes and DEL.
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
}

/// `text` cut to `width` characters, the last of them `…` when something was cut off.
public func shortened(_ text: String, to width: Int) -> String {
    guard text.count > width else { return text }
    return width <= 0 ? "" : text.prefix(width - 1) + "…"
}
