// What the tests of replays share: the fixture trace, jobs by hand, and random traces from a seed. Refuses assertions.

import Foundation
import Primitives
import Replay
import Scheduling

/// The fixtures' bytes.
func fixture(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
}

/// A file beside the project that a fresh machine does not have; nil there.
func sharedTrace(_ name: String) -> [UInt8]? {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    return try? [UInt8](Data(contentsOf: root.appendingPathComponent("shared/traces/\(name)")))
}

/// A job submitted at `submitted` that runs for `duration`, both in seconds.
func job(_ name: String, at submitted: Int64, runs duration: Int64, gpus: Int, team: Int = 0, priority: Int = 0)
    -> TraceJob
{
    var job = TraceJob(
        name: name, submitted: Instant.zero + .seconds(submitted), duration: .seconds(duration), gpus: gpus, team: team)
    job.priority = priority
    return job
}

/// `count` jobs of sizes that fit `nodes` nodes of 8, drawn from `seed`: bunched arrivals, many equal run times.
func randomTrace(seed: UInt64, count: Int, nodes: Int, teams: Int = 1) -> Trace {
    var stream = RandomStream(seed: seed, named: "test/trace")
    let gaps: [Int64] = [0, 0, 1, 5, 30, 60, 100, 200]
    let lengths: [Int64] = [1, 2, 5, 60, 100, 500, 1_000, 3_000]
    let sizes = [1, 1, 1, 2, 4, 8, 8, 12, 16, 20, 24].filter { $0 <= nodes * 8 }
    var now: Int64 = 0
    let jobs = (0..<count).map { index -> TraceJob in
        now += gaps[stream.integer(below: gaps.count)]
        let length =
            stream.integer(below: 5) < 3
            ? lengths[stream.integer(below: lengths.count)] : Int64(1 + stream.integer(below: 4_000))
        return job(
            "\(index)", at: now, runs: length, gpus: sizes[stream.integer(below: sizes.count)],
            team: stream.integer(below: teams), priority: stream.integer(below: 3))
    }
    return Trace(jobs: jobs, teams: (0..<teams).map { "team-\($0)" })
}

/// The policy called `name`.
/// - Precondition: there is one.
func policy(_ name: String) -> Policy {
    guard let policy = Policy.named(name) else { preconditionFailure("there is no policy \(name)") }
    return policy
}
