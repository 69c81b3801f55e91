// Every event and command, written as a line and read back, with the oddest texts; and a scenario as its records.
// Refuses a codec that loses a bit.

import ControlPlane
import Foundation
import Messages
import Primitives
import Scheduling
import Testing

struct RecordLineTests {
    private static let texts = [
        "", " ", "plain", "two words", "a=b", "\"quoted\" \\ back", "line\nbreak\r\n\ttab", "ünïcödé 🚀 \u{2028}",
        "\u{301}combining first", ",;:#/", "nan", "\"",
    ]
    private static let numbers = [0, -0.0, 1.5, 0.1, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 1e300]
    private static let causes: [LossCause] =
        [
            .connectionClosed, .exited(code: -1), .signalled(9), .silent(.seconds(5.25)), .replaced, .coordinatorEnded,
            .hung(step: 7, doing: .computing, for: .seconds(2.5)), .cutOff(step: 8, from: [0, 2], for: .seconds(2.5)),
            .cutOff(step: 8, from: [], for: .zero),
        ]
        + texts.map { .left($0) }

    private static let straggler = StragglerReport(
        worker: worker(2), incarnation: Incarnation(3), rank: 2, step: 70, factor: 2.25, steps: 30,
        lasted: .seconds(1.5))

    private static func events(_ text: String, _ number: Double, _ how: LossCause) -> [Event] {
        let run = RunID(text.isEmpty ? "r" : text)
        let (one, two) = (Generation(1), Incarnation(2))
        let report = StepReport(
            step: 3, loss: number, gradientNorm: number, learningRate: 3e-4, tokens: 4096,
            profile: StepProfile(compute: .seconds(0.1), exchange: .zero, update: .microseconds(7)),
            salvage: Salvage(kept: 6, discarded: text.count))
        return [
            .jobSubmitted(run: run, plan: .small), .runResumed(run: run),
            .jobSubmitted(run: run, plan: .small.with { $0.skipped = [351..<556, 700..<701] }),
            .coordinatorRestarted(run: run, living: []),
            .coordinatorRestarted(run: run, living: [worker(0), worker(2)]),
            .workerReturned(worker: worker(1), incarnation: two, processID: 77),
            .slotsOffered(node: NodeID("a"), slots: 4),
            .workerJoined(worker: nil, node: NodeID("a"), processID: 77, numerics: text),
            .workerJoined(worker: worker(3), node: NodeID("a"), processID: 77, numerics: text),
            .workerLost(worker: worker(1), incarnation: two, how: how),
            .workerStartFailed(worker: worker(1), how: how),
            .memberFormed(worker: worker(1), incarnation: two, generation: one),
            .restoreFailed(worker: worker(1), incarnation: two, generation: one, step: 8, reason: text),
            .stepContributed(run: run, generation: one, report: report),
            .replicasDisagree(run: run, generation: one, step: 4, norms: text),
            .statesDiffer(run: run, generation: one, step: 4, hashes: [StateHash(.max), StateHash(0)]),
            .stragglerFound(run: run, generation: one, straggler),
            .statesAgree(run: run, generation: one, step: 4, hash: StateHash(255)),
            .evaluated(run: run, generation: one, step: 4, loss: number),
            .checkpointWritten(
                run: run, generation: one, step: 4, weightsSHA256: text, size: ByteCount(.max), took: .seconds(1.5)),
            .checkpointFailed(run: run, generation: one, step: 4, reason: text),
            .faultInjected(
                run: run, Infliction(index: 1, what: text, worker: nil, incarnation: nil, effect: .ends)),
            .stepNotFinite(run: run, generation: one, step: 3, suspects: [worker(1), worker(2)]),
            .stepNotFinite(run: run, generation: one, step: 3, suspects: []),
            .interruptRequested(run: run, because: text), .deadlineReached,
            .resized(run: run, workers: 3, leaving: []),
            .resized(run: run, workers: 1, leaving: [worker(1), worker(2)]),
        ]
            + [
                Infliction.Effect.ends, .once, .corrupts, .lasts(.milliseconds(3)), .damages(step: 7),
                .fillsDisk(.zero),
            ].map {
                .faultInjected(
                    run: run, Infliction(index: 0, what: text, worker: worker(1), incarnation: two, effect: $0))
            }
    }

