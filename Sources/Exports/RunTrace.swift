// Draws a run's history as a trace: the job's segments, incidents, checkpoints and curves first, then a group a node
// with a row a worker slot. Refuses figures of a single member: a journal holds the gang's step, so every row of a gang
// shows the same parts, those of its slowest member.

import ControlPlane
import Journaling
import Primitives
import Reports

/// `history` as a trace of `detail`, within `window` of the run's clock.
public func runTrace(_ history: RunHistory, detail: TraceDetail, window: ClosedRange<Instant>? = nil) -> Trace {
    var drawing = RunDrawing(history, detail: detail, window: window)
    drawing.drawJob()
    if detail >= .steps { drawing.drawCurves() }
    drawing.drawWorkers()
    drawing.trace.arrange()
    return drawing.trace
}

/// A trace being drawn.
private struct RunDrawing {
    let history: RunHistory
    let detail: TraceDetail
    let bySegment: SegmentSteps
    let job: Int
    var trace: Trace

    init(_ history: RunHistory, detail: TraceDetail, window: ClosedRange<Instant>?) {
        self.history = history
        self.detail = detail
        bySegment = SegmentSteps(history)
        trace = Trace(window: window)
        job = trace.track("job \(history.run?.name ?? "")", .group)
    }

    // MARK: The job

    mutating func drawJob() {
        let segments = trace.track("segments", in: job, .slices)
        let incidents = trace.track("incidents", in: job, .slices)
        let checkpoints = trace.track("checkpoints", in: job, .slices)
        for segment in history.segments { draw(segment, on: segments) }
        for incident in history.incidents { draw(incident, on: incidents) }
        // A late checkpoint of an older gang may be written beside a newer one's; rows must not cross.
        var free = Instant(nanoseconds: .min)
        for (index, point) in history.checkpoints.enumerated() {
            let began = max(Instant(nanoseconds: point.at.nanoseconds - point.took.nanoseconds), min(free, point.at))
            free = point.at
            trace.add(
                TraceSlice(
                    track: checkpoints, name: "step \(point.step)", from: began, to: point.at,
                    arguments: [
                        .integer("step", point.step), .integer("bytes", Int(point.size.bytes)),
                        .text("weights_sha256", point.weightsSHA256),
                    ], flowsOut: restores(from: index).map { Flow.restore(segment: $0) }))
        }
    }

    private mutating func draw(_ segment: Segment, on track: Int) {
        var arguments: [TraceArgument] = [
            .integer("generation", segment.generation.number), .integer("workers", segment.members.count),
            .integer("restored_step", segment.restored),
        ]
        if let last = segment.lastStep { arguments.append(.integer("last_step", last)) }
        let isRestored = segment.restored > 0 && !segment.isFromMembers
        let interrupted = history.incidents.last { $0.segment == segment.index - 1 && $0.isInterruption }
        trace.add(
            TraceSlice(
                track: track, name: "segment \(segment.index + 1)", from: segment.formedAt,
                to: max(segment.formedAt, segment.end ?? history.now), arguments: arguments,
                flowsIn: (isRestored ? [Flow.restore(segment: segment.index)] : [])
                    + (interrupted.map { [Flow.incident($0.number)] } ?? [])))
    }

    private mutating func draw(_ incident: Incident, on track: Int) {
        let hasSuccessor = incident.isInterruption && history.segments.indices.contains(incident.segment + 1)
        let next = history.incidents.first { $0.number == incident.number + 1 }
        let end = min(incident.regainedAt ?? history.now, next?.at ?? history.now)
        trace.add(
            TraceSlice(
                track: track, name: incident.label, from: incident.at, to: max(incident.at, end),
                arguments: [
                    .text("incident", incident.name), .text("cause", incident.sentence),
                    .text("action", history.action(on: incident)), .integer("step", incident.step),
                    .integer("lost_steps", incident.lostSteps),
                    .text("injected", incident.injection == nil ? "false" : "true"),
                ], flowsOut: hasSuccessor ? [Flow.incident(incident.number)] : []))
    }

    /// The segments that restored the checkpoint at `index`, and no newer one of the same step.
    private func restores(from index: Int) -> [Int] {
        let point = history.checkpoints[index]
        return history.segments.filter { segment in
            segment.restored == point.step && !segment.isFromMembers && segment.formedAt >= point.at
                && !history.checkpoints[(index + 1)...].contains {
                    $0.step == point.step && $0.at <= segment.formedAt
                }
        }.map(\.index)
    }

    // MARK: Curves

