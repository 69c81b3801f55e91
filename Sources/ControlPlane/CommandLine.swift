// Commands as record lines and back; see EventLine.swift.

import Messages
import Primitives
import Scheduling

extension Command {
    /// The command as a record line.
    public var line: Line {
        switch self {
        case .startWorker(let worker): Line("start-worker").with("worker", worker)
        case .evict(let worker, let reason): Line("evict").with("worker", worker).with("because", reason)
        case .welcome(let worker, let incarnation):
            Line("welcome").with("worker", worker).with("incarnation", incarnation)
        case .refuse(let reason): Line("refuse").with("because", reason)
        case .wait(let run, let reason): reason.add(to: Line("wait").with("run", run))
        case .form(let run, let generation, let members, let restore, let transfers, let course):
            Line("form").with("run", run).with("generation", generation).with("restore", restore)
                .with("members", members.map(\.lineText).joined(separator: ","))
                .with("transfers", transfers?.map(\.lineText).joined(separator: ","))
                .with("course", course.isStraight ? nil : course)
        case .begin(let run, let generation): Line("begin").with("run", run).with("generation", generation)
        case .saveCheckpoint(let run, let generation, let step):
            Line("save-checkpoint").with("run", run).with("generation", generation).with("step", step)
        case .evaluate(let run, let generation, let step):
            Line("evaluate").with("run", run).with("generation", generation).with("step", step)
        case .compare(let run, let generation, let step):
            Line("compare").with("run", run).with("generation", generation).with("step", step)
        case .commit(let run, let generation, let step):
            Line("commit").with("run", run).with("generation", generation).with("step", step)
        case .abort(let run, let generation, let reason):
            reason.add(to: Line("abort").with("run", run).with("generation", generation))
        case .regroup(let run, let generation, let size, let resized):
            Line("regroup").with("run", run).with("generation", generation).with("size", size)
                .with("resized-to", resized)
        case .deleteCheckpoint(let run, let step): Line("delete-checkpoint").with("run", run).with("step", step)
        case .decide(let run, let decision): decision.add(to: Line("decide").with("run", run))
        case .finish(let run, let outcome): outcome.add(to: Line("finish").with("run", run))
        }
    }

    /// Reads what `line` wrote.
    /// - Throws: `LineError` naming the field that is missing or wrong, or the unknown head word.
    public init(_ line: Line) throws(LineError) {
        self =
            switch line.head {
            case "start-worker": .startWorker(try line.read("worker"))
            case "evict": .evict(try line.read("worker"), because: try line.read("because"))
            case "welcome": .welcome(worker: try line.read("worker"), incarnation: try line.read("incarnation"))
            case "refuse": .refuse(because: try line.read("because"))
            default: try Command(ofRun: line, try line.read("run"))
            }
    }

    private init(ofRun line: Line, _ run: RunID) throws(LineError) {
        self =
            switch line.head {
            case "wait": .wait(run: run, because: try WaitReason(line))
            case "delete-checkpoint": .deleteCheckpoint(run: run, step: try line.read("step"))
            case "decide": .decide(run: run, try SpikeDecision(line))
            case "finish": .finish(run: run, outcome: try Outcome(line))
            default: try Command(ofGeneration: line, run, try line.read("generation"))
            }
    }

    private init(ofGeneration line: Line, _ run: RunID, _ generation: Generation) throws(LineError) {
        switch line.head {
        case "form":
            var members: [Member] = []
            for text in try line.read("members", as: String.self).split(separator: ",") {
                guard let member = Member(lineText: String(text)) else {
                    throw LineError(line: line.text, problem: "'\(text)' is no member")
                }
                members.append(member)
            }
            self = .form(
                run: run, generation: generation, members: members, restore: try line.read("restore"),
                transfers: try transfers(line), course: try line.readIfPresent("course") ?? Course())
        case "begin": self = .begin(run: run, generation: generation)
        case "save-checkpoint": self = .saveCheckpoint(run: run, generation: generation, step: try line.read("step"))
        case "evaluate": self = .evaluate(run: run, generation: generation, step: try line.read("step"))
        case "compare": self = .compare(run: run, generation: generation, step: try line.read("step"))
        case "commit": self = .commit(run: run, generation: generation, step: try line.read("step"))
        case "regroup":
            self = .regroup(
                run: run, generation: generation, size: try line.read("size"),
                resizedTo: try line.readIfPresent("resized-to"))
        case "abort": self = .abort(run: run, generation: generation, because: try InterruptionReason(line))
        default: throw LineError(line: line.text, problem: "there is no command \(line.head)")
        }
    }
}