    private static func commands(_ text: String, _ how: LossCause) -> [Command] {
        let run = RunID(text.isEmpty ? "r" : text)
        let (one, node) = (Generation(1), WorkerID(node: NodeID("node-1.example_x"), slot: 12))
        let members = [
            Member(worker: node, incarnation: Incarnation(4), part: 0..<5, evaluationPart: 0..<0),
            Member(worker: worker(0), incarnation: Incarnation(1), part: 5..<8, evaluationPart: 0..<4),
        ]
        let interruptions: [InterruptionReason] = [
            .workerLost(worker: node, rank: 0, how: how),
            .restoreFailed(worker: node, rank: 1, step: 8, reason: text),
            .formationOverdue(missing: [node, worker(0)]),
            .formationOverdue(missing: []), .replicasDisagree(step: 4, norms: text), .coordinatorLost,
            .straggling(straggler),
            .statesDiffer(
                StateDispute(step: 4, hashes: [StateHash(1), StateHash(2)], corrupt: [node], agreed: 3, restored: nil)),
            .statesDiffer(
                StateDispute(step: 4, hashes: [StateHash(1), StateHash(2)], corrupt: [], agreed: 2, restored: 0)),
            .stepNotFinite(step: 4, suspects: [node, worker(0)]), .stepNotFinite(step: 4, suspects: []),
            .stepDoubted(step: 454), .workerDeviant(worker: node, rank: 2, step: 454),
            .diverged(step: 504, to: 325), .diverged(step: 504, to: nil),
        ]
        let outcomes: [Outcome] = [
            .completed, .interrupted(checkpoint: 8), .gaveUp(restarts: 3, last: text),
            .unsaved(checkpoint: 4, reason: text), .diverged(checkpoint: 4, because: text),
        ]
        let alarm = SpikeAlarm(
            step: 454, onset: 450, kind: .spike, value: 5.85, deviation: 28.8, sum: 15, median: 3, spread: 0.1)
        let broken = SpikeAlarm(
            step: 7, onset: 7, kind: .nonFinite, value: .infinity, deviation: .infinity, sum: 0, median: 0, spread: 0)
        let verdicts: [SpikeDecision.Verdict] = [
            .outlier(batch: 9, worst: 3), .outlier(batch: 9, worst: nil), .recompute, .hardware(rank: 2),
            .hardware(rank: nil), .wait(until: 504), .harmless(rise: 0.02, isHealed: false),
            .rollBack(to: 325, batches: 326..<555, rateScale: 0.75, attempt: 2),
            .rollBack(to: 325, batches: nil, rateScale: nil, attempt: 1), .giveUp(attempts: 3), .pin(step: 325),
            .pin(step: nil),
        ]
        let decisions =
            verdicts.map { SpikeDecision($0, because: alarm) } + [
                SpikeDecision(.recompute, because: broken, isDry: true),
                SpikeDecision(
                    .giveUp(attempts: 3), because: alarm,
                    outlook: SpikeOutlook(rise: 1.5, fall: -0.25, remaining: 30, healed: 0.2)),
            ]
        return [
            .startWorker(node), .evict(node, because: text), .welcome(worker: node, incarnation: Incarnation(9)),
            .refuse(because: text), .wait(run: run, because: .workersMissing(free: 1, needed: 3)),
            .wait(run: run, because: .numericsDiffer(fitting: 1, needed: 3, numerics: text)),
            .form(run: run, generation: one, members: members, restore: 4, transfers: nil),
            .form(run: run, generation: one, members: members, restore: 4, transfers: []),
            .form(
                run: run, generation: one, members: members, restore: 4,
                transfers: [StateTransfer(to: 1, from: 0), StateTransfer(to: 12, from: 3)]),
            .form(
                run: run, generation: one, members: members, restore: 350, transfers: nil,
                course: Course(skipped: [351..<555], rateScales: [Course.RateScale(after: 350, factor: 0.75)])!),
            .regroup(run: run, generation: one, size: 2),
            .regroup(run: run, generation: one, size: 2, resizedTo: 1),
            .finish(run: run, outcome: .memberLost(checkpoint: 3, last: "rank 1 left")),
            .begin(run: run, generation: one),
            .saveCheckpoint(run: run, generation: one, step: 4), .evaluate(run: run, generation: one, step: 4),
            .compare(run: run, generation: one, step: 4), .commit(run: run, generation: one, step: 4),
            .deleteCheckpoint(run: run, step: 4),
        ] + interruptions.map { .abort(run: run, generation: one, because: $0) }
            + outcomes.map { .finish(run: run, outcome: $0) } + decisions.map { .decide(run: run, $0) }
    }

