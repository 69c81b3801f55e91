// A coordinator that dies alone and is started again: what its workers hold is kept, whoever is expected is waited for
// and no longer, and nobody is taken for who he was not. Refuses processes and sockets; the live tests have them.

import ControlPlane
import Jobs
import Messages
import Primitives
import Scheduling
import Testing

struct RestartTests {
    private static func running(
        _ change: (inout RunPlan) -> Void = { $0.recovery = .peer }
    ) throws -> MockWorld {
        var world = MockWorld(plan: .small.with(change))
        try world.submit()
        try world.offer(slots: 3)
        try world.joinAll()
        try world.formAll()
        try world.steps(through: 6)
        return world
    }

    @Test(arguments: FaultToleranceSpec.Recovery.allCases)
    func `no committed step is given up, wherever lost states come from`(_ recovery: FaultToleranceSpec.Recovery) throws
    {
        var world = try Self.running {
            $0.recovery = recovery
            $0.maximumRestarts = 0
        }
        try world.contribute(rank: 1)
        let commands = try world.restartCoordinator()
        #expect(commands.first == .abort(run: world.run, generation: Generation(1), because: .coordinatorLost))
        try world.offer(slots: 3)
        for slot in 0..<3 { try world.comeBack(worker(slot)) }
        #expect(world.gang?.restored == 6 && world.gang?.generation == Generation(2))
        try world.formAll()
        try world.steps(through: 12)
        while let write = world.writes.first { try world.write(write.step) }
        #expect(world.outcome == .completed)
        #expect(world.lineage.count == 12)
        try world.checkReplay()
    }

    @Test func `the next gang waits for every process that holds the state`() throws {
        var world = try Self.running {
            $0.recovery = .peer
            $0.onWorkerLoss = .spare
        }
        try world.restartCoordinator()
        let commands = try world.offer(slots: 3)
        #expect(commands.isEmpty, "the reason was told at once")
        #expect(world.lastWait == .workersAway(3))
        try world.comeBack(worker(2))
        try world.comeBack(worker(0))
        #expect(world.gang == nil && world.lastWait == .workersAway(1))
        try world.kill(worker(1), .silent(.seconds(Int64(5))))
        #expect(world.gang?.members.map(\.worker) == [worker(0), worker(2)])
        #expect(world.gang?.restored == 6)
    }

    @Test func `a process that did not outlive the coordinator is waited for by nobody`() throws {
        var world = try Self.running {
            $0.recovery = .peer
            $0.onWorkerLoss = .wait
        }
        try world.restartCoordinator(dead: [worker(1)])
        try world.offer(slots: 3)
        try world.comeBack(worker(0))
        try world.comeBack(worker(2))
        #expect(world.gang == nil)
        try world.join(worker(1))
        #expect(world.gang?.restored == 6)
        #expect(world.gang?.transfers == [StateTransfer(to: 1, from: 0)])
    }

    @Test func `a wish to end outlives the coordinator that heard it`() throws {
        var world = try Self.running()
        try world.interrupt()
        try world.restartCoordinator()
        try world.offer(slots: 3)
        for slot in 0..<3 { try world.comeBack(worker(slot)) }
        try world.formAll()
        try world.steps(through: 7)
        try world.write(7)
        #expect(world.outcome == .interrupted(checkpoint: 7))
    }

    @Test func `a wish to end that only the next coordinator hears waits for what its workers hold`() throws {
        var world = try Self.running()
        try world.restartCoordinator()
        try world.offer(slots: 3)
        try world.comeBack(worker(0))
        try world.interrupt()
        #expect(world.outcome == nil)
        for slot in 1..<3 { try world.comeBack(worker(slot)) }
        try world.formAll()
        try world.steps(through: 7)
        try world.write(7)
        #expect(world.outcome == .interrupted(checkpoint: 7))
    }

