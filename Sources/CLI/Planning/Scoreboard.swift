// The step-time model held against everything published: tables row by row, and whole runs from their files. A value that
// text, Markdown and JSON are made of. Refuses to leave a row out, however bad.

import Hardware
import Jobs
import SpecFiles

/// Predicted and published.
struct Scoreboard: Codable {
    /// One row of a table.
    struct Row: Codable {
        var id: String
        var table: String
        var software: String
        var use: String
        var published_seconds: Double
        var predicted_seconds: Double
        var error: Double
    }

    /// A table's rows of one use together.
    struct Summary: Codable {
        var table: String
        var software: String
        var use: String
        var rows: Int
        var mean_absolute_error: Double
        /// The mean with its sign: above 0 where the model is too slow.
        var mean_error: Double
        var worst_error: Double
        var worst: String
    }

    /// A whole run: what is published of it, if nothing had broken, unless its source says otherwise.
    struct Run: Codable {
        var job: String
        var cluster: String
        var software: String
        var figure: String
        var published: Double
        var predicted: Double
        /// How much longer the model takes than was published, as a share; below 0 where it is too fast.
        var error: Double
        var fits: Bool
        var source: String
    }

    var schema = "understudy/scoreboard/v1"
    var tables: [Summary] = []
    var runs: [Run] = []
    var rows: [Row]

    /// The scoreboard of `steps` and `runs`, with `constants` in place of the shipped ones if given; job and cluster files
    /// lie in `folder`.
    init(steps: StepTable, runs: WholeRunTable, folder: String, constants: ConstantsOption) throws {
        rows = try steps.entries.map { entry in
            let known = SoftwareConstants.known.first { $0.tables.contains(entry.step.table) }
            let chosen = try constants.choose(software: known?.name, for: entry.step.machine)
            let predicted = entry.step.predicted(chosen.constants)
            return Row(
                id: entry.step.id, table: entry.step.table, software: chosen.name, use: entry.isFit ? "fit" : "held",
                published_seconds: entry.step.seconds, predicted_seconds: predicted,
                error: predicted / entry.step.seconds - 1)
        }
        for row in rows where !tables.contains(where: { $0.table == row.table && $0.use == row.use }) {
            let group = rows.filter { $0.table == row.table && $0.use == row.use }
            let worst = group.max { abs($0.error) < abs($1.error) }!
            let count = Double(group.count)
            tables.append(
                Summary(
                    table: row.table, software: row.software, use: row.use, rows: group.count,
                    mean_absolute_error: group.reduce(0) { $0 + abs($1.error) } / count,
                    mean_error: group.reduce(0) { $0 + $1.error } / count, worst_error: worst.error, worst: worst.id))
        }
        self.runs = try runs.entries.map { try Scoreboard.run($0, folder: folder, constants) }
    }

    private static func run(
        _ entry: WholeRunTable.Entry, folder: String, _ constants: ConstantsOption
    ) throws -> Run {
        let job = try readSpec(false) { () throws(SpecFileErrors) in
            try SpecReader.job(path: "\(folder)/jobs/\(entry.job).yaml").spec
        }
        let cluster = try readSpec(false) { () throws(SpecFileErrors) in
            try SpecReader.cluster(path: "\(folder)/clusters/\(entry.cluster).yaml")
        }
        let machine = try modelled(cluster, job)
        let chosen = try constants.choose(software: job.software, for: machine)
        let estimate = RunEstimate(job.workload, steps: job.training.steps, on: machine, chosen.constants)
        let predicted =
            switch entry.figure {
            case .iterationSeconds: estimate.time.total
            case .acceleratorHours: estimate.seconds / 3_600 * Double(estimate.work.accelerators)
            case .days: estimate.seconds / 86_400
            case .modelTFLOPs: estimate.modelRate / 1e12
            }
        let slower = entry.figure == .modelTFLOPs ? entry.published / predicted : predicted / entry.published
        return Run(
            job: entry.job, cluster: entry.cluster, software: chosen.name, figure: entry.figure.rawValue,
            published: entry.published, predicted: predicted, error: slower - 1, fits: estimate.fits,
            source: entry.source)
    }
}

/// The nodes of `cluster` that `job` takes, as the step-time model sees them.
func modelled(_ cluster: Cluster, _ job: JobSpec) throws -> Machine {
    do throws(UnmodelledCluster) { return try cluster.machine(job.precision, nodes: job.nodes) } catch {
        throw Failure(.invalidSpec, "\(cluster.name) cannot be modelled: \(error.problem)")
    }
}
