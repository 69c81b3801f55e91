// One value read from a file, with its place: what the checks between values need to point at the one at fault. Refuses
// to be optional: an unusable value is replaced by a harmless one and marked, so that the reading goes on.

/// A value of a file, or its default.
struct Field<Value> {
    /// Its dotted key, `train.lr`.
    let key: String
    /// The value; a harmless one where `isSound` is false.
    let value: Value
    /// Where it was written; nil for a default.
    let place: Place?
    /// Whether the value is what the file says. False after a complaint about it.
    let isSound: Bool

    /// The same field with its value converted.
    func map<Other>(_ convert: (Value) -> Other) -> Field<Other> {
        Field<Other>(key: key, value: convert(value), place: place, isSound: isSound)
    }
}

/// A word or number of a file, not yet understood.
struct Scalar {
    /// The dotted key it stands under.
    let key: String
    /// The text without quotes.
    let text: String
    /// Whether it stood in quotes.
    let isQuoted: Bool
    /// Where it stands.
    let place: Place

    /// The place of the text's scalars `range`, if the text stands in the file as it is, else of all of it.
    func place(offset: Int, length: Int) -> Place {
        let quote = isQuoted ? 1 : 0
        let count = text.unicodeScalars.count
        guard place.part(offset: quote, length: count).text == text else { return place }
        return place.part(offset: quote + offset, length: length)
    }
}
