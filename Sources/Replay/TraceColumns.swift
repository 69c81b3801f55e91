// Which column of a table means what, by format. One description a format and one reader for all of them. Refuses
// formulas: what a column needs beyond a unit is said in words here and done in `readTable`.

/// What the columns of a format mean.
struct TraceColumns {
    /// The fields' separator, an ASCII character.
    var separator: UInt8 = 44
    /// The job's name; nil where rows are numbered.
    var name: String?
    /// The instant of submission, in seconds or as a calendar's.
    var submitted: String
    /// The run time in seconds; empty where it is `end` minus `start`.
    var duration = ""
    /// The instants between which it ran.
    var start = ""
    var end = ""
    /// GPUs, or where they are written.
    var gpus: String
    /// Copies of the job, each of which wants `gpus`.
    var copies: String?
    /// Whether `gpus` counts hundredths of a GPU.
    var countsHundredths = false
    /// The team.
    var team: String?
    /// The user's limit on the run time.
    var limit: String?
    /// The priority.
    var priority: String?
    /// What it asks about its place.
    var topology: String?
    /// The kinds of GPU it can use, with `|` between.
    var accelerators: String?
    /// How many of the trace's units a second has.
    var unitsPerSecond = 1.0

    /// The columns of `format`, given its header.
    static func of(_ format: TraceFormat, header: [String]) -> TraceColumns {
        func first(_ names: String...) -> String { names.first(where: header.contains) ?? names[0] }
        switch format {
        case .philly:
            return TraceColumns(submitted: "timestamp", duration: "duration", gpus: "num_gpus", team: "cluster")
        case .helios:
            return TraceColumns(
                name: "job_id", submitted: "submit_time", duration: "duration", gpus: "gpu_num", team: "vc")
        case .heliosSimulator:
            // The simulator knows none of the last four; a trace that a person writes may have them.
            return TraceColumns(
                name: "job_id", submitted: "submit_time", duration: "duration", gpus: "gpu_num", team: "vc",
                limit: "estimate", priority: "priority", topology: "topology", accelerators: "gpu_type")
        case .tiresias:
            // Muri's file counts milliseconds; it is the one that says how long an iteration takes.
            return TraceColumns(
                name: "job_id", submitted: "submit_time", duration: "duration", gpus: "num_gpu",
                priority: header.contains("priority") ? "priority" : nil,
                unitsPerSecond: header.contains("iteration_time") ? 1_000 : 1)
        case .pai:
            return TraceColumns(
                name: first("job_name", "job_id", "name"), submitted: first("submit_time", "start_time"),
                duration: header.contains("duration") ? "duration" : "", start: "start_time", end: "end_time",
                gpus: "plan_gpu", copies: "inst_num", countsHundredths: true,
                team: ["user", "group"].first(where: header.contains), accelerators: "gpu_type")
        case .openb:
            return TraceColumns(
                name: "name", submitted: "creation_time", start: first("scheduled_time", "creation_time"),
                end: "deletion_time", gpus: "num_gpu", team: ["qos"].first(where: header.contains),
                accelerators: "gpu_spec")
        case .sacct:
            return TraceColumns(
                separator: 124, name: "jobid", submitted: "submit",
                duration: first("elapsedraw", "elapsed"), gpus: first("alloctres", "reqtres", "allocgres", "reqgres"),
                team: ["account", "user", "partition"].first(where: header.contains),
                limit: ["timelimitraw", "timelimit"].first(where: header.contains),
                priority: header.contains("priority") ? "priority" : nil)
        case .phillyJSON, .swf: preconditionFailure("\(format.rawValue) is no table with a header")
        }
    }
}

/// Where the columns of a table are.
struct TracePlaces {
    var name: Int?
    var submitted: Int
    var duration: Int?
    var start: Int?
    var end: Int?
    var gpus: Int
    var copies: Int?
    var team: Int?
    var limit: Int?
    var priority: Int?
    var topology: Int?
    var accelerators: Int?

    init(_ columns: TraceColumns, header: [String], format: TraceFormat) throws(TraceError) {
        var missing: [String] = []
        func place(_ name: String) -> Int {
            guard let index = header.firstIndex(of: name) else {
                missing.append(name)
                return 0
            }
            return index
        }
        func optional(_ name: String?) -> Int? { name.flatMap { header.firstIndex(of: $0) } }
        submitted = place(columns.submitted)
        gpus = place(columns.gpus)
        if columns.duration.isEmpty {
            start = place(columns.start)
            end = place(columns.end)
        } else {
            duration = place(columns.duration)
        }
        if let name = columns.name { self.name = place(name) }
        copies = optional(columns.copies)
        team = optional(columns.team)
        limit = optional(columns.limit)
        priority = optional(columns.priority)
        topology = optional(columns.topology)
        accelerators = optional(columns.accelerators)
        guard missing.isEmpty else { throw .missingColumns(missing, format: format) }
    }
}
