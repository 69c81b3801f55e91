// What a queue's controller answers when somebody asks and nothing changes by it: lists, explanations, trials. Refuses
// facts; the world journals those.

import ControlPlane
import Messages
import Primitives

extension QueueController {
    /// The answer to the question `words` at `now`; nil when they are no question.
    /// - Throws: `LineError` when they are one that cannot be read.
    func answer(to words: [Line], at now: Instant) throws(LineError) -> [Line]? {
        guard let first = words.first else { return nil }
        switch first.head {
        case "hello": return [Line("controller").with("policy", policy.name)]
        case "jobs":
            let team: String? = try first.readIfPresent("team")
            if let team, !teams.contains(where: { $0.name == team }) {
                return [.refused(.noSuchTeam(team, known: teams.map(\.name)))]
            }
            return jobRows(at: now, includingEnded: try first.read("all"), ofTeam: team).map(\.line)
        case "nodes": return nodeRows.map(\.line)
        case "explain":
            var changes: [String] = []
            for line in words.dropFirst() { changes.append(try line.read("change")) }
            return explanation(of: try first.read("job"), whatIf: changes, at: now)
        case "trial": return try trial(words.dropFirst(), at: now)
        default: return nil
        }
    }

    private func explanation(of job: Int, whatIf changes: [String], at now: Instant) -> [Line] {
        guard jobs.indices.contains(job - 1) else { return [.refused(.noSuchJob(job))] }
        let row = jobRows(at: now, includingEnded: true)[job - 1].line
        guard let why = explain(job, at: now) else {
            return changes.isEmpty ? [row] : [.refused("job \(job) does not wait, so nothing can let it start sooner")]
        }
        var answer = [row, Line("start").with("in", why.start.map { $0 - now })]
        answer += why.holders.map { holder in
            Line("holder").with("job", holder.job).with("name", self[holder.job].submission.name)
                .with("priority", self[holder.job].submission.priority)
                .with("slots", slots(of: holder.job).count).with("in", holder.end.map { $0 - now })
        }
        answer += why.remedies.map { remedy in
            Line("remedy").with("what", remedy.what).with("in", remedy.start - now).with("stops", list(remedy.stops))
        }
        for text in changes {
            guard let change = QueueChange(text, ofTeam: self[job].submission.team) else {
                return [.refused("--what-if \(text): there are \(QueueChange.forms)")]
            }
            if let objection = objection(to: change, for: job) { return [.refused(objection)] }
            let outcome = outcome(of: change, for: job, at: now)
            answer.append(
                Line("what-if").with("what", outcome.what).with("in", outcome.start.map { $0 - now })
                    .with("stops", list(outcome.stops)))
        }
        return answer
    }

    /// When a job would start that is not submitted.
    private func trial(_ words: ArraySlice<Line>, at now: Instant) throws(LineError) -> [Line] {
        guard let line = words.first, case .submitted(let job) = try QueueEvent(line) else {
            return [.refused("a trial is that of a submission")]
        }
        if let objection = objection(to: .submitted(job), at: now) { return [.refused(objection)] }
        let outcome = outcome(of: job, at: now)
        return [
            Line("outcome").with("why", outcome.what).with("in", outcome.start.map { $0 - now })
                .with("stops", list(outcome.stops))
        ]
    }

    private func list(_ jobs: [Int]) -> String { jobs.map(String.init).joined(separator: ",") }
}

extension Line {
    /// That nothing was done, and why.
    static func refused(_ reason: String) -> Line { Line("refused").with("because", reason) }

    /// That nothing was done because of `objection`.
    static func refused(_ objection: QueueObjection) -> Line {
        refused(objection.description).with("infeasible", objection.isInfeasible)
    }
}
