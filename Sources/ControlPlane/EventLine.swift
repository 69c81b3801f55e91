// Events as record lines and back: the one spelling that the journal stores, scenarios are written in and people read.
// Refuses to guess: a line that is not exactly an event is an error.

import Jobs
import Messages
import Primitives

extension Event {
    /// The event as a record line.
    public var line: Line {
        switch self {
        case .jobSubmitted(let run, let plan): plan.add(to: Line("job-submitted").with("run", run))
        case .runResumed(let run): Line("run-resumed").with("run", run)
        case .coordinatorRestarted(let run, let living):
            Line("coordinator-restarted").with("run", run).with("living", living.lineText)
        case .workerReturned(let worker, let incarnation, let processID):
            Line("worker-returned").with("worker", worker).with("incarnation", incarnation).with("pid", processID)
        case .slotsOffered(let node, let slots): Line("slots-offered").with("node", node).with("slots", slots)
        case .workerJoined(let worker, let node, let processID, let numerics):
            Line("worker-joined").with("worker", worker).with("node", node).with("pid", processID)
                .with("numerics", numerics)
        case .workerLost(let worker, let incarnation, let how):
            Line("worker-lost").with("worker", worker).with("incarnation", incarnation).with("how", how)
        case .nodesLost(let nodes, let how):
            Line("nodes-lost").with("nodes", nodes.map(\.name).joined(separator: ",")).with("how", how)
        case .workerStartFailed(let worker, let how):
            Line("worker-start-failed").with("worker", worker).with("how", how)
        case .memberFormed(let worker, let incarnation, let generation):
            Line("member-formed").with("worker", worker).with("incarnation", incarnation)
                .with("generation", generation)
        case .gangFormed(let run, let generation):
            Line("gang-formed").with("run", run).with("generation", generation)
        case .restoreFailed(let worker, let incarnation, let generation, let step, let reason):
            Line("restore-failed").with("worker", worker).with("incarnation", incarnation)
                .with("generation", generation).with("step", step).with("reason", reason)
        case .stepContributed(let run, let generation, let report):
            report.add(to: Line("step-contributed").with("run", run).with("generation", generation))
        case .stepNotFinite(let run, let generation, let step, let suspects):
            Line("step-not-finite").with("run", run).with("generation", generation).with("step", step)
                .with("suspects", suspects.lineText)
        case .stepsCommitted(let run, let generation, let report):
            report.add(to: Line("steps-committed").with("run", run).with("generation", generation))
        case .replicasDisagree(let run, let generation, let step, let norms):
            Line("replicas-disagree").with("run", run).with("generation", generation).with("step", step)
                .with("norms", norms)
        case .statesDiffer(let run, let generation, let step, let hashes):
            Line("states-differ").with("run", run).with("generation", generation).with("step", step)
                .with("hashes", hashes.lineText)
        case .stragglerFound(let run, let generation, let report):
            report.add(to: Line("straggler-found").with("run", run).with("generation", generation))
        case .statesAgree(let run, let generation, let step, let hash):
            Line("states-agree").with("run", run).with("generation", generation).with("step", step)
                .with("hash", hash)
        case .evaluated(let run, let generation, let step, let loss):
            Line("evaluated").with("run", run).with("generation", generation).with("step", step).with("loss", loss)
        case .checkpointWritten(let run, let generation, let step, let digest, let size, let took):
            Line("checkpoint-written").with("run", run).with("generation", generation).with("step", step)
                .with("weights", digest).with("bytes", size.bytes).with("took", took)
        case .checkpointFailed(let run, let generation, let step, let reason):
            Line("checkpoint-failed").with("run", run).with("generation", generation).with("step", step)
                .with("reason", reason)
        case .faultInjected(let run, let infliction): infliction.add(to: Line("fault-injected").with("run", run))
        case .resized(let run, let workers, let leaving):
            Line("resized").with("run", run).with("workers", workers).with("leaving", leaving.lineText)
        case .interruptRequested(let run, let reason):
            Line("interrupt-requested").with("run", run).with("because", reason)
        case .deadlineReached: Line("deadline-reached")
        }
    }

