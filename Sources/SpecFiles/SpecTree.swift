// What a file says, as nested values that know their place. Between the YAML library and the readers, so that only one
// file knows the library. Refuses to know which keys exist.

/// A value of a file.
struct SpecNode {
    /// What a value is.
    enum Content {
        /// Nothing: an empty value, `~` or `null`.
        case null
        /// A word or number as written, without its quotes.
        case scalar(String, isQuoted: Bool)
        case list([SpecNode])
        case mapping([SpecEntry])
    }
    var content: Content
    /// Where it starts; a null's is its key's.
    var place: Place

    /// What the value is, for a complaint.
    var noun: String {
        switch content {
        case .null: "nothing"
        case .scalar(let text, _): "the text `\(text)`"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key and its value.
struct SpecEntry {
    var key: String
    var keyPlace: Place
    var value: SpecNode
}
