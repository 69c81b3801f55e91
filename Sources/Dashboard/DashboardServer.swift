// The dashboard's server: where it listens, who may read, and what it says when it is up. Runs are read through a
// provider that its starter hands in. Refuses to serve beyond this machine without a token.

import Hummingbird
import Logging
import Reports

/// Where and for whom the dashboard is served.
public struct DashboardOptions: Equatable, Sendable {
    /// The address to bind: a name or a number, without brackets.
    public var host: String
    /// The port; 0 for any that is free.
    public var port: Int
    /// What requests must carry; nil for a server on loopback.
    public var token: String?

    /// Options from `HOST:PORT`; nil when that is not what `listen` says. An address that others can reach gets `token`,
    /// or one that is drawn at random.
    public init?(listen: String, token: String?) {
        let host = Access.hostName(listen)
        guard listen.hasPrefix(host + ":"), let port = UInt16(listen.dropFirst(host.count + 1)), !host.isEmpty else {
            return nil
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = Int(port)
        self.token = Access.isLoopback(host) ? token : token ?? DashboardOptions.drawnToken()
    }

    /// 128 bits from the system's generator, as hexadecimal digits.
    private static func drawnToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The address to open in a browser.
    func address(port: Int) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "http://\(name):\(port)/" + (token.map { "?token=\($0)" } ?? "")
    }
}

/// Serves the runs of `provider` until the task is cancelled or the process ends.
///
/// - Parameter announce: called once with the address to open, when the server listens.
/// - Throws: the reason why it cannot listen.
public func serveDashboard(
    _ provider: RunProvider, _ options: DashboardOptions, announce: @escaping @Sendable (String) -> Void
) async throws {
    var logger = Logger(label: "dashboard")
    logger.logLevel = .critical
    let routes = DashboardRoutes(cache: RunCache(provider))
    let application = Application(
        router: routes.router(Access(token: options.token)),
        configuration: ApplicationConfiguration(
            address: .hostname(options.host, port: options.port), serverName: "understudy"),
        onServerRunning: { channel in announce(options.address(port: channel.localAddress?.port ?? options.port)) },
        logger: logger)
    // Nothing is written, so a signal may end the process at any moment: no graceful shutdown is needed.
    try await application.run()
}
