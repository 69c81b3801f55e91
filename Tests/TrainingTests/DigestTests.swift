// The checksums against published values and against each other.

import CKernels
import Jobs
import Primitives
import Testing

@testable import Training

@Suite struct DigestTests {
    @Test func `CRC-32C has the values of RFC 3720`() {
        #expect(CRC32C(of: Array(repeating: 0, count: 32)).hexadecimal == "8a9136aa")
        #expect(CRC32C(of: Array(repeating: 0xff, count: 32)).hexadecimal == "62a8ab43")
        #expect(CRC32C(of: Array(0..<32)).hexadecimal == "46dd794e")
        #expect(CRC32C(of: Array((0..<32).reversed())).hexadecimal == "113fdb5c")
        #expect(CRC32C(of: Array("123456789".utf8)).hexadecimal == "e3069283")
    }

    @Test func `the instruction, the table and any cut give one checksum`() {
        var random = RandomStream(seed: 1, named: "tests/crc32c")
        let bytes = (0..<200_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let lengths = Array(0...70) + [24_575, 24_576, 24_577, 49_151, 49_152, 100_003, 200_000 - 7]
        bytes.withUnsafeBytes { buffer in
            for length in lengths {
                let piece = UnsafeRawBufferPointer(rebasing: buffer[7..<7 + length])
                let whole = CRC32C(of: piece)
                #expect(whole.value == crc32c_extend_by_table(0, piece.baseAddress, length), "length \(length)")
                let cut = random.integer(below: length + 1)
                var continued = CRC32C(of: UnsafeRawBufferPointer(rebasing: piece[..<cut]))
                var joined = continued
                let rest = UnsafeRawBufferPointer(rebasing: piece[cut...])
                continued.update(rest)
                joined.append(CRC32C(of: rest), length: rest.count)
                #expect(continued == whole, "length \(length), continued at \(cut)")
                #expect(joined == whole, "length \(length), joined at \(cut)")
            }
        }
    }

    @Test func `a checksum is read back from its text and from nothing else`() {
        let checksum = CRC32C(value: 0xbeef)
        #expect(checksum.hexadecimal == "0000beef")
        #expect(CRC32C(hexadecimal: "0000beef") == checksum)
        #expect(CRC32C(hexadecimal: "beef") == nil)
        #expect(CRC32C(hexadecimal: "0000beeg") == nil)
    }

    @Test func `one flipped bit anywhere in a state gives another hash`() {
        let shape = ModelShape(layers: 1, width: 8, heads: 2, contextLength: 4, vocabularySize: 11)
        let state = TrainingState(shape)
        state.initialise(shape, seed: 3)
        let before = state.hash
        for buffer in [state.parameters, state.mean, state.square] {
            for index in [0, buffer.count / 2, buffer.count - 1] {
                for bit in [0, 22, 31] as [UInt32] {
                    let kept = buffer.base[index]
                    buffer.base[index] = Float(bitPattern: kept.bitPattern ^ 1 << bit)
                    #expect(state.hash != before, "bit \(bit) of number \(index)")
                    buffer.base[index] = kept
                }
            }
        }
        #expect(state.hash == before)
    }

    @Test func `SHA-256 has the value of FIPS 180`() {
        var digest = SHA256Digest()
        Array("ab".utf8).withUnsafeBytes { digest.update($0) }
        Array("c".utf8).withUnsafeBytes { digest.update($0) }
        #expect(digest.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