    /// Reads what `line` wrote.
    /// - Throws: `LineError` naming the field that is missing or wrong, or the unknown head word.
    public init(_ line: Line) throws(LineError) {
        self =
            switch line.head {
            case "job-submitted": .jobSubmitted(run: try line.read("run"), plan: try RunPlan(line))
            case "run-resumed": .runResumed(run: try line.read("run"))
            case "coordinator-restarted":
                .coordinatorRestarted(run: try line.read("run"), living: try workers(line.read("living"), line))
            case "worker-returned":
                .workerReturned(
                    worker: try line.read("worker"), incarnation: try line.read("incarnation"),
                    processID: try line.read("pid"))
            case "slots-offered": .slotsOffered(node: try line.read("node"), slots: try line.read("slots"))
            case "worker-joined":
                .workerJoined(
                    worker: try line.readIfPresent("worker"), node: try line.read("node"),
                    processID: try line.read("pid"), numerics: try line.read("numerics"))
            case "worker-lost":
                .workerLost(
                    worker: try line.read("worker"), incarnation: try line.read("incarnation"),
                    how: try line.read("how"))
            case "worker-start-failed":
                .workerStartFailed(worker: try line.read("worker"), how: try line.read("how"))
            case "member-formed":
                .memberFormed(
                    worker: try line.read("worker"), incarnation: try line.read("incarnation"),
                    generation: try line.read("generation"))
            case "nodes-lost":
                .nodesLost(
                    nodes: try line.read("nodes", as: String.self).split(separator: ",").map { NodeID(String($0)) },
                    how: try line.read("how"))
            case "gang-formed":
                .gangFormed(run: try line.read("run"), generation: try line.read("generation"))
            case "steps-committed":
                .stepsCommitted(
                    run: try line.read("run"), generation: try line.read("generation"), report: try StepsReport(line))
            case "restore-failed":
                .restoreFailed(
                    worker: try line.read("worker"), incarnation: try line.read("incarnation"),
                    generation: try line.read("generation"), step: try line.read("step"),
                    reason: try line.read("reason"))
            case "fault-injected":
                .faultInjected(run: try line.read("run"), try Infliction(line))
            case "resized":
                .resized(
                    run: try line.read("run"), workers: try line.read("workers"),
                    leaving: try workers(line.read("leaving"), line))
            case "interrupt-requested":
                .interruptRequested(run: try line.read("run"), because: try line.read("because"))
            case "deadline-reached": .deadlineReached
            default: try Event(ofStep: line)
            }
    }

    private init(ofStep line: Line) throws(LineError) {
        let heads = [
            "step-contributed", "step-not-finite", "replicas-disagree", "states-differ", "states-agree",
            "straggler-found", "evaluated",
            "checkpoint-written", "checkpoint-failed",
        ]
        guard heads.contains(line.head) else {
            throw LineError(line: line.text, problem: "there is no event \(line.head)")
        }
        let run: RunID = try line.read("run")
        let generation: Generation = try line.read("generation")
        let step: Int = try line.read("step")
        self =
            switch line.head {
            case "step-contributed":
                .stepContributed(run: run, generation: generation, report: try StepReport(line, step: step))
            case "step-not-finite":
                .stepNotFinite(
                    run: run, generation: generation, step: step, suspects: try workers(line.read("suspects"), line))
            case "replicas-disagree":
                .replicasDisagree(run: run, generation: generation, step: step, norms: try line.read("norms"))
            case "states-differ":
                .statesDiffer(run: run, generation: generation, step: step, hashes: try line.hashes())
            case "straggler-found":
                .stragglerFound(run: run, generation: generation, try StragglerReport(line))
            case "states-agree":
                .statesAgree(run: run, generation: generation, step: step, hash: try line.read("hash"))
            case "evaluated": .evaluated(run: run, generation: generation, step: step, loss: try line.read("loss"))
            case "checkpoint-written":
                .checkpointWritten(
                    run: run, generation: generation, step: step, weightsSHA256: try line.read("weights"),
                    size: ByteCount(try line.read("bytes")), took: try line.read("took"))
            default:
                .checkpointFailed(run: run, generation: generation, step: step, reason: try line.read("reason"))
            }
    }
}

extension [WorkerID] {
    /// The addresses, parted by commas.
    fileprivate var lineText: String { map(\.description).joined(separator: ",") }
}

private func workers(_ list: String, _ line: Line) throws(LineError) -> [WorkerID] {
    var workers: [WorkerID] = []
    for text in list.split(separator: ",") {
        guard let worker = WorkerID(String(text)) else {
            throw LineError(line: line.text, problem: "'\(text)' is no worker")
        }
        workers.append(worker)
    }
    return workers
}

