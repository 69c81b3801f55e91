// Where a socket listens, `tcp://host:port` or `ipc://path`, read strictly so that a slip in a command line becomes a
// sentence and not an errno; and the rule that only what stays on this machine may go without a key. Refuses to
// resolve names: whether an address is local is read off its text, and anything doubtful needs a key.

/// A user's endpoint that cannot be used, and what to do about it.
public enum EndpointError: Error, Equatable, Sendable {
    /// It is neither `tcp://HOST:PORT` nor `ipc://PATH`.
    case unreadable(String)
    /// The path of an ipc endpoint does not fit the operating system's address; the second value is the limit in bytes.
    case pathTooLong(String, limit: Int)
    /// It can be reached from other machines and there is no key.
    case needsKey(String)
}

extension EndpointError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .unreadable(let text):
            "'\(text)' is not an endpoint; write tcp://HOST:PORT (PORT may be * to have one chosen) or ipc://PATH"
        case .pathTooLong(let path, let limit):
            "the socket path \(path) has \(path.utf8.count) bytes and may have \(limit); choose a shorter folder"
        case .needsKey(let text):
            "\(text) can be reached from other machines, which needs a key: make one with 'understudy keys' and give "
                + "it to the coordinator and every worker, or listen on tcp://127.0.0.1:PORT"
        }
    }
}

/// A place to listen on or connect to.
public enum Endpoint: Equatable, Sendable {
    /// A socket file on this machine.
    case ipc(path: String)
    /// A host and port; the port is nil where it is to be chosen.
    case tcp(host: String, port: Int?)

    /// The longest path of a socket file in bytes: sockaddr_un's 108, less the terminating zero.
    public static let longestPath = 107

    /// Reads `tcp://HOST:PORT` or `ipc://PATH`.
    public init(_ text: String) throws(EndpointError) {
        if text.hasPrefix("ipc://") {
            let path = String(text.dropFirst(6))
            guard !path.isEmpty, !path.utf8.contains(0) else { throw .unreadable(text) }
            guard path.utf8.count <= Endpoint.longestPath else {
                throw .pathTooLong(path, limit: Endpoint.longestPath)
            }
            self = .ipc(path: path)
        } else if text.hasPrefix("tcp://"), let colon = text.dropFirst(6).lastIndex(of: ":") {
            let host = String(text.dropFirst(6)[..<colon])
            let port = String(text[text.index(after: colon)...])
            let number = Int(port)
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "/") }),
                port == "*" || (number.map { (0...65_535).contains($0) } ?? false)
            else { throw .unreadable(text) }
            self = .tcp(host: host, port: number == 0 ? nil : number)
        } else {
            throw .unreadable(text)
        }
    }

    /// The port `number` of the host; nil for a socket file, which has no ports.
    public func port(_ number: Int) -> Endpoint? {
        if case .tcp(let host, _) = self { .tcp(host: host, port: number) } else { nil }
    }

    /// The place as somebody sees it who has reached another port of its machine at `seen`: a listener on all interfaces
    /// does not know by which of them others come.
    public func seen(from seen: Endpoint) -> Endpoint {
        guard case .tcp(_, let port) = self, case .tcp(let host, _) = seen else { return self }
        return .tcp(host: host, port: port)
    }

    /// Whether the host is written as an IPv6 address, in brackets.
    var isIPv6: Bool { if case .tcp(let host, _) = self { host.hasPrefix("[") } else { false } }

    /// Whether nobody outside of this machine can reach it: a socket file, or an address of the loopback device.
    public var staysOnThisMachine: Bool {
        switch self {
        case .ipc: return true
        case .tcp(let host, _):
            if host == "localhost" || host == "[::1]" { return true }
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// The endpoint as the messaging library writes it.
    public var description: String {
        switch self {
        case .ipc(let path): "ipc://\(path)"
        case .tcp(let host, let port): "tcp://\(host):\(port.map(String.init) ?? "*")"
        }
    }
}

/// Who may speak at an endpoint.
public enum EndpointSecurity {
    /// Accepts `text` as a place to listen on or connect to, with `key` or without; returns it read.
    public static func check(_ text: String, key: KeyFile?) throws(EndpointError) -> Endpoint {
        let endpoint = try Endpoint(text)
        guard key != nil || endpoint.staysOnThisMachine else { throw .needsKey(text) }
        return endpoint
    }
}
