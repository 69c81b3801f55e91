// What a queue's controller, its agents and the commands of people say to one another: lines of text, as records are,
// because these words are few, are read by people and outlive versions. Refuses the traffic of training, which has
// messages of its own.

import Primitives

/// Lines that were said together.
public struct QueueWords: Equatable, Sendable {
    /// What is said, the first line saying what kind of thing it is.
    public var lines: [Line]
    /// Whether nothing that belongs to them follows.
    public var isLast: Bool

    /// Words that say `lines`.
    public init(_ lines: [Line], isLast: Bool = true) {
        self.lines = lines
        self.isLast = isLast
    }
}

/// A worker that a controller wants in a slot.
public struct SlotOrder: Equatable, Sendable {
    /// The slot on the agent's machine.
    public var slot: Int
    /// The job.
    public var job: Int
    /// Which time the job is driven.
    public var stint: Int
    /// Where its coordinator listens.
    public var endpoint: String
    /// The run's folder.
    public var folder: String

    /// An order from its parts.
    public init(slot: Int, job: Int, stint: Int, endpoint: String, folder: String) {
        self.slot = slot
        self.job = job
        self.stint = stint
        self.endpoint = endpoint
        self.folder = folder
    }

    /// The order as a line.
    public var line: Line {
        Line("slot").with("slot", slot).with("job", job).with("stint", stint).with("endpoint", endpoint)
            .with("folder", folder)
    }

    /// Reads what `line` wrote.
    public init(_ line: Line) throws(LineError) {
        self.init(
            slot: try line.read("slot"), job: try line.read("job"), stint: try line.read("stint"),
            endpoint: try line.read("endpoint"), folder: try line.read("folder"))
    }
}

/// What an agent says over and over: who it is, and in which of its slots a process lives.
public struct AgentReport: Equatable, Sendable {
    /// Names this stay of the agent with its controller; a new one after the controller forgot it.
    public var session: String
    /// Its machine.
    public var node: NodeID
    /// How many slots it offers.
    public var slots: Int
    /// The number of the newest orders that it follows; 0 before the first.
    public var heard: Int
    /// The slots in which a process lives.
    public var taken: [Int]
    /// What its machine's check of itself has found; nil for nothing.
    public var problem: String?

    /// A report from its parts.
    public init(session: String, node: NodeID, slots: Int, heard: Int, taken: [Int], problem: String? = nil) {
        self.session = session
        self.node = node
        self.slots = slots
        self.heard = heard
        self.taken = taken
        self.problem = problem
    }

    /// The report as a line.
    public var line: Line {
        Line("report").with("session", session).with("node", node).with("slots", slots).with("heard", heard)
            .with("taken", taken.map(String.init).joined(separator: ",")).with("problem", problem)
    }

    /// Reads what `line` wrote.
    public init(_ line: Line) throws(LineError) {
        let taken: String = try line.read("taken")
        let numbers = taken.split(separator: ",").map { Int($0) }
        guard !numbers.contains(nil) else {
            throw LineError(line: line.text, problem: "the field taken cannot be '\(taken)'")
        }
        self.init(
            session: try line.read("session"), node: try line.read("node"), slots: try line.read("slots"),
            heard: try line.read("heard"), taken: numbers.compactMap(\.self),
            problem: try line.readIfPresent("problem"))
    }
}