extension Infliction {
    func add(to line: Line) -> Line {
        line.with("index", index).with("what", what).with("worker", worker).with("incarnation", incarnation)
            .with("effect", effect)
    }

    init(_ line: Line) throws(LineError) {
        self.init(
            index: try line.read("index"), what: try line.read("what"), worker: try line.readIfPresent("worker"),
            incarnation: try line.readIfPresent("incarnation"), effect: try line.read("effect"))
    }
}

extension Infliction.Effect: LineValue {
    /// `ends`, `once`, `lasts:5000ns`, `damages:100`, `corrupts`, `fills-disk:5000ns`.
    public var lineText: String {
        switch self {
        case .ends: "ends"
        case .once: "once"
        case .lasts(let span): "lasts:\(span.lineText)"
        case .damages(let step): "damages:\(step)"
        case .corrupts: "corrupts"
        case .fillsDisk(let span): "fills-disk:\(span.lineText)"
        }
    }

    /// Reads what `lineText` wrote.
    public init?(lineText: String) {
        let parts = lineText.split(separator: ":", maxSplits: 1).map(String.init)
        let detail = parts.count == 2 ? parts[1] : ""
        switch parts.first {
        case "ends": self = .ends
        case "once": self = .once
        case "corrupts": self = .corrupts
        case "lasts":
            guard let span = TimeSpan(lineText: detail) else { return nil }
            self = .lasts(span)
        case "damages":
            guard let step = Int(detail) else { return nil }
            self = .damages(step: step)
        case "fills-disk":
            guard let span = TimeSpan(lineText: detail) else { return nil }
            self = .fillsDisk(span)
        default: return nil
        }
    }
}

extension RunPlan {
    func add(to line: Line) -> Line {
        line.with("steps", steps).with("workers", workers).with("micro-batches", microBatches)
            .with("save-every", checkpointInterval).with("keep", checkpointsKept)
            .with("evaluate-every", evaluationInterval).with("evaluation-micro-batches", evaluationMicroBatches)
            .with("max-restarts", maximumRestarts).with("formation-limit", formationLimit)
            .with("recovery", recovery.rawValue).with("on-worker-loss", onWorkerLoss.rawValue)
            .with("stragglers", stragglers == .off ? nil : stragglers.rawValue)
            .with("state-hash", stateHashInterval == 0 ? nil : stateHashInterval)
            .with("loss-spike", lossSpike.action == .off ? nil : lossSpike.lineText)
            .with("skip", skipped.isEmpty ? nil : skipped.map(\.lineText).joined(separator: ","))
    }

    init(_ line: Line) throws(LineError) {
        let words = (
            recovery: try line.read("recovery", as: String.self), loss: try line.read("on-worker-loss", as: String.self)
        )
        guard let recovery = FaultToleranceSpec.Recovery(rawValue: words.recovery),
            let onWorkerLoss = FaultToleranceSpec.WorkerLossPolicy(rawValue: words.loss)
        else { throw LineError(line: line.text, problem: "the recovery is unknown") }
        self.init(
            steps: try line.read("steps"), workers: try line.read("workers"),
            microBatches: try line.read("micro-batches"), checkpointInterval: try line.read("save-every"),
            checkpointsKept: try line.read("keep"), evaluationInterval: try line.read("evaluate-every"),
            evaluationMicroBatches: try line.read("evaluation-micro-batches"),
            maximumRestarts: try line.read("max-restarts"), formationLimit: try line.read("formation-limit"),
            recovery: recovery, onWorkerLoss: onWorkerLoss,
            stateHashInterval: try line.readIfPresent("state-hash") ?? 0,
            stragglers: try line.readIfPresent("stragglers", as: String.self).flatMap(StragglerSpec.Action.init)
                ?? .off,
            lossSpike: try line.readIfPresent("loss-spike") ?? LossSpikeSpec(action: .off))
        for text in try line.readIfPresent("skip", as: String.self)?.split(separator: ",") ?? [] {
            guard let range = Range<Int>(lineText: String(text)) else {
                throw LineError(line: line.text, problem: "'\(text)' is no range of batches")
            }
            skipped.append(range)
        }
    }
}

