// Text in quotation marks as JSON and YAML both read it. Here because headers, manifests, traces and resolved job files
// are written by hand, in an order and a layout that people read. Refuses to be a JSON library: it writes one string.

/// Pieces of JSON.
public enum JSONText {
    /// `text` in quotation marks: a JSON string (RFC 8259, section 7) that is a double-quoted YAML scalar as well (YAML
    /// 1.2, section 7.3.1). Whatever would break a line or hide in one is escaped, which is more than JSON asks for.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.properties.generalCategory == .control || invisible.contains(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static let invisible: [Unicode.Scalar] = ["\u{2028}", "\u{2029}", "\u{FEFF}"]
}
