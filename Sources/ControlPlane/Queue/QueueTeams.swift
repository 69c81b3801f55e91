// The teams of a queue as text: `NAME[:WEIGHT[:QUOTA]]`, as people name them and as the queue's journal keeps them. There
// is always a team called `default`, which owns what is submitted without a word about teams. Refuses to say who may
// submit for which team; whoever can connect may.

import Primitives
import Scheduling

/// What is wrong with the text of a team.
public struct TeamProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and what is right.
    public var description: String

    /// A problem in words.
    public init(description: String) { self.description = description }
}

extension Team {
    /// The team that a job belongs to when nobody says another.
    public static let defaultName = "default"

    /// The most that a weight or a quota can be.
    public static let mostWeight = 1_000_000

    /// Reads `NAME`, `NAME:WEIGHT` or `NAME:WEIGHT:QUOTA`, the quota in slots.
    /// - Throws: `TeamProblem` naming the part that is wrong.
    public init(parsing text: String) throws(TeamProblem) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 3, Team.isName(parts[0]) else {
            throw TeamProblem(
                description: "'\(text)' is not NAME[:WEIGHT[:QUOTA]]; a name is letters, digits, '-', '_' and '.'")
        }
        var numbers: [Int] = []
        for (part, what) in zip(parts.dropFirst(), ["weight", "quota"]) {
            guard let number = Int(part), (1...Team.mostWeight).contains(number) else {
                throw TeamProblem(
                    description: "'\(text)': the \(what) is a whole number from 1 to \(Team.mostWeight), not '\(part)'")
            }
            numbers.append(number)
        }
        self.init(name: parts[0], weight: numbers.first ?? 1, quota: numbers.count > 1 ? numbers[1] : nil)
    }

    /// The team as it is read.
    public var text: String { quota.map { "\(name):\(weight):\($0)" } ?? "\(name):\(weight)" }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
            }
    }

    /// The teams of a queue for which `named` were asked: those, behind `default` unless it is one of them.
    public static func ofQueue(_ named: [Team]) -> [Team] {
        named.contains { $0.name == defaultName } ? named : [Team(name: defaultName)] + named
    }

    /// The teams of a queue from the text that `list` made of them; `default` alone for an empty text.
    /// - Throws: `TeamProblem` when a team cannot be read, or two have one name.
    public static func ofQueue(reading text: String) throws(TeamProblem) -> [Team] {
        var teams: [Team] = []
        for part in text.split(separator: ",") {
            let team = try Team(parsing: String(part))
            guard !teams.contains(where: { $0.name == team.name }) else {
                throw TeamProblem(description: "the team \(team.name) is named twice")
            }
            teams.append(team)
        }
        return ofQueue(teams)
    }

    /// `teams` as one text.
    public static func list(_ teams: [Team]) -> String { teams.map(\.text).joined(separator: ",") }
}

extension QueueController {
    /// The team called `name`, as an index; nil when there is none.
    func index(ofTeam name: String) -> Int? { teams.firstIndex { $0.name == name } }

    /// The index of the team of `job`.
    func team(of job: Int) -> Int {
        guard let team = index(ofTeam: self[job].submission.team) else {
            preconditionFailure("a job is taken for a team that there is")
        }
        return team
    }

    /// Slots that jobs of team `team` are in, those included that are only leaving.
    func slotsTaken(byTeam team: Int) -> Int {
        nodes.reduce(0) { $0 + $1.occupants.count { $0.map { self.team(of: $0.job) == team } ?? false } }
    }

    /// Whether `job` may take its slots beside all that its team is in. The scheduler counts those whom it stopped or who
    /// ended as gone at once; a quota holds for the processes that are there.
    func mayTakeSlots(_ job: Int) -> Bool { mayTake(self[job].slots, more: job) }

    /// Whether `job` may take `count` slots beside all that its team is in.
    func mayTake(_ count: Int, more job: Int) -> Bool {
        let team = team(of: job)
        guard let quota = teams[team].quota else { return true }
        return slotsTaken(byTeam: team) + count <= quota
    }

    /// When `job` ends if all run as long as was said; nil when that is not planned.
    public func plannedEnd(of job: Int, at now: Instant) -> Instant? {
        self[job].ticket.flatMap { scheduler.plannedEnd(of: $0, at: now) }
    }
}
