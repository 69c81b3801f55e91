// Reasons as people read them. The reason itself is data; this is its only wording, shared by messages, tables and
// reports.

import Messages
import Primitives
import Scheduling

extension LossCause {
    /// What the worker did, to follow its name: "was killed by SIGKILL".
    public var sentence: String {
        switch self {
        case .connectionClosed: "closed its connection"
        case .exited(let code): "exited with code \(code)"
        case .signalled(let signal): "was ended by \(signalName(signal))"
        case .silent(let span): "was silent for \(span)"
        case .hung(let step, let doing, let span): "answered, and stood still for \(span) \(doing.phrase) step \(step)"
        case .cutOff(let step, let others, let span):
            "and \(others.count == 1 ? "rank" : "ranks") \(others.map(String.init).joined(separator: ", ")) waited "
                + "\(span) for one another's sums of step \(step)"
        case .left(let reason): "left: \(reason)"
        case .broke(let what, let ago): "was lost to a fault (\(what)), noticed after \(ago)"
        case .replaced: "was replaced by a newer process"
        case .coordinatorEnded: "ended with its coordinator"
        }
    }
}

extension WorkerProgress.Activity {
    /// How it stands before a step: "while computing".
    var phrase: String {
        switch self {
        case .waiting: "before it began"
        case .computing: "while computing"
        case .exchanging: "while exchanging sums of"
        case .saving: "while saving before"
        }
    }
}

extension InterruptionReason {
    /// What interrupted the gang: "rank 2 (laptop/2) was ended by SIGKILL".
    public var sentence: String {
        switch self {
        case .workerLost(let worker, let rank, let how): "rank \(rank) (\(worker)) \(how.sentence)"
        case .restoreFailed(let worker, let rank, let step, let reason):
            "rank \(rank) (\(worker)) could not restore the checkpoint of step \(step): \(reason)"
        case .formationOverdue(let missing):
            "\(missing.map(\.description).joined(separator: ", ")) did not restore in time"
        case .replicasDisagree(let step, let norms): "replicas disagree about step \(step): \(norms)"
        case .straggling(let report): report.sentence + ", and is replaced"
        case .statesDiffer(let dispute): dispute.sentence
        case .stepNotFinite(let step, let suspects):
            "step \(step) gave no finite number"
                + (suspects.isEmpty ? "" : ", for the sums of \(suspects.map(\.description).joined(separator: ", "))")
        case .coordinatorLost: "the coordinator was gone"
        case .stepDoubted(let step): "step \(step) set off an alarm of the loss, and is computed again by other workers"
        case .workerDeviant(let worker, let rank, let step):
            "rank \(rank) (\(worker)) computes other numbers for step \(step) than the others do"
        case .diverged(let step, let to?): "the loss diverged at step \(step), so the run goes back to step \(to)"
        case .diverged(let step, nil): "the loss diverged at step \(step)"
        }
    }
}

extension StragglerReport {
    /// How slow it was: "rank 2 (laptop/2) took 2.31 times as long as the others for 30 steps (1.2s)".
    public var sentence: String {
        "rank \(rank) (\(worker)) took \((factor * 100).rounded() / 100) times as long as the others for \(steps) "
            + "\(steps == 1 ? "step" : "steps") (\(lasted))"
    }
}

extension StateDispute {
    /// Who holds what, and what came of it: "laptop/2 holds another state after step 7 than the others (rank 2: 3f…)".
    var sentence: String {
        let list = hashes.enumerated().map { "rank \($0.offset): \($0.element)" }.joined(separator: ", ")
        let who = corrupt.map(\.description).joined(separator: ", ")
        let what =
            corrupt.isEmpty
            ? "the members hold different states after step \(step), and no majority says which is right (\(list))"
            : "\(who) \(corrupt.count == 1 ? "holds" : "hold") another state after step \(step) than the others (\(list))"
        guard let restored else { return what }
        return what + "; all agreed last after step \(agreed), so the run goes back to step \(restored)"
    }
}

extension WaitReason {
    /// Why there is no gang yet: "2 of 4 workers are free".
    public var sentence: String {
        switch self {
        case .workersMissing(let free, let needed): "\(free) of \(needed) workers are free"
        case .numericsDiffer(let fitting, let needed, let numerics):
            "\(fitting) of \(needed) workers compute with \(numerics), and others would not give the same bits"
        case .workersAway(let count):
            "the coordinator was started again, and \(count) of its workers have not come back yet"
        }
    }
}

extension Outcome {
    /// How the run ended: "completed".
    public var sentence: String {
        switch self {
        case .completed: "completed"
        case .interrupted(let checkpoint): "interrupted; it can be resumed from step \(checkpoint)"
        case .memberLost(let checkpoint, let last):
            "ended at the first loss, as its job asks: \(last); it can be resumed from step \(checkpoint)"
        case .gaveUp(let restarts, let last): "gave up after \(restarts) restarts without progress: \(last)"
        case .diverged(let checkpoint, let reason):
            "diverged: \(reason); it can be resumed from step \(checkpoint)"
        case .unsaved(let checkpoint, let reason):
            "its last checkpoint could not be written (\(reason)); it can be resumed from step \(checkpoint)"
        }
    }
}

/// The name of a Linux signal, `SIGKILL`; the number for the rarer ones.
public func signalName(_ number: Int) -> String {
    switch number {
    case 2: "SIGINT"
    case 3: "SIGQUIT"
    case 4: "SIGILL"
    case 6: "SIGABRT"
    case 7: "SIGBUS"
    case 8: "SIGFPE"
    case 9: "SIGKILL"
    case 11: "SIGSEGV"
    case 15: "SIGTERM"
    default: "signal \(number)"
    }
}