extension StepReport {
    func add(to line: Line) -> Line {
        line.with("step", step).with("loss", loss).with("norm", gradientNorm).with("lr", learningRate)
            .with("tokens", tokens).with("compute", profile.compute).with("exchange", profile.exchange)
            .with("update", profile.update).with("snapshot", profile.snapshot)
            .with("evaluation", profile.evaluation)
            .with("state", stateHash)
            .with("each", microBatchLosses.isEmpty ? nil : microBatchLosses.map(\.lineText).joined(separator: ","))
            .with("kept", salvage.kept == 0 ? nil : salvage.kept)
            .with("discarded", salvage.discarded == 0 ? nil : salvage.discarded)
    }

    init(_ line: Line, step: Int) throws(LineError) {
        let each = try line.readIfPresent("each", as: String.self)?.split(separator: ",").map(String.init) ?? []
        let losses = each.compactMap(Double.init(lineText:))
        guard losses.count == each.count else {
            throw LineError(line: line.text, problem: "the micro-batches' losses are no numbers")
        }
        self.init(
            step: step, loss: try line.read("loss"), gradientNorm: try line.read("norm"),
            learningRate: try line.read("lr"), tokens: try line.read("tokens"),
            profile: StepProfile(
                compute: try line.read("compute"), exchange: try line.read("exchange"),
                update: try line.read("update"), snapshot: try line.read("snapshot"),
                evaluation: try line.read("evaluation")), microBatchLosses: losses,
            stateHash: try line.readIfPresent("state"),
            salvage: Salvage(
                kept: try line.readIfPresent("kept") ?? 0, discarded: try line.readIfPresent("discarded") ?? 0))
    }
}

extension LossCause: LineValue {
    /// `connection-closed`, `exit:1`, `signal:9`, `broke:30000000000ns:what`, `silent:5000ns`,
    /// `hung:7:computing:5000ns`, `cut-off:7:0,2:5000ns`, `left:reason`, `replaced`, `coordinator-ended`.
    public var lineText: String {
        switch self {
        case .connectionClosed: "connection-closed"
        case .exited(let code): "exit:\(code)"
        case .signalled(let signal): "signal:\(signal)"
        case .silent(let span): "silent:\(span.lineText)"
        case .hung(let step, let doing, let span): "hung:\(step):\(doing):\(span.lineText)"
        case .cutOff(let step, let others, let span):
            "cut-off:\(step):\(others.map(String.init).joined(separator: ",")):\(span.lineText)"
        case .left(let reason): "left:\(reason)"
        case .broke(let what, let ago): "broke:\(ago.lineText):\(what)"
        case .replaced: "replaced"
        case .coordinatorEnded: "coordinator-ended"
        }
    }

    /// Reads what `lineText` wrote.
    public init?(lineText: String) {
        // By scalars: a detail that begins with a combining mark is one character with the colon.
        let scalars = lineText.unicodeScalars
        let colon = scalars.firstIndex(of: ":")
        let detail = colon.map { String(scalars[scalars.index(after: $0)...]) } ?? ""
        switch String(scalars[..<(colon ?? scalars.endIndex)]) {
        case "connection-closed": self = .connectionClosed
        case "replaced": self = .replaced
        case "coordinator-ended": self = .coordinatorEnded
        case "left": self = .left(detail)
        case "broke":
            let parts = detail.unicodeScalars.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let ago = TimeSpan(lineText: String(parts[0])) else { return nil }
            self = .broke(String(parts[1]), ago: ago)
        case "hung", "cut-off": self.init(standing: detail, isHang: scalars.first == "h")
        case "exit":
            guard let code = Int(detail) else { return nil }
            self = .exited(code: code)
        case "signal":
            guard let signal = Int(detail) else { return nil }
            self = .signalled(signal)
        case "silent":
            guard let span = TimeSpan(lineText: detail) else { return nil }
            self = .silent(span)
        default: return nil
        }
    }

    /// Reads the step, what was waited for, and how long.
    private init?(standing detail: String, isHang: Bool) {
        let parts = detail.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let step = Int(parts[0]), let span = TimeSpan(lineText: parts[2]) else { return nil }
        if isHang {
            guard let doing = WorkerProgress.Activity.allCases.first(where: { "\($0)" == parts[1] }) else { return nil }
            self = .hung(step: step, doing: doing, for: span)
        } else {
            let ranks = parts[1].split(separator: ",").map { Int($0) }
            guard !ranks.contains(nil) else { return nil }
            self = .cutOff(step: step, from: ranks.compactMap { $0 }, for: span)
        }
    }
}
