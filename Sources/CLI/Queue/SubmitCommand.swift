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

            The job's run is made at once: its folder, its tokens, its journal. It \
            starts when the queue's policy gives it nnodes x nproc_per_node slots and \
            as many as it has spares.

            A job whose team's quota it could never keep is refused with code 4. So is a \
            --deadline that cannot be kept beside those promised already, with the \
            earliest end that could be; one that is taken is planned to be kept if jobs run \
            no longer than their --time and no machine goes. Only queues that are \
            served with --policy deadline promise any; others refuse --deadline.
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
        guard QueueController.priorities.contains(priority) else {
            throw ValidationError("--priority takes -50000 to 50000")
        }
    }

    func run() throws {
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
        let slots = run.job.workers + run.job.faultTolerance.spares
        return Submission(
            folder: run.folder.path, name: name ?? run.job.name, user: NSUserName(), slots: slots, priority: priority,
            expected: time, team: team ?? Team.defaultName, deadline: deadline?.fromNow,
            onWorkerLoss: run.job.faultTolerance.onWorkerLoss)
    }
}
