// Text as JSON writes it. Here because headers and manifests are written by hand, in an order and a layout that people
// read. Refuses to be a JSON library: Foundation reads what may be read leniently.

/// Pieces of JSON.
enum JSONText {
    /// `text` in quotation marks, with what JSON wants escaped (RFC 8259, section 7).
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
