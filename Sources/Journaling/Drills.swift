// The drills of a run whose consequences may be still to come: what tells a drill from an accident when something goes
// wrong. A kill is certain to be missed, and the checkpoint that was damaged is met whenever it is read; anything else is
// held to have passed without a trace once its time is over and the gang has committed two steps since. Refuses to guess
// by kind: it goes by the victim.

import ControlPlane
import Primitives

struct Drills: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        let at: Instant
        let infliction: Infliction
        /// Where the incident stands that tells of it; nil when none does yet.
        var incident: Int?
        /// Steps committed since its end.
        var stepsSince = 0
    }

    private var pending: [Entry] = []

    mutating func add(_ drill: Entry) { pending.append(drill) }

    /// A step was committed.
    mutating func committed(at now: Instant) {
        for index in pending.indices where pending[index].end <= now { pending[index].stepsSince += 1 }
        pending.removeAll { $0.passes && $0.stepsSince >= 2 }
    }

    /// Takes out the drill that caused an interruption of the gang of `run`; nil for an accident.
    mutating func take(causing reason: InterruptionReason, _ run: Run?) -> Entry? {
        func index(_ isCause: (Infliction) -> Bool) -> Int? { pending.firstIndex { isCause($0.infliction) } }
        let known: Int?
        switch reason {
        case .workerLost(let worker, let rank, _):
            let incarnation = run?.members[rank].incarnation
            let isVictim = { (drill: Infliction) in drill.worker == worker && drill.incarnation == incarnation }
            known = index { isVictim($0) && $0.effect == .ends } ?? index { isVictim($0) && !$0.fillsDisk }
        case .stepNotFinite(_, let suspects): known = index { $0.worker.map(suspects.contains) ?? false }
        case .restoreFailed(_, _, let step, _) where run?.transfers == nil:
            known = index { $0.effect == .damages(step: step) }
        case .straggling(let report):
            return entry(slowing: report).map { entry in
                pending.removeAll { $0 == entry }
                return entry
            }
        case .statesDiffer(let dispute):
            known = index { drill in
                drill.effect == .corrupts
                    && (dispute.corrupt.isEmpty || drill.worker.map(dispute.corrupt.contains) ?? false)
            }
        case .coordinatorLost: known = index { $0.effect == .ends && $0.worker == nil }
        case .workerDeviant(let worker, _, _): known = index { $0.worker == worker }
        case .restoreFailed, .formationOverdue, .replicasDisagree, .stepDoubted, .diverged: known = nil
        }
        guard let known else { return nil }
        var drill = pending.remove(at: known)
        // Damage on disk and its discovery are far apart: two incidents.
        if drill.isDamage { drill.incident = nil }
        return drill
    }

    /// The drill that makes a straggler slow; nil where none does.
    func entry(slowing report: StragglerReport) -> Entry? {
        pending.first { entry in
            guard case .lasts = entry.infliction.effect else { return false }
            return entry.infliction.worker == report.worker && entry.infliction.incarnation == report.incarnation
        }
    }

    /// Takes out the drill that ended `incarnation` of `worker`; nil for an accident.
    mutating func take(ending worker: WorkerID, _ incarnation: Incarnation) -> Entry? {
        let known = pending.firstIndex {
            $0.infliction.worker == worker && $0.infliction.incarnation == incarnation && $0.infliction.effect == .ends
        }
        return known.map { pending.remove(at: $0) }
    }

    /// The drill that keeps the disk full at `now`; nil when none does.
    func filled(disk now: Instant) -> Entry? {
        pending.first { $0.infliction.fillsDisk && now <= $0.end }
    }
}

extension Infliction {
    fileprivate var fillsDisk: Bool { if case .fillsDisk = effect { true } else { false } }
}

extension Drills.Entry {
    /// When it stops.
    var end: Instant {
        switch infliction.effect {
        case .lasts(let span), .fillsDisk(let span): at + span
        case .ends, .once, .damages, .corrupts: at
        }
    }

    /// Whether it is damage that is met whenever it is looked at.
    var isDamage: Bool { if case .damages = infliction.effect { true } else { false } }

    /// Whether it may pass without a trace.
    var passes: Bool { infliction.effect != .ends && infliction.effect != .corrupts && !isDamage }
}
