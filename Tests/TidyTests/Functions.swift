// How long each function of a source is, by counting braces in its code. Best effort: it finds functions, initialisers,
// subscripts and computed properties in Swift and definitions that begin a line in C. Refuses to parse either language.

/// One function and the lines it covers.
struct FunctionExtent: Equatable {
    /// The first words of its declaration.
    var name: String
    /// The line of its declaration, from 1.
    var line: Int
    /// How many lines it has, declaration and closing brace included.
    var length: Int
}

enum Functions {
    /// The functions of `code`, which has neither comments nor strings.
    static func inSwift(_ code: String) -> [FunctionExtent] {
        let lines = code.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.compactMap { index in
            guard let name = declaration(in: lines[index]),
                let end = end(of: lines[index...], isProperty: name.hasPrefix("var "))
            else { return nil }
            return FunctionExtent(name: name, line: index + 1, length: end - index + 1)
        }
    }

    /// The functions of C `code`: from a line that opens a brace behind a parenthesis to the brace that begins a line.
    static func inC(_ code: String) -> [FunctionExtent] {
        let lines = code.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.compactMap { index in
            let line = lines[index]
            guard line.first?.isLetter == true, line.contains("("), line.hasSuffix("{"),
                let end = lines[index...].firstIndex(where: { $0.hasPrefix("}") })
            else { return nil }
            return FunctionExtent(name: String(line.prefix { $0 != "(" }), line: index + 1, length: end - index + 1)
        }
    }

    /// The declared name when `line` declares something with a body.
    private static func declaration(in line: Substring) -> String? {
        var words = line.split(separator: " ")[...]
        while let word = words.first {
            let keyword = word.prefix { $0.isLetter }
            switch keyword {
            case "func" where word == keyword, "init", "deinit", "subscript":
                return words.prefix(2).joined(separator: " ")
            case "var" where line.hasSuffix("{") && !line.contains("="): return words.prefix(2).joined(separator: " ")
            case "public", "private", "fileprivate", "internal", "package", "static", "final", "override", "mutating",
                "nonmutating", "consuming", "borrowing", "required", "convenience", "nonisolated", "isolated":
                words = words.dropFirst()
            default:
                guard word.hasPrefix("@") else { return nil }
                words = words.dropFirst()
            }
        }
        return nil
    }

    /// The index of the line that closes the body of the declaration that begins `lines`; nil when it has no body.
    private static func end(of lines: ArraySlice<Substring>, isProperty: Bool) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in lines.indices {
            // A requirement of a protocol has no body: what comes next does not go on with the declaration.
            if braces == 0, parentheses == 0, index > lines.startIndex, lines[index - 1].last != "," {
                let words = lines[index].split(separator: " ")
                guard let first = words.first, !isProperty, ["{", "where", "->", "throws", "async"].contains(first)
                else { return nil }
            }
            for character in lines[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                case "}" where parentheses == 0 || braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                    if braces < 0 { return nil }
                default: break
                }
            }
        }
        return nil
    }
}
