// What a queue says, as documents. Refuses sentences that are not in the controller's answer.

import ControlPlane
import Primitives
import Reports
import Scheduling

/// A job that was taken.
struct SubmissionDocument: Codable {
    var schema = "understudy/submission/v1"
    var job: Int
    var run: String
    var folder: String
    var slots: Int
    var team: String
    /// When it must have ended, in seconds from its submission; missing when it need not.
    var deadline_s: Double?
    /// When it ends if all run as long as was said; missing when the queue's policy makes no plan.
    var ends_in_s: Double?
}

/// When a job would start that was not submitted.
struct SubmissionTrialDocument: Codable {
    var schema = "understudy/submission-trial/v1"
    var name: String
    var slots: Int
    var team: String
    /// When it would start if all ran as long as was said; missing when that is never.
    var starts_in_s: Double?
    /// Jobs that would be stopped for it at once.
    var stops: String
    /// Why it would wait at first.
    var why: String
}

/// What was done.
struct DoneDocument: Codable {
    var schema = "understudy/done/v1"
    var done: String
}

/// The jobs of a queue.
struct QueueDocument: Codable {
    struct Row: Codable {
        var job: Int
        var name: String
        var user: String
        var state: String
        var priority: Int
        var slots: Int
        var age_s: Double
        var ran_s: Double
        var preemptions: Int
        var saved_step: Int
        var nodes: String
        var reason: String
        var sentence: String
        var folder: String
        var team: String
        /// How long it is until it must have ended, below zero when that is over; missing when it need not.
        var due_s: Double?

        init(_ row: JobRow) {
            job = row.job
            name = row.name
            user = row.user
            state = row.state
            priority = row.priority
            slots = row.slots
            age_s = row.age.seconds
            ran_s = row.ran.seconds
            preemptions = row.preemptions
            saved_step = row.step
            nodes = row.nodes
            reason = row.reason
            sentence = row.sentence
            folder = row.folder
            team = row.team
            due_s = row.due?.seconds
        }
    }
    var schema = "understudy/queue/v1"
    var jobs: [Row]
}

/// The machines of a queue.
struct NodesDocument: Codable {
    struct Row: Codable {
        var node: String
        var state: String
        var slots: Int
        var taken: Int
        var jobs: String
        var reason: String
    }
    var schema = "understudy/nodes/v1"
    var nodes: [Row]

    init(_ rows: [NodeRow]) {
        nodes = rows.map { row in
            Row(
                node: row.node, state: row.state, slots: row.slots, taken: row.taken, jobs: row.jobs, reason: row.reason
            )
        }
    }
}

/// Why a queued job waits.
struct QueuedJobDocument: Codable {
    struct Holder: Codable {
        var job: Int
        var name: String
        var priority: Int
        var slots: Int
        /// When it is expected to end; missing when nobody knows.
        var ends_in_s: Double?
    }
    struct Remedy: Codable {
        var what: String
        var starts_in_s: Double
        var stops: String
    }
    /// What would come of a change that was asked about.
    struct Outcome: Codable {
        var what: String
        /// When the job would start; missing when that is never.
        var starts_in_s: Double?
        var stops: String
    }
    var schema = "understudy/queued-job/v1"
    var job: QueueDocument.Row
    /// When it is expected to start; missing when that is never, or when it does not wait.
    var starts_in_s: Double?
    var holders: [Holder]
    var remedies: [Remedy]
    /// One for each `--what-if`, in their order.
    var what_if: [Outcome]

    /// Reads a controller's answer.
    init(_ lines: [Line]) throws {
        guard let first = lines.first else { throw LineError(line: "", problem: "there is no answer") }
        job = QueueDocument.Row(try JobRow(first))
        holders = try lines.filter { $0.head == "holder" }.map { line in
            Holder(
                job: try line.read("job"), name: try line.read("name"), priority: try line.read("priority"),
                slots: try line.read("slots"),
                ends_in_s: try line.readIfPresent("in", as: TimeSpan.self)?.seconds)
        }
        remedies = try lines.filter { $0.head == "remedy" }.map { line in
            Remedy(
                what: try line.read("what"), starts_in_s: try line.read("in", as: TimeSpan.self).seconds,
                stops: try line.read("stops"))
        }
        what_if = try lines.filter { $0.head == "what-if" }.map { line in
            Outcome(
                what: try line.read("what"), starts_in_s: try line.readIfPresent("in", as: TimeSpan.self)?.seconds,
                stops: try line.read("stops"))
        }
        starts_in_s = try lines.first { $0.head == "start" }?.readIfPresent("in", as: TimeSpan.self)?.seconds
    }

    /// The document as text.
    func lines() -> [String] {
        func when(_ seconds: Double?) -> String {
            seconds.map { $0 <= 0 ? "now" : "in \(TimeSpan.seconds($0))" } ?? "never"
        }
        var text = ["job \(job.job) (\(job.name), priority \(job.priority), \(job.slots) slots): \(job.state)"]
        if job.team != Team.defaultName { text.append("  team        \(job.team)") }
        if let due = job.due_s {
            let limit = due >= 0 ? "in \(TimeSpan.seconds(due))" : "over for \(TimeSpan.seconds(-due))"
            text.append("  deadline    \(limit)")
        }
        text.append("  because     \(job.sentence)")
        guard job.state == "PENDING" else { return text }
        for (index, holder) in holders.enumerated() {
            text.append(
                (index == 0 ? "  held by     " : "              ")
                    + "job \(holder.job) (\(holder.name), priority \(holder.priority)): \(holder.slots) slots, "
                    + (holder.ends_in_s.map { $0 <= 0 ? "longer than expected" : "ends \(when($0))" } ?? "stopping"))
        }
        text.append("  starts      \(when(starts_in_s)), if all run as long as expected")
        let known = starts_in_s
        func effect(_ what: String, _ seconds: Double?, _ stops: String) -> String {
            var gain = ""
            if let seconds, let known {
                let difference = TimeSpan.seconds(abs(known - seconds))
                gain =
                    abs(known - seconds) < 0.5
                    ? ", no sooner" : ", \(difference) \(seconds < known ? "sooner" : "later")"
            }
            return "\(what): starts \(when(seconds))\(gain)"
                + (stops.isEmpty ? "" : ", stops job \(stops.replacing(",", with: ", job "))")
        }
        for (index, remedy) in remedies.enumerated() {
            text.append(
                (index == 0 ? "  would help  " : "              ")
                    + effect(remedy.what, remedy.starts_in_s, remedy.stops))
        }
        for (index, outcome) in what_if.enumerated() {
            text.append(
                (index == 0 ? "  what if     " : "              ")
                    + effect(outcome.what, outcome.starts_in_s, outcome.stops))
        }
        return text
    }
}
