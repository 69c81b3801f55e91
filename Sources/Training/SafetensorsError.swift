// Why a safetensors file is refused. Each case carries what a person needs to find the damage: the file, the tensor or
// the byte, what was expected and what was found. Refuses to be recovered from here: the caller has other checkpoints.

/// A safetensors file that could not be read or written.
public struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with the file.
    public enum Problem: Error, Equatable, Sendable {
        /// The disk failed.
        case disk(DiskError)
        /// The file should have `expected` bytes and has `found`, which are fewer.
        case truncated(expected: Int, found: Int)
        /// The file should end after `expected` bytes and has `found`.
        case trailingBytes(expected: Int, found: Int)
        /// The header claims to be longer than `SafetensorsHeader.maximumSize`.
        case headerTooLarge(bytes: UInt64)
        /// The header's text is not what the format allows, from byte `offset` of it on.
        case malformedHeader(offset: Int, reason: String)
        /// Two tensors, or two entries of one, have this name.
        case duplicate(String)
        /// The tensor is not of 32-bit floats.
        case unsupportedType(tensor: String, type: String)
        /// The tensor's bytes are not where its sizes and its neighbours say.
        case misplaced(tensor: String, reason: String)
    }
    /// The file.
    public var path: String
    /// What is wrong with it.
    public var problem: Problem

    /// `problem` with the file at `path`.
    public init(_ path: String, _ problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// One sentence.
    public var description: String {
        if case .disk(let error) = problem { "\(error)" } else { "\(path) \(complaint)" }
    }

    /// What is wrong with the file, to follow its name: "is cut off: it has 3 of 5 bytes".
    var complaint: String {
        switch problem {
        case .disk(let error): "cannot be read: \(error)"
        case .truncated(let expected, let found): "is cut off: it has \(found) of \(expected) bytes"
        case .trailingBytes(let expected, let found): "has \(found) bytes but its header describes \(expected)"
        case .headerTooLarge(let bytes):
            "claims a header of \(bytes) bytes; at most \(SafetensorsHeader.maximumSize) are allowed"
        case .malformedHeader(let offset, let reason): "has a malformed header at its byte \(offset): \(reason)"
        case .duplicate(let name): "names \(name) twice"
        case .unsupportedType(let tensor, let type): "holds \(tensor) as \(type); only F32 is supported"
        case .misplaced(let tensor, let reason): "misplaces \(tensor): \(reason)"
        }
    }
}
