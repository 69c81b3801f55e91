// The formats that a trace can be in, and how each is recognised by its first lines. Refuses to look at file names.

/// A format of job traces.
public enum TraceFormat: String, Sendable, CaseIterable, Codable {
    /// Philly's `cluster_job_log`: JSON (Jeon et al. 2019, ATC).
    case phillyJSON = "philly-json"
    /// `timestamp,duration,num_gpus,gpu_time,cluster`, as filtered from it.
    case philly
    /// SenseTime Helios' `cluster_log.csv` (Hu et al. 2021, SC).
    case helios
    /// `job_id,vc,submit_time,duration,gpu_num` in seconds, what HeliosArtifact's simulator reads.
    case heliosSimulator = "helios-sim"
    /// Alibaba PAI's `pai_job_duration_estimate` and `pai_task_table` joined (Weng et al. 2022, NSDI).
    case pai
    /// Alibaba's `openb_pod_list` (Weng et al. 2023, ATC).
    case openb
    /// Muri's and Tiresias' simulator input (Zhao et al. 2022, SIGCOMM; Gu et al. 2019, NSDI).
    case tiresias
    /// The Standard Workload Format (Chapin et al. 1999, JSSPP).
    case swf
    /// Slurm's accounting, `sacct -P`.
    case sacct

    /// The format whose marks the beginning of a file bears; nil when none does.
    static func detect(_ text: some StringProtocol) -> TraceFormat? {
        let lines = text.prefix(4_096).split(whereSeparator: \.isNewline)
        guard let first = lines.first(where: { !$0.allSatisfy(\.isWhitespace) }) else { return nil }
        if first.first == ";" { return .swf }
        if first.drop(while: \.isWhitespace).first == "[" { return .phillyJSON }
        let header = Set(first.split(separator: first.contains("|") ? "|" : ",").map { $0.lowercased() })
        let marks: [(TraceFormat, Set<String>)] = [
            (.sacct, ["jobid", "submit"]), (.philly, ["timestamp", "num_gpus", "gpu_time"]),
            (.heliosSimulator, ["submit_time", "duration", "gpu_num", "vc"]),
            (.helios, ["submit_time", "duration", "gpu_num", "state"]),
            (.openb, ["name", "num_gpu", "creation_time"]), (.tiresias, ["job_id", "num_gpu", "submit_time"]),
            (.pai, ["plan_gpu", "inst_num"]),
        ]
        if let known = marks.first(where: { $0.1.isSubset(of: header) }) { return known.0 }
        let fields = first.split { $0 == " " || $0 == "\t" }
        return fields.count == 18 && fields.allSatisfy { Double($0) != nil } ? .swf : nil
    }
}