    @Test func `a wish to end waits for nobody when nobody can return`() throws {
        var world = try Self.running()
        try world.write(4)
        try world.interrupt()
        try world.restartCoordinator()
        try world.offer(slots: 3)
        for slot in 0..<3 { try world.kill(worker(slot)) }
        #expect(world.outcome == .interrupted(checkpoint: 4))
    }

    // MARK: Who returns

    private static func job(workers: Int = 1) -> JobSpec {
        JobSpec(
            name: "restart", nodes: 1, workersPerNode: workers,
            model: ModelShape(layers: 1, width: 8, heads: 1, contextLength: 8, vocabularySize: 256),
            training: TrainingSpec(
                microBatch: 1, globalBatch: workers, steps: 8,
                learningRate: LearningRateSpec(decay: .constant, peak: 1e-3, minimum: 0, warmupSteps: 0, decaySteps: 0),
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 1, evaluationInterval: 0,
                evaluationMicroBatches: 1),
            data: DataSpec(source: .text, globs: [], validationShare: 0.1),
            checkpoint: CheckpointSpec(interval: 4, keep: 1),
            faultTolerance: FaultToleranceSpec(
                recovery: .peer, onWorkerLoss: .spare, maximumRestarts: 3, heartbeatInterval: .seconds(Int64(1)),
                heartbeatTimeout: .seconds(Int64(5)), lease: .seconds(Int64(15)), lossSpike: LossSpikeSpec(action: .off)
            ),
            injections: [])
    }

    private static func dispatcher(_ job: JobSpec, after coordinator: Coordinator = Coordinator()) -> Dispatcher {
        Dispatcher(
            job: job, assignment: Dispatcher.Assignment(run: RunID("r"), folder: "", job: []),
            coordinator: coordinator)
    }

    private static func hello(_ processID: Int, before: Residence?, through connection: Int? = nil) -> Dispatcher.Input
    {
        .message(
            .hello(
                Hello(
                    version: protocolVersion, worker: nil, node: NodeID("a"), processID: processID,
                    exchangeEndpoint: "tcp://127.0.0.1:\(processID)", numerics: "plain", before: before)),
            from: ConnectionID(connection ?? processID), incarnation: Incarnation(0))
    }

    /// A coordinator that was started again and expects process 7 as a/0#1, process 8 as a/1#1, and so on.
    private static func expecting(workers: Int = 1) -> Dispatcher {
        let job = job(workers: workers)
        var first = dispatcher(job)
        _ = first.handle(.fact(.jobSubmitted(run: RunID("r"), plan: RunPlan(job))), at: .zero)
        for process in 7..<7 + workers { _ = first.handle(hello(process, before: nil), at: .zero) }
        var second = dispatcher(job, after: first.coordinator)
        _ = second.handle(.fact(.coordinatorRestarted(run: RunID("r"), living: [])), at: .zero)
        return second
    }

    private static func residence(_ run: String = "r", incarnation: Int = 1) -> Residence {
        Residence(run: RunID(run), worker: worker(0), incarnation: Incarnation(incarnation))
    }

    @Test func `who returns keeps its incarnation, and is told of the end of its generation before it is called again`()
    {
        var dispatcher = Self.expecting()
        let outputs = dispatcher.handle(Self.hello(7, before: Self.residence()), at: .zero)
        let words = outputs.compactMap { output -> String? in
            guard case .send(let message, _, let incarnation) = output else { return nil }
            #expect(incarnation == Incarnation(1))
            switch message {
            case .welcome: return "welcome"
            case .abort(let generation, _): return "abort \(generation)"
            case .form(let generation, _, _, _, _, _, _, _): return "form \(generation)"
            default: return "\(message)"
            }
        }
        #expect(words == ["welcome", "abort 1", "form 2"])
    }

