// `understudy plan`: what a job would take on a cluster, before anybody pays for it. Refuses to start anything, and to
// plan what can never fit: that is an error with what would help.

import ArgumentParser
import Hardware
import Jobs
import Reports
import SpecFiles

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Say what a job would take on a cluster: memory, time by term, days, dollars.",
        discussion: """
            Examples:
              understudy plan jobs/opt-175b.yaml --cluster clusters/opt-124x8-a100.yaml
              understudy plan jobs/gpt3-175b.yaml --cluster C --search
              understudy plan jobs/llama3-405b.yaml --cluster C --json | jq .mfu

            Where the cluster file names failures, days, dollars and energy are also given \
            with them, from so many simulated lives. Exit code 4 when the job does not fit.
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "job.yaml"))
    var job: String

    @Option(name: .long, help: ArgumentHelp("The cluster file.", valueName: "cluster.yaml"))
    var cluster: String

    @Option(
        name: [.customShort("s")],
        help: ArgumentHelp("A value in place of the file's: -s train.lr=3e-4.", valueName: "key=value"))
    var overrides: [String] = []

    @Flag(name: .long, help: "Rank ten other layouts of the same job on the same accelerators.")
    var search = false

    @Option(name: .long, help: ArgumentHelp("How much slower the slowest machine is.", valueName: "share"))
    var straggler = 0.0

    @Option(name: .long, help: ArgumentHelp("Simulated lives with failures; 0 for none.", valueName: "count"))
    var replicas = 100

    @OptionGroup var constants: ConstantsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(0..<10).contains(straggler) { throw ValidationError("--straggler takes a share from 0 to 10") }
        if !(0...100_000).contains(replicas) { throw ValidationError("--replicas takes 0 to 100000") }
    }

    func run() throws {
        let plan = try Plan(
            job: readSpec(output.noColor) { () throws(SpecFileErrors) in
                try SpecReader.job(path: job, overrides: overrides)
            },
            cluster: readSpec(output.noColor) { () throws(SpecFileErrors) in try SpecReader.cluster(path: cluster) },
            constants: constants, straggler: straggler, searches: search)
        let outlook = plan.shortage == nil ? try FailureOutlook(plan, replicas: replicas, seed: 1) : nil
        output.print(PlanDocument(plan, outlook)) { width, style in
            planLines(plan, outlook, width: width, style: style)
        }
        if let shortage = plan.shortage { throw Failure(.infeasible, shortage) }
    }
}

/// What `read` gives, its complaints printed as they stand in the file.
func readSpec<Value>(_ noColor: Bool, _ read: () throws(SpecFileErrors) -> Value) throws -> Value {
    do throws(SpecFileErrors) { return try read() } catch {
        let color = Terminal.style(2, noColor: noColor).isOn
        throw Failure(.invalidSpec, "\(error.rendered(color: color))\n\(error.summary)")
    }
}
