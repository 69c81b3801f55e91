// What workers say, turned into facts. Everything passes the fence first: only the process that lives at its slot, and
// only about the generation that goes on.

import Jobs
import Messages
import Primitives

extension Dispatcher {
    mutating func take(
        _ message: WorkerMessage, from connection: ConnectionID, _ incarnation: Incarnation, at now: Instant
    ) {
        if case .hello(let hello) = message {
            // A process greets once a connection. What greets again through the same one is a copy, and whoever came back
            // must not lose by it what it holds.
            if let known = sessions[connection], known.processID == hello.processID {
                outputs.append(.dropped(reason: "\(known.worker) has greeted through this connection already"))
                return
            }
            if takeBack(hello, from: connection, at: now) { return }
            if hello.worker == nil { loseEarlier(hello, at: now) }
            greeting = (connection, hello)
            tell(
                .workerJoined(
                    worker: hello.worker, node: hello.node, processID: hello.processID, numerics: hello.numerics),
                at: now)
            greeting = nil
            return
        }
        guard let session = sessions[connection], session.incarnation == incarnation else {
            // A process of before that does not know it has been replaced.
            outputs.append(.dropped(reason: "a message came from a process that is no member of the pool"))
            outputs.append(.send(.exit(because: "it has been replaced"), to: connection, incarnation: incarnation))
            return
        }
        detector.heard(session.worker, session.incarnation, isHeartbeat: message.isHeartbeat, at: now)
        take(message, of: session, at: now)
    }

    /// A process that asks for any slot greets again when its connection broke. Its earlier session ends first, or it
    /// would be given a second slot while it seems to live in the first, and one gang could hold it twice.
    private mutating func loseEarlier(_ hello: Hello, at now: Instant) {
        let earlier = sessions.all.first {
            $0.processID == hello.processID && $0.exchangeEndpoint == hello.exchangeEndpoint
                && $0.worker.node == hello.node
        }
        guard let earlier else { return }
        closures.removeAll { $0.session == earlier }
        lose(earlier, .connectionClosed, at: now)
    }

    private mutating func take(_ message: WorkerMessage, of session: Session, at now: Instant) {
        let (worker, incarnation, run) = (session.worker, session.incarnation, assignment.run)
        switch message {
        case .hello, .heartbeat: break
        case .progress(let progress): see(progress, of: session, at: now)
        case .formed(let generation):
            tell(.memberFormed(worker: worker, incarnation: incarnation, generation: generation), at: now)
        case .restoreFailed(let generation, let step, let reason):
            tell(
                .restoreFailed(
                    worker: worker, incarnation: incarnation, generation: generation, step: step, reason: reason),
                at: now)
        case .contributed(let generation, let step, let losses, let norm, let times, let hash, let salvage):
            let contribution = StepBarrier.Contribution(
                losses: losses, gradientNorm: norm, profile: StepProfile(times), stateHash: hash, salvage: salvage)
            contribute(session, generation, step, contribution, at: now)
        case .hashed(let generation, let step, let hash):
            guard let rank = gang?.rank(of: session, generation), let hashes = gang?.compare(rank: rank, hash: hash)
            else { break }
            tell(
                hashes.allSatisfy { $0 == hash }
                    ? .statesAgree(run: run, generation: generation, step: step, hash: hash)
                    : .statesDiffer(run: run, generation: generation, step: step, hashes: hashes), at: now)
        case .partNotFinite(let generation, _):
            if gang?.rank(of: session, generation) != nil { gang?.notFinite.append(worker) }
        case .evaluated(let generation, let step, let losses):
            guard let rank = gang?.rank(of: session, generation),
                let loss = gang?.evaluate(rank: rank, step: step, losses: losses)
            else { break }
            tell(.evaluated(run: run, generation: generation, step: step, loss: loss), at: now)
        case .checkpointWritten(let generation, let step, let digest, let size, let took):
            tell(
                .checkpointWritten(
                    run: run, generation: generation, step: step, weightsSHA256: digest, size: size, took: took),
                at: now)
        case .checkpointFailed(let generation, let step, let reason):
            tell(.checkpointFailed(run: run, generation: generation, step: step, reason: reason), at: now)
        case .goodbye(let reason): lose(session, .left(reason), at: now)
        }
    }

    private mutating func contribute(
        _ session: Session, _ generation: Generation, _ step: Int, _ contribution: StepBarrier.Contribution,
        at now: Instant
    ) {
        guard let rank = gang?.rank(of: session, generation) else { return }
        gang?.watch.contributed(rank, step: step)
        let verdict = gang?.barrier.contribute(rank: rank, step: step, contribution)
        switch verdict {
        case .statesDiffer(let hashes):
            // The step is not done yet; they differ about the one before.
            tell(
                .statesDiffer(run: assignment.run, generation: generation, step: step - 1, hashes: hashes), at: now)
        case .complete(let loss, let norm, _) where !loss.isFinite || !norm.isFinite:
            tell(
                .stepNotFinite(
                    run: assignment.run, generation: generation, step: step, suspects: gang?.notFinite ?? []), at: now)
        case .complete(let loss, let norm, let profile):
            let watch = coordinator.run?.spikes
            let factor = watch?.course.rateFactor(at: step) ?? 1
            let each = watch?.wantsMicroBatches(for: loss) ?? false ? gang?.barrier.losses ?? [] : []
            let report = StepReport(
                step: step, loss: loss, gradientNorm: norm,
                learningRate: job.training.learningRate.rate(at: step, of: job.training.steps) * factor,
                tokens: job.tokensPerStep, profile: profile, microBatchLosses: each,
                stateHash: gang?.barrier.stateHash, salvage: gang?.barrier.salvage ?? Salvage())
            let profiles = gang?.barrier.profiles ?? []
            tell(.stepContributed(run: assignment.run, generation: generation, report: report), at: now)
            noteStragglers(profiles, generation, step, at: now)
        case .disagreement(let norms):
            tell(
                .replicasDisagree(run: assignment.run, generation: generation, step: step, norms: norms), at: now)
        case nil: break
        }
    }
}

extension WorkerMessage {
    /// Whether it is sent at regular intervals.
    fileprivate var isHeartbeat: Bool {
        switch self {
        case .heartbeat, .progress: true
        default: false
        }
    }
}

extension StepProfile {
    /// A member's times.
    init(_ times: StepTimes) {
        self.init(
            compute: times.compute, exchange: times.exchange, update: times.update, snapshot: times.snapshot,
            evaluation: times.evaluation)
    }
}
