// `understudy submit`: makes a job's run, with everything that can be refused refused here, and puts it into a queue.
// Nothing is left behind when the queue does not take it. Refuses to wait for the job.

import ArgumentParser
import ControlPlane
import Foundation
import Journaling
import Jobs
import LiveCoordinator
import Primitives
import Reports
import Scheduling

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Put a job into a queue.",
        discussion: """
            Examples:
              understudy submit jobs/quickstart.yaml --priority 10 --time 20m
              understudy submit jobs/quickstart.yaml -s train.seed=7 --name seven
              understudy submit jobs/quickstart.yaml -A research --time 20m --deadline 2h
              understudy submit jobs/quickstart.yaml --elastic 1-4

            The job's run is made at once: its folder, its tokens, its journal. It \
            starts when the queue's policy gives it nnodes x nproc_per_node slots and \
            as many as it has spares.

            A job whose team's quota it could never keep is refused with code 4. So is a \
            --deadline that cannot be kept beside those promised already, with the \
            earliest end that could be; one that is taken is planned to be kept if jobs run \
            no longer than their --time and no machine goes. Only queues that are \
            served with --policy deadline promise any; others refuse --deadline.

            With --elastic a queue that is served with --policy elastic starts the job \
            in fewer slots rather than not at all, takes some back while others wait, and \
            gives it more while they are idle, without a change of any bit. At most as \
            many workers as a step has micro-batches; more are refused with code 4.
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "job.yaml"))
    var job: String

    @Option(name: .long, help: ArgumentHelp("More is more important.", valueName: "number"))
    var priority = 0

    @Option(name: .long, help: ArgumentHelp("What the queue calls it, instead of the job's name.", valueName: "name"))
    var name: String?

    @Option(
        name: .long, help: ArgumentHelp("How long it is expected to run; for reservations.", valueName: "duration"))
    var time = TimeSpan.seconds(3_600 as Int64)

    @Option(
        name: [.long, .customShort("A")],
        help: ArgumentHelp(
            "The team whose share and quota it counts against. (default: default)", valueName: "name"))
    var team: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "When it must have ended: a time from now like 2h, or a date like 2026-05-31T18:00 (local time) or "
                + "2026-05-31T18:00:00Z.", valueName: "time"))
    var deadline: DeadlineArgument?

    @Option(
        name: .long,
        help: ArgumentHelp("Wait until all its workers fit there; 'node' is one machine.", valueName: "level"))
    var require: String?

    @Flag(name: .customLong("test-only"), help: "Say when the job would start, and submit nothing.")
    var testOnly = false

    @Option(
        name: .long,
        help: ArgumentHelp("Between how many workers it may have while it runs, like 1-4.", valueName: "min-max"))
    var elastic: WorkerRange?

    @OptionGroup var controller: ControllerOption

    @OptionGroup var options: LiveOptions

    func validate() throws {
        let longest = QueueController.longestSpan
        guard time > .zero, time <= longest else {
            throw ValidationError("--time takes a time above 0 and at most \(longest)")
        }
        if let deadline {
            let left = deadline.fromNow
            guard left > .zero else { throw ValidationError("--deadline is over already; name a later one") }
            guard left <= longest else { throw ValidationError("--deadline takes at most \(longest) from now") }
        }
        if let require, TopologyDemand(named: require) == nil {
            throw ValidationError("--require takes node")
        }
        guard QueueController.priorities.contains(priority) else {
            throw ValidationError("--priority takes -50000 to 50000")
        }
    }

    func run() throws {
        if testOnly { return try test() }
        // Before a run is made that nobody would take.
        _ = try controller.ask(Line("hello"))
        let submission = try make()
        let answer: [Line]
        do { answer = try controller.ask(QueueEvent.submitted(submission).line) } catch let failure as Failure {
            // Who did not answer may have heard: the run stays, and the user is told where.
            guard failure.code != .unreachable else {
                throw Failure(
                    .unreachable, "\(failure.message)\nWhether it took the job is not known: \(submission.folder)")
            }
            try? FileManager.default.removeItem(atPath: submission.folder)
            throw failure
        }
        let (number, ends): (Int, TimeSpan?) = try reading {
            (try answer.first?.read("job") ?? 0, try answer.first?.readIfPresent("ends"))
        }
        let run = RunFolder(submission.folder).id.name
        options.output.print(
            SubmissionDocument(
                job: number, run: run, folder: submission.folder, slots: submission.slots, team: submission.team,
                deadline_s: submission.deadline?.seconds, ends_in_s: ends?.seconds)
        ) { _, _ in
            ["Submitted job \(number): run \(run), \(submission.slots) slots"]
                + (submission.deadline.map { deadline in
                    ["It is promised to end within \(deadline)" + (ends.map { ", and planned to end in \($0)" } ?? "")]
                } ?? [])
        }
    }

    /// Makes the run, and lets go of it, so that the queue's coordinator can drive it.
    private func make() throws -> Submission {
        let run = try options.prepare(job: job, resume: nil, cluster: nil) { _, _ in }
        do { return try submission(of: run.job, in: run.folder.path) } catch {
            run.discardIfNew()
            throw error
        }
    }

    private func submission(of spec: JobSpec, in folder: String) throws -> Submission {
        if let failure = elastic?.objection(to: spec) { throw failure }
        let spares = spec.faultTolerance.spares
        let range = elastic.map { $0.workers.lowerBound + spares...$0.workers.upperBound + spares }
        return Submission(
            folder: folder, name: name ?? spec.name, user: NSUserName(),
            slots: spec.workers + spares, priority: priority, expected: time,
            team: team ?? Team.defaultName, deadline: deadline?.fromNow,
            demand: require.flatMap(TopologyDemand.init(named:)) ?? .preferred,
            onWorkerLoss: spec.faultTolerance.onWorkerLoss, range: range, spares: range == nil ? 0 : spares)
    }

    /// Asks when the job would start.
    private func test() throws {
        let job = try submission(of: options.read(job: job), in: "")
        let answer = try controller.ask(Line("trial"), QueueEvent.submitted(job).line)
        let (start, stops, why): (TimeSpan?, String, String) = try reading {
            guard let first = answer.first else { throw LineError(line: "", problem: "there is no answer") }
            return (try first.readIfPresent("in"), try first.read("stops"), try first.read("why"))
        }
        options.output.print(
            SubmissionTrialDocument(
                name: job.name, slots: job.slots, team: job.team, starts_in_s: start?.seconds, stops: stops, why: why)
        ) { _, _ in
            let when =
                start.map { $0 <= .zero ? "now" : "in \($0), if all run as long as expected" } ?? "never as it is"
            return ["\(job.name) would start \(when): \(why)"]
                + (stops.isEmpty ? [] : ["It would stop job \(stops.replacing(",", with: ", job "))"])
        }
    }
}
