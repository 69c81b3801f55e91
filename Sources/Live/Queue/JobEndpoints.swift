// Where the coordinators of a queue's jobs listen: at socket files as long as everybody is on one machine, else at ports
// of a range, which an administrator can open. Refuses to listen; coordinators do.

import Glibc
import Wire

/// Gives every stint of a job a place to listen at.
public struct JobEndpoints {
    /// Where the places are.
    public enum Supply: Sendable {
        /// Socket files in a folder.
        case sockets(folder: String)
        /// Ports of the host of an endpoint.
        case ports(ClosedRange<Int>, of: Endpoint)
    }

    /// A place that was given.
    private struct Lease {
        let stint: Int
        let endpoint: Endpoint
    }

    private let supply: Supply
    private var leases: [Int: Lease] = [:]
    /// Ports take turns: whoever still looks for the job that had one before shall not find another there.
    private var next: Int

    /// Places of `supply`.
    /// - Precondition: only an endpoint that is a host and a port has ports.
    public init(_ supply: Supply) {
        self.supply = supply
        if case .ports(let range, let host) = supply {
            precondition(host.port(range.lowerBound) != nil, "\(host) has no ports")
            next = range.lowerBound
        } else {
            next = 0
        }
    }

    /// Where stint `stint` of `job` listens; nil when it was given no place.
    public subscript(job: Int, stint: Int) -> Endpoint? {
        leases[job].flatMap { $0.stint == stint ? $0.endpoint : nil }
    }

    /// Gives stint `stint` of `job` a place, the same one when it is asked for again; nil when every port is taken now.
    public mutating func take(_ job: Int, _ stint: Int) -> Endpoint? {
        if let given = self[job, stint] { return given }
        guard let endpoint = free(job, stint) else { return nil }
        leases[job] = Lease(stint: stint, endpoint: endpoint)
        return endpoint
    }

    /// `job` is driven no more.
    public mutating func giveBack(_ job: Int) { leases[job] = nil }

    private mutating func free(_ job: Int, _ stint: Int) -> Endpoint? {
        switch supply {
        case .sockets(let folder): return .ipc(path: "\(folder)/job-\(job)-\(stint)")
        case .ports(let range, let host):
            for _ in range {
                let port = next
                next = port == range.upperBound ? range.lowerBound : port + 1
                let isGiven = leases.values.contains { $0.endpoint == host.port(port) }
                if !isGiven, isUnused(port) { return host.port(port) }
            }
            return nil
        }
    }

    /// Whether no process listens on `port` of any interface. Whoever takes it before the coordinator that is started for it
    /// fails the job, whose log says so; no system hands out ports of a range like this one by itself.
    private func isUnused(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_ANY
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
