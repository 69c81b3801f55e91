// The JSON Schema of a document, read off the very type that is encoded: a decoder that hands out empty values and notes
// what it is asked for. So a schema cannot differ from its document, and a new field needs no second description. Refuses
// types that decode by looking at values (an enum must list its cases), and everything that a JSON document cannot say.

import Foundation

/// The JSON Schema (draft 2020-12) of documents of `type`, pretty, with sorted keys and a line break at the end.
///
/// A property that may be left out is not required; figures that may be no finite number are also the strings `nan`,
/// `inf` and `-inf`, as `encodeJSON` writes them. Documents of a version have no properties but these.
/// - Parameter schema: what the document's property `schema` says.
/// - Precondition: `type` decodes by its properties alone, as synthesized conformances do.
public func jsonSchema(of type: any Decodable.Type, schema: String) -> String {
    let shape = Shape()
    do { _ = try value(type, shape) } catch {
        preconditionFailure("\(type) does not decode by its properties alone: \(error)")
    }
    shape.fields = shape.fields.map { field in
        guard field.name == "schema" else { return field }
        let constant = Shape()
        constant.kind = .choice([schema])
        return Shape.Field(name: field.name, shape: constant, isRequired: true)
    }
    var text = shape.json
    text["$schema"] = .text("https://json-schema.org/draft/2020-12/schema")
    text["$id"] = .text(schema)
    return encodeJSON(JSONNode.object(text))
}

/// A piece of a schema, as JSON.
private indirect enum JSONNode: Encodable {
    case text(String)
    case flag(Bool)
    case list([JSONNode])
    case object([String: JSONNode])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .flag(let flag): try container.encode(flag)
        case .list(let list): try container.encode(list)
        case .object(let object): try container.encode(object)
        }
    }
}

/// What was asked for at one place of a document.
private final class Shape {
    struct Field {
        var name: String
        var shape: Shape
        var isRequired: Bool
    }

    enum Kind {
        case object, string, integer, number, boolean
        case choice([String])
        case list(Shape)
    }

    var kind = Kind.object
    var fields: [Field] = []
    /// Whether it has any names, all with values of one shape: that of its only field.
    var isMap = false

    func field(_ name: String) -> Shape {
        if let known = fields.first(where: { $0.name == name }) { return known.shape }
        fields.append(Field(name: name, shape: Shape(), isRequired: true))
        return fields[fields.count - 1].shape
    }

    func mayBeLeftOut(_ name: String) {
        _ = field(name)
        for index in fields.indices where fields[index].name == name { fields[index].isRequired = false }
    }

    var json: [String: JSONNode] {
        switch kind {
        case .string: return ["type": .text("string")]
        case .integer: return ["type": .text("integer")]
        case .boolean: return ["type": .text("boolean")]
        case .choice(let values): return ["enum": .list(values.map(JSONNode.text))]
        case .list(let element): return ["type": .text("array"), "items": .object(element.json)]
        case .number:
            let words = JSONNode.object(["enum": .list(["nan", "inf", "-inf"].map(JSONNode.text))])
            return ["anyOf": .list([.object(["type": .text("number")]), words])]
        case .object where isMap:
            return ["type": .text("object"), "additionalProperties": .object(fields.first?.shape.json ?? [:])]
        case .object:
            var properties: [String: JSONNode] = [:]
            for field in fields { properties[field.name] = .object(field.shape.json) }
            return [
                "type": .text("object"), "properties": .object(properties), "additionalProperties": .flag(false),
                "required": .list(fields.filter(\.isRequired).map { .text($0.name) }),
            ]
        }
    }
}

/// An empty value of `type`, whose form is noted in `shape`.
private func value<T: Decodable>(_ type: T.Type, _ shape: Shape) throws -> T {
    func noted(_ kind: Shape.Kind, _ value: Any) -> T {
        shape.kind = kind
        return value as! T  // `value` was made as what `type` was found to be.
    }
    if type == String.self { return noted(.string, "") }
    if type == Bool.self { return noted(.boolean, false) }
    if let number = type as? any BinaryFloatingPoint.Type { return noted(.number, number.init(0)) }
    if let number = type as? any FixedWidthInteger.Type { return noted(.integer, number.init(0)) }
    if let choice = type as? any CaseIterable.Type, let (first, names) = cases(choice) {
        return noted(.choice(names), first)
    }
    return try T(from: ShapeDecoder(shape: shape))
}

/// The first case of an enum of strings and the strings of all; nil of another type.
private func cases<C: CaseIterable>(_ type: C.Type) -> (first: Any, names: [String])? {
    let names = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    return type.allCases.first.flatMap { names.count == type.allCases.count ? ($0, names) : nil }
}

private struct ShapeDecoder: Decoder {
    let shape: Shape
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Properties(shape: shape))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        let element = Shape()
        shape.kind = .list(element)
        return Elements(shape: element)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(shape: shape) }
}

private struct Properties<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let shape: Shape
    var codingPath: [any CodingKey] { [] }
    /// Only a map asks which names there are.
    var allKeys: [Key] {
        shape.isMap = true
        return Key(stringValue: "any").map { [$0] } ?? []
    }

    func contains(_ key: Key) -> Bool { true }

    /// Only what may be left out is asked for so.
    func decodeNil(forKey key: Key) -> Bool {
        shape.mayBeLeftOut(key.stringValue)
        return false
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try value(type, shape.field(key.stringValue))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedDecodingContainer<
        Nested
    > {
        KeyedDecodingContainer(Properties<Nested>(shape: shape.field(key.stringValue)))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
        ShapeDecoder(shape: shape.field(key.stringValue)).unkeyedContainer()
    }

    func superDecoder() -> any Decoder { ShapeDecoder(shape: shape) }
    func superDecoder(forKey key: Key) -> any Decoder { ShapeDecoder(shape: shape.field(key.stringValue)) }
}

/// A list of one element, which stands for any number.
private struct Elements: UnkeyedDecodingContainer {
    let shape: Shape
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex == 1 }

    mutating func decodeNil() -> Bool { false }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        currentIndex = 1
        return try value(type, shape)
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        currentIndex = 1
        return KeyedDecodingContainer(Properties<Key>(shape: shape))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer {
        currentIndex = 1
        return ShapeDecoder(shape: shape).unkeyedContainer()
    }

    mutating func superDecoder() -> any Decoder { ShapeDecoder(shape: shape) }
}

private struct Single: SingleValueDecodingContainer {
    let shape: Shape
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try value(type, shape) }
}
