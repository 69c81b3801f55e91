// What a person sees while a run goes on: a view that is redrawn in place on a terminal, one plain line at an interval
// in a pipe, and every incident as it happens. All of it on standard error; standard output is for data.

import ControlPlane
import Foundation
import Journaling
import LiveCoordinator
import Primitives
import Reports

/// Shows a run's records as they become durable.
final class LiveProgress: RunObserver {
    private var source: RunSource
    private var history: RunHistory { source.history }
    private let style: Style
    private let isInteractive: Bool
    private let lineInterval: TimeSpan
    private var nextLine: Instant?
    private var page = InPlacePage(on: 2)
    private var told: [Incident.Cause] = []

    /// A display for `live`, which says first what is about to happen, if it `isFirst`.
    init(
        _ live: LiveRun, style: Style, isInteractive: Bool, interval: Double, endpoint: String?, isFirst: Bool,
        workers: Int?
    ) {
        source = RunSource(
            history: RunHistory(live.records), job: live.job, folder: live.folder.path, isCoordinated: true)
        told = source.history.incidents.map(\.cause)
        self.style = style
        self.isInteractive = isInteractive
        lineInterval = .seconds(interval)
        guard isFirst else { return }  // Whoever it takes over from has said it.
        let job = live.job
        let workers = workers ?? job.workers
        let verb = live.records.isEmpty ? "launching" : "resuming"
        warn(
            "\(verb) \(live.folder.id): \(compact(job.model.parameterCount)) parameters, \(workers) workers, "
                + "\(job.training.steps) steps of \(job.tokensPerStep) tokens, seed \(job.training.seed)")
        warn("run folder \(live.folder.path)")
        if let endpoint { warn("waiting for \(workers) workers at \(endpoint)") }
    }

    var interval: TimeSpan { isInteractive ? .milliseconds(250) : .milliseconds(500) }

    func recorded(_ record: Record) {
        source.history.add(record)
        // A drill is told of when it strikes, and again when it has interrupted the run.
        let news = history.incidents.indices.filter { $0 >= told.count || told[$0] != history.incidents[$0].cause }
        guard !news.isEmpty else { return }
        page.erase()
        for incident in news.map({ history.incidents[$0] }) {
            warn(
                "\(incident.name) step \(incident.step): \(incident.sentence)"
                    + (incident.injection == nil ? "" : " (drill)"))
        }
        told = history.incidents.map(\.cause)
    }

    func tick(at now: Instant) {
        if isInteractive {
            page.draw(progressLines(source, now: now, width: Terminal.width(2) ?? 80, style: style))
        } else if nextLine.map({ now >= $0 }) ?? true {
            if nextLine != nil { warn(progressLine(history, now: now)) }
            nextLine = now + lineInterval
        }
    }

    /// Leaves the terminal clean.
    func end() { page.erase() }
}