    mutating func drawCurves() {
        let loss = trace.track("loss", in: job, .counter(unit: "nats/token"))
        let norm = trace.track("gradient norm", in: job, .counter(unit: "1"))
        let speed = trace.track("tokens/s", in: job, .counter(unit: "tokens/s"))
        let workers = trace.track("workers", in: job, .counter(unit: "workers"))
        for (index, point) in history.steps.enumerated() {
            trace.add(TraceSample(track: loss, at: point.at, value: point.loss))
            trace.add(TraceSample(track: norm, at: point.at, value: point.gradientNorm))
            let span = point.at - begin(ofStep: index)
            if span > .zero {
                trace.add(TraceSample(track: speed, at: point.at, value: Double(point.tokens) / span.seconds))
            }
        }
        for segment in history.segments {
            trace.add(TraceSample(track: workers, at: segment.formedAt, value: Double(segment.members.count)))
            if let end = segment.end { trace.add(TraceSample(track: workers, at: end, value: 0)) }
        }
    }

    /// When the step at `index` began: at the commit before it, or when its gang began.
    private func begin(ofStep index: Int) -> Instant {
        let point = history.steps[index]
        if index > 0, history.steps[index - 1].segment == point.segment { return history.steps[index - 1].at }
        return history.segments[point.segment].began ?? point.at
    }

    // MARK: Workers

    mutating func drawWorkers() {
        let timeline = Timeline(history)
        var node: (id: NodeID, track: Int)?
        for worker in timeline.workers {
            if node?.id != worker.node { node = (worker.node, trace.track("node \(worker.node)", .group)) }
            let track = trace.track("\(worker)", in: node!.track, .slices)
            for span in timeline.spans where span.worker == worker { draw(span, on: track) }
        }
    }

    private mutating func draw(_ span: TimelineSpan, on track: Int) {
        var arguments: [TraceArgument] = []
        if let segment = span.segment {
            arguments.append(.integer("segment", segment + 1))
            if let rank = history.segments[segment].members.firstIndex(where: { $0.worker == span.worker }) {
                arguments.append(.integer("rank", rank))
            }
        }
        if let incident = span.incident { arguments.append(.integer("incident", incident)) }
        trace.add(
            TraceSlice(
                track: track, name: span.activity.rawValue, from: span.from, to: span.to, arguments: arguments))
        guard span.activity == .train, detail >= .steps, let segment = span.segment else { return }
        for index in bySegment.ranges[segment] {
            let (from, to) = (max(begin(ofStep: index), span.from), min(history.steps[index].at, span.to))
            if from < to { drawStep(index, from, to, on: track, worker: span.worker) }
        }
    }

    private mutating func drawStep(_ index: Int, _ from: Instant, _ to: Instant, on track: Int, worker: WorkerID) {
        let point = history.steps[index]
        trace.add(
            TraceSlice(
                track: track, name: "step \(point.step)", from: from, to: to,
                arguments: [.integer("step", point.step), .real("loss", point.loss)]))
        guard detail == .parts else { return }
        // What a step's report says of update, snapshot and evaluation is of the step before: they follow its commit.
        let parts: [(name: String, span: TimeSpan)] = [
            ("optimizer", point.profile.update), ("snapshot", point.profile.snapshot),
            ("evaluation", point.profile.evaluation), ("forward+backward", point.profile.compute),
            ("all-reduce", point.profile.exchange),
        ]
        let members = history.segments[point.segment].members
        // The first row begins the flows, because viewers take events of one instant in the file's order.
        let first = members.map(\.worker).min()
        let rank = members.firstIndex { $0.worker == worker } ?? 0
        var mark = from
        for part in parts where part.span > .zero && mark < to {
            let end = min(mark + part.span, to)
            var slice = TraceSlice(track: track, name: part.name, from: mark, to: end)
            if part.name == "all-reduce" {
                let others = members.indices.filter { members[$0].worker != first }
                slice.flowsOut = worker == first ? others.map { Flow.exchange(index, to: $0) } : []
                slice.flowsIn = worker == first ? [] : [Flow.exchange(index, to: rank)]
            }
            trace.add(slice)
            mark = end
        }
        if mark < to { trace.add(TraceSlice(track: track, name: "wait", from: mark, to: to)) }
    }
}

/// The numbers of flows: which kind in the upper bits, which one in the lower.
private enum Flow {
    static func restore(segment: Int) -> UInt64 { 1 << 60 | UInt64(segment) }
    static func incident(_ number: Int) -> UInt64 { 2 << 60 | UInt64(number) }
    /// To one member each: a flow has two ends.
    static func exchange(_ step: Int, to rank: Int) -> UInt64 { 3 << 60 | UInt64(rank) << 40 | UInt64(step) }
}
