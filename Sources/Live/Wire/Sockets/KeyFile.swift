// The two CURVE key pairs of a cluster in one text file: the server's, which listeners prove they hold, and the
// member's, which is the only one they admit. Whoever holds the file is a member; nobody else is. Refuses to hand out
// keys one by one or to revoke them: to shut somebody out, make a new file.

import CZeroMQ
import Glibc

/// A key file that cannot be used, and what to do about it.
public enum KeyFileError: Error, Equatable, Sendable {
    /// The operating system would not; with its errno.
    case system(operation: String, path: String, code: Int32)
    /// Others may read it.
    case tooOpen(path: String)
    /// It is not a key file; what is wrong at `line` (from 1).
    case malformed(path: String, line: Int, what: String)
    /// The messaging library was built without encryption.
    case noEncryption
}

extension KeyFileError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .system(let operation, let path, EEXIST) where operation == "create":
            "\(path) exists already; keys are never overwritten, so remove it or choose another name"
        case .system(let operation, let path, let code):
            "cannot \(operation) the key file \(path): \(String(cString: strerror(code)))"
        case .tooOpen(let path):
            "the key file \(path) can be read by others than its owner; run: chmod 600 \(path)"
        case .malformed(let path, let line, let what):
            "\(path):\(line): \(what); make a new key file with 'understudy keys'"
        case .noEncryption:
            "this libzmq was built without CURVE encryption; install one that has it (Debian's libzmq5 does)"
        }
    }
}

/// The keys of a cluster's listeners and members.
public struct KeyFile: Equatable, Sendable {
    /// One half of a pair each as 40 characters of Z85 (https://rfc.zeromq.org/spec/32/).
    public struct Pair: Equatable, Sendable {
        /// What others may know.
        public var publicKey: String
        /// What only holders of the file know.
        public var secretKey: String
    }

    /// The pair that listeners prove they hold.
    public var server: Pair
    /// The pair that whoever connects must hold.
    public var member: Pair

    /// New keys from the system's random source.
    public static func generate() throws(KeyFileError) -> KeyFile {
        func pair() throws(KeyFileError) -> Pair {
            var publicKey = [CChar](repeating: 0, count: 41)
            var secretKey = publicKey
            guard zmq_curve_keypair(&publicKey, &secretKey) == 0 else { throw .noEncryption }
            func text(_ key: [CChar]) -> String { String(decoding: key.prefix(40).map(UInt8.init), as: UTF8.self) }
            return Pair(publicKey: text(publicKey), secretKey: text(secretKey))
        }
        return KeyFile(server: try pair(), member: try pair())
    }

    /// The file's text: a heading and four lines `name = key`.
    public var text: String {
        """
        # Understudy cluster key. Whoever can read this file can join the cluster and read its traffic.
        server-public = \(server.publicKey)
        server-secret = \(server.secretKey)
        member-public = \(member.publicKey)
        member-secret = \(member.secretKey)

        """
    }

    /// Writes a new file at `path` that only its owner may read; never over an old one.
    public func write(to path: String) throws(KeyFileError) {
        let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw .system(operation: "create", path: path, code: errno) }
        defer { close(fd) }
        let bytes = Array(text.utf8)
        guard Glibc.write(fd, bytes, bytes.count) == bytes.count, fsync(fd) == 0 else {
            let code = errno
            unlink(path)
            throw .system(operation: "write", path: path, code: code)
        }
    }

    /// Reads the file at `path`; refuses one that others than its owner may read.
    public init(readingFrom path: String) throws(KeyFileError) {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(fd) }
        var status = stat()
        guard fstat(fd, &status) == 0 else { throw .system(operation: "inspect", path: path, code: errno) }
        guard status.st_mode & 0o077 == 0 else { throw .tooOpen(path: path) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(fd, &bytes, bytes.count)
        guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
        try self.init(text: String(decoding: bytes.prefix(count), as: UTF8.self), path: path)
    }

    /// Reads a key file's text; `path` is for the error.
    init(text: String, path: String) throws(KeyFileError) {
        let names = ["server-public", "server-secret", "member-public", "member-secret"]
        var keys: [String?] = [nil, nil, nil, nil]
        var lineNumber = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            lineNumber += 1
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: " ")
            guard parts.count == 3, parts[1] == "=", let name = names.firstIndex(of: String(parts[0])) else {
                throw .malformed(path: path, line: lineNumber, what: "this is not a line 'name = key'")
            }
            guard keys[name] == nil else {
                throw .malformed(path: path, line: lineNumber, what: "\(parts[0]) stands here a second time")
            }
            guard parts[2].utf8.count == 40, KeyFile.isZ85(String(parts[2])) else {
                throw .malformed(path: path, line: lineNumber, what: "\(parts[0]) is not a key of 40 characters")
            }
            keys[name] = String(parts[2])
        }
        guard let a = keys[0], let b = keys[1], let c = keys[2], let d = keys[3] else {
            let missing = names[keys.firstIndex(of: nil) ?? 0]
            throw .malformed(path: path, line: lineNumber, what: "\(missing) is missing")
        }
        server = Pair(publicKey: a, secretKey: b)
        member = Pair(publicKey: c, secretKey: d)
    }

    private init(server: Pair, member: Pair) {
        self.server = server
        self.member = member
    }

    private static func isZ85(_ key: String) -> Bool {
        var decoded = [UInt8](repeating: 0, count: 32)
        return zmq_z85_decode(&decoded, key) != nil
    }
}