extension Member: LineValue {
    /// `laptop/2#1:4..<8:1..<2`: slot, incarnation, micro-batches, evaluation micro-batches.
    public var lineText: String { "\(worker)#\(incarnation):\(part.lineText):\(evaluationPart.lineText)" }

    /// Reads what `lineText` wrote.
    public init?(lineText: String) {
        guard let hash = lineText.lastIndex(of: "#"), let worker = WorkerID(String(lineText[..<hash])) else {
            return nil
        }
        let rest = lineText[lineText.index(after: hash)...].split(separator: ":").map(String.init)
        guard rest.count == 3, let incarnation = Int(rest[0]), let part = Range(lineText: rest[1]),
            let evaluationPart = Range(lineText: rest[2])
        else { return nil }
        self.init(
            worker: worker, incarnation: Incarnation(incarnation), part: part, evaluationPart: evaluationPart)
    }
}

private func transfers(_ line: Line) throws(LineError) -> [StateTransfer]? {
    guard let list = try line.readIfPresent("transfers", as: String.self) else { return nil }
    var transfers: [StateTransfer] = []
    for text in list.split(separator: ",") {
        guard let transfer = StateTransfer(lineText: String(text)) else {
            throw LineError(line: line.text, problem: "'\(text)' is no transfer")
        }
        transfers.append(transfer)
    }
    return transfers
}

extension StateTransfer: LineValue {
    /// `2<0`: rank 2 takes the state from rank 0.
    public var lineText: String { "\(receiver)<\(source)" }

    /// Reads what `lineText` wrote.
    public init?(lineText: String) {
        let ranks = lineText.split(separator: "<", omittingEmptySubsequences: false).map { Int($0) }
        guard ranks.count == 2, let receiver = ranks[0], let source = ranks[1] else { return nil }
        self.init(to: receiver, from: source)
    }
}

extension [StateHash] {
    /// The hashes in order, parted by commas.
    var lineText: String { map(\.lineText).joined(separator: ",") }
}

extension Line {
    /// The field `hashes`: what `lineText` of several wrote.
    func hashes() throws(LineError) -> [StateHash] {
        let texts = try read("hashes", as: String.self).split(separator: ",").map(String.init)
        let hashes = texts.compactMap(StateHash.init(lineText:))
        guard hashes.count == texts.count else { throw LineError(line: text, problem: "the hashes are none") }
        return hashes
    }
}

extension WaitReason {
    func add(to line: Line) -> Line {
        switch self {
        case .workersMissing(let free, let needed):
            line.with("because", "workers-missing").with("free", free).with("needed", needed)
        case .numericsDiffer(let fitting, let needed, let numerics):
            line.with("because", "numerics-differ").with("fitting", fitting).with("needed", needed)
                .with("numerics", numerics)
        case .workersAway(let count): line.with("because", "workers-away").with("count", count)
        }
    }

    init(_ line: Line) throws(LineError) {
        switch line["because"] {
        case "workers-missing": self = .workersMissing(free: try line.read("free"), needed: try line.read("needed"))
        case "numerics-differ":
            self = .numericsDiffer(
                fitting: try line.read("fitting"), needed: try line.read("needed"), numerics: try line.read("numerics"))
        case "workers-away": self = .workersAway(try line.read("count"))
        default: throw LineError(line: line.text, problem: "the reason to wait is unknown")
        }
    }
}