    @Test func `every event reads back from its line`() throws {
        for text in Self.texts {
            for (number, how) in zip(Self.numbers + Self.numbers, Self.causes) {
                for event in Self.events(text, number, how) {
                    let line = event.line.text
                    let back = try Event(Line(parsing: line))
                    #expect(back.line.text == line)
                    if !number.isNaN { #expect(back == event, "\(line)") }
                }
            }
        }
    }

    @Test func `every command reads back from its line, and no line breaks`() throws {
        for text in Self.texts {
            for how in Self.causes {
                for command in Self.commands(text, how) {
                    let line = command.line.text
                    #expect(!line.utf8.contains(0x0a), "the journal separates commands by line breaks")
                    #expect(try Command(Line(parsing: line)) == command, "\(line)")
                }
            }
        }
    }

    @Test func `a line that is no event or command is refused with what is wrong`() {
        let bad = [
            ("", "head word"), ("step-forgotten run=r", "there is no event"),
            ("worker-lost worker=a/1 incarnation=1", "how is missing"),
            ("worker-lost worker=a incarnation=1 how=replaced", "worker cannot be 'a'"),
            ("evaluated run=r generation=1 step=x loss=1", "step cannot be 'x'"),
        ]
        for (text, problem) in bad {
            do throws(LineError) {
                _ = try Event(Line(parsing: text))
                Issue.record("'\(text)' was read")
            } catch { #expect(error.description.contains(problem), "\(error)") }
        }
        for text in [
            "form run=r generation=1 restore=0 members=a/0#1", "wait run=r because=rain", "finish run=r outcome=maybe",
            "abort run=r generation=1 because=bored", "dance run=r generation=1",
        ] {
            #expect(throws: LineError.self) { try Command(Line(parsing: text)) }
        }
    }

    /// Each `>` line is told a second after the one before; the lines below are what the coordinator asks for.
    /// `UNDERSTUDY_RECORD=1` prints the scenario with the answers of today.
    @Test func `a gang of two loses a member and goes on, as its records tell`() throws {
        var (coordinator, now, told) = (Coordinator(), Instant.zero, "")
        for text in scenario.split(separator: "\n") where text.hasPrefix("> ") {
            let commands = coordinator.handle(try Event(Line(parsing: text.dropFirst(2))), at: now)
            told += ([String(text)] + commands.map(\.line.text)).joined(separator: "\n") + "\n"
            now = now + .seconds(Int64(1))
        }
        if ProcessInfo.processInfo.environment["UNDERSTUDY_RECORD"] == "1" { print(told) }
        #expect(told == scenario + "\n")
    }
}

private let scenario = """
    > job-submitted run=r steps=3 workers=2 micro-batches=4 save-every=2 keep=1 evaluate-every=0 evaluation-micro-batches=0 max-restarts=1 formation-limit=60000000000ns recovery=checkpoint on-worker-loss=wait
    wait run=r because=workers-missing free=0 needed=2
    > slots-offered node=a slots=2
    start-worker worker=a/0
    start-worker worker=a/1
    > worker-joined worker=a/1 node=a pid=11 numerics=plain
    welcome worker=a/1 incarnation=1
    wait run=r because=workers-missing free=1 needed=2
    > worker-joined worker=a/0 node=a pid=10 numerics=plain
    welcome worker=a/0 incarnation=1
    form run=r generation=1 restore=0 members=a/0#1:0..<2:0..<0,a/1#1:2..<4:0..<0
    > member-formed worker=a/0 incarnation=1 generation=1
    > member-formed worker=a/1 incarnation=1 generation=1
    begin run=r generation=1
    > step-contributed run=r generation=1 step=1 loss=5.5 norm=1.0 lr=0.001 tokens=64 compute=1ns exchange=1ns update=0ns snapshot=0ns evaluation=0ns
    commit run=r generation=1 step=1
    > step-contributed run=r generation=1 step=2 loss=5.25 norm=1.0 lr=0.001 tokens=64 compute=1ns exchange=1ns update=0ns snapshot=0ns evaluation=0ns
    save-checkpoint run=r generation=1 step=2
    commit run=r generation=1 step=2
    > worker-lost worker=a/1 incarnation=1 how=signal:9
    abort run=r generation=1 because=worker-lost worker=a/1 rank=1 how=signal:9
    start-worker worker=a/1
    wait run=r because=workers-missing free=1 needed=2
    > checkpoint-written run=r generation=1 step=2 weights=abc bytes=100 took=5ns
    > worker-joined worker=a/1 node=a pid=12 numerics=plain
    welcome worker=a/1 incarnation=2
    form run=r generation=2 restore=2 members=a/0#1:0..<2:0..<0,a/1#2:2..<4:0..<0
    > member-formed worker=a/1 incarnation=2 generation=2
    > member-formed worker=a/0 incarnation=1 generation=1
    > member-formed worker=a/0 incarnation=1 generation=2
    begin run=r generation=2
    > step-contributed run=r generation=2 step=3 loss=5.125 norm=1.0 lr=0.001 tokens=64 compute=1ns exchange=1ns update=0ns snapshot=0ns evaluation=0ns
    save-checkpoint run=r generation=2 step=3
    commit run=r generation=2 step=3
    > checkpoint-written run=r generation=2 step=3 weights=def bytes=100 took=5ns
    delete-checkpoint run=r step=2
    finish run=r outcome=completed
    """
