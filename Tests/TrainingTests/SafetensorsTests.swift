// The file format: what is written can be read, by us and by others, and what is malformed is refused with a reason.

import Foundation
import Primitives
import Testing

@testable import Training

@Suite struct SafetensorsTests {
    private static func file(_ json: String, data: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian) { Array($0) } + Array(json.utf8)
            + Array(repeating: 7, count: data)
    }

    private func problem(_ bytes: [UInt8]) throws -> SafetensorsError.Problem? {
        let folder = TemporaryFolder()
        let path = try folder.write("a.safetensors", bytes)
        do throws(SafetensorsError) {
            let file = try SafetensorsReader(path: path)
            _ = file.size
            return nil
        } catch {
            #expect(error.path == path)
            #expect(error.description.contains(path))
            return error.problem
        }
    }

    @Test func `floats come back with their bits, in pieces and at any offset`() throws {
        let folder = TemporaryFolder()
        var random = RandomStream(seed: 2, named: "tests/safetensors")
        let buffer = FloatBuffer(count: 100_000)
        for i in 0..<buffer.count { buffer.base[i] = Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
        let parts = [
            SafetensorsPart(name: "a", shape: [3, 7], buffer: buffer, offset: 5),
            SafetensorsPart(name: "b \"quoted\"\\\n", shape: [90_001], buffer: buffer, offset: 26),
            SafetensorsPart(name: "none", shape: [0, 4], buffer: buffer, offset: 0),
            SafetensorsPart(name: "scalar", shape: [], buffer: buffer, offset: 99_999),
        ]
        let path = folder.path + "/a.safetensors"
        let receipt = try SafetensorsFile.write(parts, to: path)
        let bytes = try contents(path)
        #expect(receipt.size == bytes.count)
        #expect(receipt.checksum == CRC32C(of: bytes))

        let reader = try SafetensorsReader(path: path)
        let tensors = reader.header.tensors
        #expect(tensors.map(\.name) == parts.map(\.name))
        #expect(tensors.map(\.shape) == parts.map(\.shape))
        for (index, part) in parts.enumerated() {
            let count = tensors[index].range.count / 4
            let target = FloatBuffer(count: count)
            var shown = CRC32C()
            let checksum = try reader.read(tensors[index], into: target.base) { shown.update($0) }
            #expect(checksum == receipt.tensors[index])
            #expect(shown == checksum)
            #expect(memcmp(target.base, part.buffer.base + part.offset, 4 * count) == 0, "\(part.name)")
            #expect(try reader.read(tensors[index], into: nil) == checksum)
        }
    }

    @Test func `the header is aligned and says that the file is PyTorch's`() {
        for width in 1..<20 {
            let header = SafetensorsHeader([(String(repeating: "n", count: width), [2])]).encoded
            #expect(header.count % 8 == 0)
            #expect(String(decoding: header, as: UTF8.self).contains(#""__metadata__":{"format":"pt"}"#))
        }
    }

    @Test func `a header may have spaces, escapes, any order of keys and no tensor`() throws {
        #expect(try problem(SafetensorsTests.file("{}", data: 0)) == nil)
        let json = """
             { "t\\u00e4\\"x" : { "shape" : [ 2 , 1 ] , "data_offsets":[4,12],"dtype":"F32"},
            "__metadata__":{}, "s":{"dtype":"F32","shape":[],"data_offsets":[0,4]} }
            """
        #expect(try problem(SafetensorsTests.file(json, data: 12)) == nil)
        let header = try SafetensorsHeader(parsing: Array(json.utf8))
        #expect(header.tensors.map(\.name) == ["s", "tä\"x"])
    }

    @Test func `tensors that overlap, leave gaps or do not fit their bytes are refused`() throws {
        func two(_ a: String, _ b: String, data: Int) throws -> SafetensorsError.Problem? {
            let json =
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[\#(a)]},"#
                + #""b":{"dtype":"F32","shape":[2],"data_offsets":[\#(b)]}}"#
            return try problem(SafetensorsTests.file(json, data: data))
        }
        #expect(try two("0,4", "4,12", data: 12) == nil)
        for (a, b) in [
            ("0,4", "2,10"), ("0,4", "0,8"), ("0,4", "8,16"), ("4,8", "8,16"), ("0,8", "8,16"), ("4,0", "4,12"),
        ] {
            guard case .misplaced = try two(a, b, data: 16) else {
                Issue.record("offsets \(a) and \(b) were accepted")
                continue
            }
        }
        let json = #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#
        #expect(
            try problem(SafetensorsTests.file(json, data: 4))
                == .misplaced(tensor: "a", reason: "its sizes have no product"))
    }

    @Test func `a file that is shorter or longer than its header says is refused`() throws {
        let good = SafetensorsTests.file(#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, data: 12)
        #expect(try problem(good) == nil)
        for length in [0, 7, 8, 20, good.count - 1] {
            guard case .truncated = try problem(Array(good[..<length])) else {
                Issue.record("\(length) bytes were accepted")
                continue
            }
        }
        #expect(try problem(good + [0]) == .trailingBytes(expected: good.count, found: good.count + 1))
        let huge = Array(repeating: UInt8(0xff), count: 64)
        #expect(try problem(huge) == .headerTooLarge(bytes: .max))
    }

    @Test func `duplicates, foreign types and malformed text are refused with their place`() throws {
        let tensor = #""a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}"#
        #expect(try problem(SafetensorsTests.file("{\(tensor),\(tensor)}", data: 4)) == .duplicate("a"))
        let twice = #"{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#
        #expect(try problem(SafetensorsTests.file(twice, data: 4)) == .duplicate("a.dtype"))
        let half = #"{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#
        #expect(try problem(SafetensorsTests.file(half, data: 4)) == .unsupportedType(tensor: "a", type: "BF16"))
        let malformed = [
            "", "[]", "{", "{}x", "{\"a\":1}", "{\(tensor)", "{\(tensor),}", "{\"a\"}", "{\"a",
            #"{"__metadata__":{"k":1}}"#,
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1]}}"#, #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":"y"}}"#,
            #"{"\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, #"{"\q":{}}"#,
        ]
        for json in malformed {
            guard case .malformedHeader = try problem(SafetensorsTests.file(json, data: 4)) else {
                Issue.record("\(json) was accepted")
                continue
            }
        }
    }

    @Test func `no damaged header crashes the reader`() throws {
        let header = SafetensorsHeader([("transformer.wte.weight", [11, 8]), ("transformer.ln_f.bias", [8])]).encoded
        let json = Array(header.dropFirst(8))
        var random = RandomStream(seed: 3, named: "tests/safetensors/damage")
        for _ in 0..<3000 {
            var damaged = json
            for _ in 0...random.integer(below: 3) {
                damaged[random.integer(below: damaged.count)] = UInt8(random.integer(below: 256))
            }
            if random.integer(below: 4) == 0 { damaged.removeLast(random.integer(below: damaged.count)) }
            guard let parsed = try? SafetensorsHeader(parsing: damaged) else { continue }
            #expect(parsed.tensors.allSatisfy { $0.range.count == $0.shape.reduce(4, *) })
        }
    }
}
