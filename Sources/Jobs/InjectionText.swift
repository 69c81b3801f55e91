// The words for faults, read and written: one spelling for job files, command lines and journals. Refuses to explain
// what is wrong with a word; whoever reads it knows where it stood.

import Primitives

extension Injection.Fault {
    /// The words that may stand for a kind, for messages.
    public static let vocabulary = [
        "kill", "stop", "slow=2x", "partition", "partition=out", "partition=in", "corrupt=gradient",
        "corrupt=parameters", "corrupt=checkpoint", "nan", "disk_full", "garbage", "garbage=20", "lr=30x",
    ]

    /// The word, `slow=2.5x`.
    public var text: String {
        switch self {
        case .kill: "kill"
        case .stop: "stop"
        case .slow(let factor): "slow=\(Injection.Fault.factor(factor))"
        case .partition(.both): "partition"
        case .partition(let direction): "partition=\(direction.rawValue)"
        case .corruptGradient: "corrupt=gradient"
        case .corruptParameters: "corrupt=parameters"
        case .corruptCheckpoint: "corrupt=checkpoint"
        case .notANumber: "nan"
        case .diskFull: "disk_full"
        case .garbage(nil): "garbage"
        case .garbage(let batches?): "garbage=\(batches)"
        case .learningRate(let factor): "lr=\(Injection.Fault.factor(factor))"
        }
    }

    private static func factor(_ value: Double) -> String {
        "\(value == value.rounded() ? "\(Int(value))" : "\(value)")x"
    }

    /// Reads `text`; nil when it is none of the vocabulary, or slows by less than 1 or more than 1000 times.
    public init?(text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count == 2 ? parts[1] : nil) {
        case ("kill", nil): self = .kill
        case ("stop", nil): self = .stop
        case ("nan", nil): self = .notANumber
        case ("disk_full", nil): self = .diskFull
        case ("corrupt", "gradient"): self = .corruptGradient
        case ("corrupt", "parameters"): self = .corruptParameters
        case ("corrupt", "checkpoint"): self = .corruptCheckpoint
        case ("partition", let word):
            guard let direction = Injection.Direction(rawValue: word ?? "both") else { return nil }
            self = .partition(direction)
        case ("garbage", nil): self = .garbage(batches: nil)
        case ("garbage", let count?):
            guard let batches = Int(count), (1...1_000_000).contains(batches) else { return nil }
            self = .garbage(batches: batches)
        case ("slow", let factor?), ("lr", let factor?):
            guard factor.hasSuffix("x"), let value = Double(factor.dropLast()), (1...1000).contains(value) else {
                return nil
            }
            self = parts[0] == "lr" ? .learningRate(value) : .slow(value)
        default: return nil
        }
    }
}

extension Injection.Victim {
    /// The words that may stand for a victim, for messages.
    public static let vocabulary = "rank 2, node 0, gang, newcomer, link 1-2, checkpoint, coordinator"

    /// The words, `rank 2`.
    public var text: String {
        switch self {
        case .rank(let rank): "rank \(rank)"
        case .node(let node): "node \(node)"
        case .gang: "gang"
        case .newcomer: "newcomer"
        case .link(let a, let b): "link \(a)-\(b)"
        case .checkpoint: "checkpoint"
        case .coordinator: "coordinator"
        }
    }

    /// Reads `text`, a number being parted from its word by a space or `=`; nil when it names no victim.
    public init?(text: String) {
        let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "=" }.map(String.init)
        switch (parts.first, parts.count == 2 ? parts[1] : nil) {
        case ("gang", nil): self = .gang
        case ("newcomer", nil): self = .newcomer
        case ("checkpoint", nil): self = .checkpoint
        case ("coordinator", nil): self = .coordinator
        case ("rank", let number?):
            guard let rank = Int(number), rank >= 0 else { return nil }
            self = .rank(rank)
        case ("node", let number?):
            guard let node = Int(number), node >= 0 else { return nil }
            self = .node(node)
        case ("link", let pair?):
            let ranks = pair.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard ranks.count == 2, let a = ranks[0], let b = ranks[1], a >= 0, b >= 0 else { return nil }
            self = .link(a, b)
        default: return nil
        }
    }
}

extension Injection.Moment {
    /// Reads `step=120` or `step 120`; nil for anything else, a time among it.
    public init?(stepText text: String) {
        let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "=" }.map(String.init)
        guard parts.count == 2, parts[0] == "step", let step = Int(parts[1]), step >= 1 else { return nil }
        self = .step(step)
    }
}

extension Injection {
    /// What is done, on whom and for how long: `stop rank 2 for 3.0s`.
    public var sentence: String {
        let whom = fault.isOfCheckpoints ? "" : " \(victim.text)"
        return fault.text + whom + (duration.map { " for \($0)" } ?? "")
    }

    /// The injection as a record line, which the `inject` command hands to a running coordinator.
    public var line: Line {
        let head = Line("inject")
        let line =
            switch moment {
            case .step(let step): head.with("step", step)
            case .elapsed(let span): head.with("elapsed", span)
            }
        return line.with("fail", victim.text).with("kind", fault.text).with("for", duration)
    }

    /// Reads what `line` wrote.
    /// - Throws: `LineError` that says what is missing or wrong.
    public init(_ line: Line) throws(LineError) {
        guard line.head == "inject" else { throw LineError(line: line.text, problem: "it is no injection") }
        let moment: Moment
        if let step = try line.readIfPresent("step", as: Int.self) {
            moment = .step(step)
        } else {
            moment = .elapsed(try line.read("elapsed"))
        }
        guard let victim = Victim(text: try line.read("fail", as: String.self)) else {
            throw LineError(line: line.text, problem: "the victim is unknown")
        }
        guard let fault = Fault(text: try line.read("kind", as: String.self)) else {
            throw LineError(line: line.text, problem: "the kind is unknown")
        }
        self.init(moment, victim, fault, for: try line.readIfPresent("for"))
    }
}
