// What the server answers: two pages, the documents behind them, a stream of changes, and figures for Prometheus. Every
// answer is made from the journal when it is asked for. Refuses to change a run: there is no route but GET.

import Hummingbird
import Journaling
import Reports

struct DashboardRoutes: Sendable {
    /// How many runs the first page draws a curve of; the list below it holds all.
    static let compared = 8
    /// The points of a curve that is one of several.
    static let comparedPoints = 1_200

    let cache: RunCache

    /// The routes behind `access`.
    func router(_ access: Access) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: access)
        router.get("/") { _, _ in
            Response(pageText(await overview(), title: "Runs – Understudy"), type: "text/html; charset=utf-8")
        }
        router.get("/run/:id") { request, context in
            try await answer(context, with: { try await cache.page(named: $0) }) { page in
                let title = "\(context.parameters.get("id") ?? "") – Understudy"
                return Response(pageText(pages: [page], server: true, title: title), type: "text/html; charset=utf-8")
            }
        }
        addDocuments(to: router.group("/api/v1"))
        router.get("/events") { request, _ in
            changes(of: request.uri.queryParameters.get("run"), every: .milliseconds(500))
        }
        router.get("/metrics") { request, _ in
            let format = MetricsFormat(accepted: request.headers[.accept])
            return Response(metricsText(await cache.all(), format: format), type: format.mediaType)
        }
        return router
    }

    private func addDocuments(to group: RouterGroup<BasicRequestContext>) {
        group.get("/runs") { _, _ in json(RunsDocument(await cache.all())) }
        group.get("/pages") { _, _ in json(await overview()) }
        group.get("/runs/:id") { _, context in try await answer(context) { json(RunDocument($0)) } }
        group.get("/runs/:id/page") { _, context in
            try await answer(context, with: { try await cache.page(named: $0) }) {
                Response($0, type: "application/json")
            }
        }
        group.get("/runs/:id/incidents") { _, context in try await answer(context) { json(IncidentsDocument($0)) } }
        group.get("/runs/:id/segments") { _, context in try await answer(context) { json(SegmentsDocument($0)) } }
        group.get("/runs/:id/timeline") { _, context in try await answer(context) { json(TimelineDocument($0)) } }
        group.get("/runs/:id/curve") { request, context in
            let asked = request.uri.queryParameters
            let from = max(0, asked.get("from", as: Int.self) ?? 0), to = asked.get("to", as: Int.self) ?? .max
            let points = min(100_000, max(2, asked.get("points", as: Int.self) ?? PageDocument.points))
            guard from <= to else { return Response(plain: "from lies behind to", status: .badRequest) }
            let find = { (name: String) in try await cache.curve(named: name, steps: from...to, points: points) }
            return try await answer(context, with: find) { json($0) }
        }
    }

    private func json(_ document: some Encodable) -> Response {
        Response(encodeJSON(document, isCompact: true), type: "application/json")
    }

    /// What `make` makes of the run that the address names.
    private func answer(
        _ context: BasicRequestContext, _ make: (RunSource) -> Response
    ) async throws -> Response {
        try await answer(context, with: { try await cache.source(named: $0) }, make)
    }

    /// What `make` makes of what `find` finds of the run that the address names.
    private func answer<Found>(
        _ context: BasicRequestContext, with find: (String) async throws -> Found?, _ make: (Found) -> Response
    ) async throws -> Response {
        let name = try context.parameters.require("id")
        do {
            guard let found = try await find(name) else {
                return Response(plain: "there is no run \(name)", status: .notFound)
            }
            return make(found)
        } catch { return Response(plain: "the run \(name) cannot be read: \(error)", status: .internalServerError) }
    }

    private func overview() async -> PageCarriage {
        let runs = await cache.all()
        let read = runs.compactMap { run in if case .read(let source) = run { source } else { nil } }
        let drawn = read.prefix(DashboardRoutes.compared).map {
            PageDocument($0, points: DashboardRoutes.comparedPoints)
        }
        return PageCarriage(pages: Array(drawn), listing: RunsDocument(runs), server: true)
    }

    /// A stream of server-sent events: `changed` whenever a page about the run called `name`, or about all runs, would
    /// differ. SQLite tells other processes nothing, so the journal is looked at `every` so often; a comment in between
    /// finds out that a client is gone.
    private func changes(of name: String?, every pause: Duration) -> Response {
        let body = ResponseBody { writer in
            var known = await cache.mark(of: name)
            var quiet = 0
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            while !Task.isCancelled {
                try await Task.sleep(for: pause)
                let mark = await cache.mark(of: name)
                quiet += 1
                if mark != known {
                    (known, quiet) = (mark, 0)
                    try await writer.write(ByteBuffer(string: "event: changed\ndata: {}\n\n"))
                } else if quiet % 20 == 0 {
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }
}