    @Test(
        arguments: [
            (8, Self.residence()), (7, Self.residence(incarnation: 2)), (7, Self.residence("another")), (7, nil),
        ] as [(Int, Residence?)])
    func `whoever is not who the journal knows is a newcomer`(_ processID: Int, _ before: Residence?) {
        var dispatcher = Self.expecting()
        let outputs = dispatcher.handle(Self.hello(processID, before: before), at: .zero)
        #expect(!outputs.contains { if case .record(.workerReturned, _) = $0 { true } else { false } })
        let joined = outputs.contains { output in
            guard case .record(.workerJoined, let commands) = output else { return false }
            return commands.contains { if case .welcome = $0 { true } else { false } }
        }
        #expect(joined)
    }

    @Test func `who returned keeps its incarnation when its connection breaks before the others are back`() {
        var dispatcher = Self.expecting(workers: 2)
        _ = dispatcher.handle(Self.hello(7, before: Self.residence()), at: .zero)
        let outputs = dispatcher.handle(Self.hello(7, before: Self.residence(), through: 17), at: .zero)
        #expect(!outputs.contains { if case .record = $0 { true } else { false } }, "\(outputs)")
        let told = outputs.compactMap { output -> ConnectionID? in
            guard case .send(.welcome(_, Incarnation(1), _, _, _, _, _), let connection, _) = output else { return nil }
            return connection
        }
        #expect(told == [ConnectionID(17)])
        _ = dispatcher.handle(.closed(ConnectionID(7)), at: .zero)
        #expect(dispatcher.coordinator.pool.holds(worker(0), Incarnation(1)))
    }

    @Test func `who loads a checkpoint is told which one was recorded under its name`() throws {
        let (job, run) = (Self.job(), RunID("r"))
        var coordinator = Coordinator()
        let last = StepReport(
            step: 4, loss: 1, gradientNorm: 1, learningRate: 0, tokens: 8,
            profile: StepProfile(compute: .seconds(1 as Int64)))
        for event: Event in [
            .jobSubmitted(run: run, plan: RunPlan(job)),
            .workerJoined(worker: nil, node: NodeID("a"), processID: 7, numerics: "plain"),
            .gangFormed(run: run, generation: Generation(1)),
            .stepsCommitted(
                run: run, generation: Generation(1),
                report: StepsReport(first: 1, last: last, pace: .seconds(1 as Int64))),
            .checkpointWritten(
                run: run, generation: Generation(1), step: 4, weightsSHA256: "cafe", size: ByteCount(1), took: .zero),
            .workerLost(worker: worker(0), incarnation: Incarnation(1), how: .signalled(9)),
        ] { _ = coordinator.handle(event, at: .zero) }
        var dispatcher = Self.dispatcher(job, after: coordinator)
        let told = dispatcher.handle(Self.hello(8, before: nil), at: .zero).compactMap { output -> String? in
            guard case .send(.form(_, _, _, restore: 4, transfers: nil, _, let digest, _), _, _) = output else {
                return nil
            }
            return digest
        }
        #expect(told == ["cafe"])
    }

    @Test func `a copy of the greeting of who returned does not make it a newcomer`() {
        var dispatcher = Self.expecting()
        _ = dispatcher.handle(Self.hello(7, before: Self.residence()), at: .zero)
        let outputs = dispatcher.handle(Self.hello(7, before: Self.residence()), at: .zero)
        #expect(outputs == [.dropped(reason: "\(worker(0)) has greeted through this connection already")])
        #expect(dispatcher.coordinator.pool.holds(worker(0), Incarnation(1)))
    }

    @Test func `who does not come back is lost when it has been silent for too long`() throws {
        var dispatcher = Self.expecting()
        var now = Instant.zero
        for _ in 0..<100 where dispatcher.coordinator.pool.holds(worker(0), Incarnation(1)) {
            now = max(now, try #require(dispatcher.nextDeadline))
            _ = dispatcher.handle(.timePassed, at: now)
        }
        #expect(!dispatcher.coordinator.pool.holds(worker(0), Incarnation(1)))
        #expect(now <= .zero + Self.job().faultTolerance.heartbeatTimeout + .seconds(Int64(1)))
    }
}
