// What the coordinator asks for, turned into words to workers and orders to the world.

import Jobs
import Messages
import Primitives

extension Dispatcher {
    mutating func carryOut(_ command: Command, at now: Instant) {
        switch command {
        case .startWorker(let worker): outputs.append(.startProcess(worker))
        case .evict(let worker, let reason):
            if let session = sessions[worker] { send(.exit(because: reason), to: session) }
            if coordinator.pool[worker]?.supervised == true { outputs.append(.killProcess(worker)) }
        case .welcome(let worker, let incarnation): welcome(worker, incarnation, at: now)
        case .refuse(let reason):
            guard let greeting else { break }
            outputs.append(
                .send(.refuse(reason: reason), to: greeting.connection, incarnation: Incarnation(0)))
        case .wait, .decide: break
        case .form(_, let generation, let members, let restore, let transfers, let course):
            form(generation, members, restore: restore, transfers, course)
        case .begin(_, let generation):
            sendAll(.begin(generation: generation))
            gang?.watch.begin((coordinator.run?.committed ?? 0) + 1, at: now)
        case .saveCheckpoint(_, let generation, let step):
            guard let writer = gang?.members.first, let session = sessions[writer.worker] else { break }
            send(.saveCheckpoint(generation: generation, step: step), to: session)
        case .evaluate(_, let generation, let step): sendAll(.evaluate(generation: generation, step: step))
        case .compare(_, let generation, let step): sendAll(.compare(generation: generation, step: step))
        case .commit(_, let generation, let step): commit(generation, step, at: now)
        case .abort(_, let generation, let reason):
            sendAll(.abort(generation: generation, because: reason.sentence))
            gang = nil
        case .regroup(_, let generation, let size, let resized):
            let successor = resized.map { "a gang of \($0), as was asked," } ?? "a gang larger than \(size)"
            sendAll(.abort(generation: generation, because: "\(successor) takes its place"))
            gang = nil
        case .deleteCheckpoint(_, let step): outputs.append(.deleteCheckpoint(step: step))
        case .finish(_, let outcome):
            for session in sessions.all { send(.exit(because: "the run is over"), to: session) }
            outputs.append(.finished(outcome))
        }
    }

    /// Tells the process that greets who it is.
    mutating func welcome(_ worker: WorkerID, _ incarnation: Incarnation, at now: Instant) {
        guard let greeting else { preconditionFailure("\(worker) is welcomed, but nobody introduced himself") }
        let session = Session(
            connection: greeting.connection, worker: worker, incarnation: incarnation,
            processID: greeting.hello.processID, exchangeEndpoint: greeting.hello.exchangeEndpoint)
        sessions.add(session)
        detector.heard(worker, incarnation, at: now)
        send(
            .welcome(
                worker: worker, incarnation: incarnation, run: assignment.run, runDirectory: assignment.folder,
                job: assignment.job, heartbeatInterval: job.faultTolerance.heartbeatInterval,
                lease: job.faultTolerance.lease),
            to: session)
        // Who returns may still compute for the generation that ended with its coordinator, and is told so first.
        let residence = Residence(run: assignment.run, worker: worker, incarnation: incarnation)
        if greeting.hello.before == residence, inherited.number > 0 {
            send(
                .abort(generation: inherited, because: InterruptionReason.coordinatorLost.sentence), to: session)
        }
    }

    private mutating func form(
        _ generation: Generation, _ members: [Member], restore: Int, _ transfers: [StateTransfer]?,
        _ course: Course
    ) {
        let tolerance = job.faultTolerance
        gang = Gang(
            generation: generation, members: members,
            limits: StepWatch.Limits(
                perMicroBatch: stepTiming, factor: tolerance.detection.stepDeadlineFactor,
                atLeast: tolerance.detection.stepDeadlineAtLeast,
                patience: coordinator.run?.plan.formationLimit ?? tolerance.heartbeatTimeout,
                interval: tolerance.heartbeatInterval), stragglers: tolerance.straggler)
        let addresses = members.map { member in
            MemberAddress(
                worker: member.worker, incarnation: member.incarnation,
                endpoint: sessions[member.worker]?.exchangeEndpoint ?? "", part: member.part,
                evaluationPart: member.evaluationPart)
        }
        let digest =
            transfers == nil ? coordinator.run?.checkpoints.first { $0.step == restore }?.weightsSHA256 : nil
        for (rank, member) in members.enumerated() {
            guard let session = sessions[member.worker] else { continue }
            send(
                .form(
                    generation: generation, rank: rank, members: addresses, restore: restore, transfers: transfers,
                    course: course, digest: digest, trusted: coordinator.run?.trusted ?? generation),
                to: session)
        }
    }

    private mutating func commit(_ generation: Generation, _ step: Int, at now: Instant) {
        sendAll(.commit(generation: generation, step: step))
        guard let took = gang?.watch.complete(at: now) else { return }  // Told again: nobody computes.
        if stepTiming?.observe(took) == nil { stepTiming = TimingEstimate(first: took) }
        gang?.watch.expect(stepTiming)
        if step < job.training.steps { gang?.watch.begin(step + 1, at: now) }
    }

    private mutating func sendAll(_ message: CoordinatorMessage) {
        for member in gang?.members ?? [] {
            if let session = sessions[member.worker] { send(message, to: session) }
        }
    }
}
