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

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Put a job into a queue.",
        discussion: """
            Examples:
              understudy submit jobs/quickstart.yaml --priority 10 --time 20m
              understudy submit jobs/quickstart.yaml -s train.seed=7 --name seven

            The job's run is made at once: its folder, its tokens, its journal. It \
            starts when the queue's policy gives it nnodes x nproc_per_node slots and \
            as many as it has spares.
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

    @OptionGroup var controller: ControllerOption

    @OptionGroup var options: LiveOptions

    func validate() throws {
        guard time > .zero else { throw ValidationError("--time takes a time above 0") }
        guard (-1_000_000...1_000_000).contains(priority) else {
            throw ValidationError("--priority takes -1000000 to 1000000")
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
        let number: Int = try reading { try answer.first?.read("job") ?? 0 }
        let run = RunFolder(submission.folder).id.name
        options.output.print(
            SubmissionDocument(job: number, run: run, folder: submission.folder, slots: submission.slots)
        ) { _, _ in ["Submitted job \(number): run \(run), \(submission.slots) slots"] }
    }

    /// Makes the run, and lets go of it, so that the queue's coordinator can drive it.
    private func make() throws -> Submission {
        let run = try options.prepare(job: job, resume: nil, cluster: nil) { _, _ in }
        let slots = run.job.workers + run.job.faultTolerance.spares
        return Submission(
            folder: run.folder.path, name: name ?? run.job.name, user: NSUserName(), slots: slots, priority: priority,
            expected: time)
    }
}
