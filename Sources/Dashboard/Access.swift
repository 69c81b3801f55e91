// Who may read. A server on the loopback interface serves whoever can reach it, but only under a loopback name, so that
// a web site cannot have a browser read runs by pointing a name of its own here (DNS rebinding). Any other server demands
// a token. Refuses users, roles and sessions.

import Hummingbird

/// What a request must show.
struct Access: RouterMiddleware {
    typealias Context = BasicRequestContext

    /// The token that requests must carry; nil on loopback, where the host's name is checked instead.
    let token: String?

    /// Whether `host` is this machine as nobody else can reach it.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host == "[::1]" || host.hasPrefix("127.")
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let token else {
            guard Access.isLoopback(Access.hostName(request.head.authority ?? "")) else {
                return Response(plain: "this server answers to localhost only", status: .misdirectedRequest)
            }
            return try await next(request, context)
        }
        if let given = request.uri.queryParameters.get("token"), Access.equal(given, token) {
            // The browser keeps the token in a cookie, so that it leaves the address, which people copy.
            return Response(
                status: .seeOther,
                headers: [
                    .location: request.uri.path,
                    .setCookie: "understudy=\(token); Path=/; HttpOnly; SameSite=Strict",
                ])
        }
        guard Access.carries(token, request) else {
            return Response(
                plain: "this server demands a token: open the address it printed, or send Authorization: Bearer TOKEN",
                status: .unauthorized)
        }
        return try await next(request, context)
    }

    private static func carries(_ token: String, _ request: Request) -> Bool {
        if let bearer = request.headers[.authorization], equal(bearer, "Bearer " + token) { return true }
        let cookies = (request.headers[.cookie] ?? "").split(separator: ";").map { $0.drop { $0 == " " } }
        return cookies.contains { equal(String($0), "understudy=" + token) }
    }

    /// Whether two texts are equal, in a time that does not tell how much of them is.
    static func equal(_ a: String, _ b: String) -> Bool {
        let (left, right) = (Array(a.utf8), Array(b.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The host of `host:port`, where an IPv6 address stands in brackets.
    static func hostName(_ authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.prefix { $0 != "]" }) + "]" }
        return String(authority.prefix { $0 != ":" })
    }
}

extension Response {
    /// An answer of one line.
    init(plain text: String, status: HTTPResponse.Status) {
        self.init(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }

    /// A text of a type that nobody may keep: the run goes on.
    init(_ text: String, type: String) {
        self.init(
            status: .ok,
            headers: [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
