// What the dispatcher does about those who are silent, stand still or cannot reach one another: it takes them for lost,
// with the figures that decided. Refuses to wait for their word: whoever is condemned may wake up, and is fenced then.

import Jobs
import Messages
import Primitives

extension Dispatcher {
    /// A member has said what it is at.
    mutating func see(_ progress: WorkerProgress, of session: Session, at now: Instant) {
        guard let rank = gang?.rank(of: session, progress.generation) else { return }
        gang?.watch.saw(progress, of: rank, at: now)
    }

    /// Whoever has been silent for too long is lost.
    mutating func loseSilent(at now: Instant) {
        for silent in detector.lost(at: now) {
            if let session = sessions[silent.worker], session.incarnation == silent.incarnation {
                condemn(session, .silent(silent.silent), at: now)
            } else if coordinator.pool.isAway(silent.worker, silent.incarnation) {
                giveUp(silent.worker, silentFor: silent.silent, at: now)
            }
        }
    }

    /// Whoever holds up a step is lost.
    mutating func loseStanding(at now: Instant) {
        guard let members = gang?.members, gang?.watch.nextDeadline.map({ $0 <= now }) ?? false else { return }
        let suspected = members.indices.filter { detector.suspicion(of: members[$0].worker, at: now) != nil }
        let involved = members.map { member in
            involvements.count { $0.worker == member.worker && $0.incarnation == member.incarnation }
        }
        guard let verdict = gang?.watch.look(at: now, suspected: suspected, involved: involved) else { return }
        let step = coordinator.run.map { $0.committed + 1 } ?? 0
        let (rank, how): (Int, LossCause)
        switch verdict {
        case .hung(let hung, let doing, let span): (rank, how) = (hung, .hung(step: step, doing: doing, for: span))
        case .cutOff(let cut, let others, let span):
            (rank, how) = (cut, .cutOff(step: step, from: others, for: span))
            for rank in others {
                involvements.append(Holder(worker: members[rank].worker, incarnation: members[rank].incarnation))
            }
        }
        if let session = sessions[members[rank].worker] { condemn(session, how, at: now) }
    }

    /// Whoever has been slow for too long is told of: once, and again when a spare could take its place.
    mutating func noteStragglers(_ profiles: [StepProfile], _ generation: Generation, _ step: Int, at now: Instant) {
        guard gang?.generation == generation else { return }
        for report in gang?.stragglers.observe(profiles, step: step, at: now) ?? [] {
            let process = Holder(worker: report.worker, incarnation: report.incarnation)
            let isNews = !stragglers.contains(process)
            guard isNews || coordinator.run?.wouldReplace(report, from: coordinator.pool) ?? false else { continue }
            if isNews { stragglers.append(process) }
            tell(.stragglerFound(run: assignment.run, generation: generation, report), at: now)
        }
    }

    /// Takes a process for lost that has not ended: it is killed where that is possible, and told to end if it speaks
    /// again.
    private mutating func condemn(_ session: Session, _ how: LossCause, at now: Instant) {
        if coordinator.pool[session.worker]?.supervised == true { outputs.append(.killProcess(session.worker)) }
        unexplained.append(session.processID)
        lose(session, how, at: now)
    }
}