extension InterruptionReason {
    func add(to line: Line) -> Line {
        switch self {
        case .workerLost(let worker, let rank, let how):
            line.with("because", "worker-lost").with("worker", worker).with("rank", rank).with("how", how)
        case .restoreFailed(let worker, let rank, let step, let reason):
            line.with("because", "restore-failed").with("worker", worker).with("rank", rank).with("step", step)
                .with("reason", reason)
        case .formationOverdue(let missing):
            line.with("because", "formation-overdue")
                .with("missing", missing.map(\.description).joined(separator: ","))
        case .replicasDisagree(let step, let norms):
            line.with("because", "replicas-disagree").with("step", step).with("norms", norms)
        case .straggling(let report): report.add(to: line.with("because", "straggling"))
        case .statesDiffer(let dispute):
            line.with("because", "states-differ").with("step", dispute.step).with("hashes", dispute.hashes.lineText)
                .with("corrupt", dispute.corrupt.map(\.description).joined(separator: ","))
                .with("agreed", dispute.agreed).with("restored", dispute.restored)
        case .stepNotFinite(let step, let suspects):
            line.with("because", "step-not-finite").with("step", step)
                .with("suspects", suspects.map(\.description).joined(separator: ","))
        case .coordinatorLost: line.with("because", "coordinator-lost")
        case .stepDoubted(let step): line.with("because", "step-doubted").with("step", step)
        case .workerDeviant(let worker, let rank, let step):
            line.with("because", "worker-deviant").with("worker", worker).with("rank", rank).with("step", step)
        case .diverged(let step, let to): line.with("because", "diverged").with("step", step).with("to", to)
        }
    }

    init(_ line: Line) throws(LineError) {
        switch line["because"] {
        case "worker-lost":
            self = .workerLost(
                worker: try line.read("worker"), rank: try line.read("rank"), how: try line.read("how"))
        case "restore-failed":
            self = .restoreFailed(
                worker: try line.read("worker"), rank: try line.read("rank"), step: try line.read("step"),
                reason: try line.read("reason"))
        case "formation-overdue":
            let missing = try line.read("missing", as: String.self).split(separator: ",")
            self = .formationOverdue(missing: missing.compactMap { WorkerID(String($0)) })
        case "replicas-disagree":
            self = .replicasDisagree(step: try line.read("step"), norms: try line.read("norms"))
        case "straggling": self = .straggling(try StragglerReport(line))
        case "states-differ":
            let corrupt = try line.read("corrupt", as: String.self).split(separator: ",")
            self = .statesDiffer(
                StateDispute(
                    step: try line.read("step"), hashes: try line.hashes(),
                    corrupt: corrupt.compactMap { WorkerID(String($0)) }, agreed: try line.read("agreed"),
                    restored: try line.readIfPresent("restored")))
        case "step-not-finite":
            let suspects = try line.read("suspects", as: String.self).split(separator: ",")
            self = .stepNotFinite(
                step: try line.read("step"), suspects: suspects.compactMap { WorkerID(String($0)) })
        case "coordinator-lost": self = .coordinatorLost
        case "step-doubted": self = .stepDoubted(step: try line.read("step"))
        case "worker-deviant":
            self = .workerDeviant(
                worker: try line.read("worker"), rank: try line.read("rank"), step: try line.read("step"))
        case "diverged": self = .diverged(step: try line.read("step"), to: try line.readIfPresent("to"))
        default: throw LineError(line: line.text, problem: "the reason of the interruption is unknown")
        }
    }
}

extension Outcome {
    func add(to line: Line) -> Line {
        switch self {
        case .completed: line.with("outcome", "completed")
        case .interrupted(let checkpoint): line.with("outcome", "interrupted").with("checkpoint", checkpoint)
        case .memberLost(let checkpoint, let last):
            line.with("outcome", "member-lost").with("checkpoint", checkpoint).with("last", last)
        case .gaveUp(let restarts, let last):
            line.with("outcome", "gave-up").with("restarts", restarts).with("last", last)
        case .diverged(let checkpoint, let reason):
            line.with("outcome", "diverged").with("checkpoint", checkpoint).with("reason", reason)
        case .unsaved(let checkpoint, let reason):
            line.with("outcome", "unsaved").with("checkpoint", checkpoint).with("reason", reason)
        }
    }

    init(_ line: Line) throws(LineError) {
        switch line["outcome"] {
        case "completed": self = .completed
        case "interrupted": self = .interrupted(checkpoint: try line.read("checkpoint"))
        case "member-lost": self = .memberLost(checkpoint: try line.read("checkpoint"), last: try line.read("last"))
        case "gave-up": self = .gaveUp(restarts: try line.read("restarts"), last: try line.read("last"))
        case "diverged": self = .diverged(checkpoint: try line.read("checkpoint"), because: try line.read("reason"))
        case "unsaved": self = .unsaved(checkpoint: try line.read("checkpoint"), reason: try line.read("reason"))
        default: throw LineError(line: line.text, problem: "the outcome is unknown")
        }
    }
}
