// How fast traces are replayed and gangs are placed, on one core: jobs a second of every policy on the trace given, and
// the placement of large gangs and a pass over a long queue on 10,000 nodes. Refuses to be a test: it says nothing about
// right or wrong.

import Foundation
import Primitives
import Replay
import Scheduling

/// Prints the figures; `SchedulingBenchmark [TRACE [NODES]]`.
@main
enum SchedulingBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count > 1 {
            try measure(trace: arguments[1], nodes: arguments.count > 2 ? Int(arguments[2]) ?? 80 : 80)
        }
        measurePlacement()
        measurePass()
    }

    /// Seconds that `body` takes.
    static func seconds(_ body: () -> Void) -> Double {
        let took = ContinuousClock().measure(body)
        return Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18
    }

    static func measure(trace path: String, nodes: Int) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let trace = try readTrace(bytes).trace
        print("\(trace.jobs.count) jobs on \(nodes) nodes of 8 GPUs, the best of three")
        for policy in Policy.all {
            let options = ReplayOptions.helios(policy: policy, nodes: nodes)
            var meanJCT = 0.0
            let best =
                (0..<3).map { _ in
                    var result: ReplayResult?
                    let took = seconds { result = replay(trace, options) }
                    meanJCT = result.map { ReplayFigures(trace, $0).all.meanJCT } ?? 0
                    return took
                }.min() ?? 0
            let rate = Double(trace.jobs.count) / best
            print(String(format: "%@: %.3f s, %.0f jobs/s, mean JCT %.1f s", policy.name, best, rate, meanJCT))
        }
    }

    /// 10,000 nodes of 8, 16 under a leaf, 32 leaves under a spine, two thirds of them partly taken.
    static func bigPool() -> NodePool {
        NodePool(
            accelerator: "gpu", count: 10_000, gpusPerNode: 8, fabric: Fabric(nodesPerLeaf: 16, leavesPerSpine: 32))
    }

    static func measurePlacement() {
        var scheduler = Scheduler(policy: .fifoBestEffort, pools: [bigPool()])
        var stream = RandomStream(seed: 1, named: "benchmark/placement")
        var times: [Double] = []
        var running: [Int] = []
        var job = 0
        // Small gangs come and go, so that the large ones meet a cluster with holes.
        for round in 0..<2_000 {
            let now = Instant.zero + .seconds(Int64(round))
            for _ in 0..<12 {
                _ = scheduler.submit(
                    JobRequest(gpus: 1 + stream.integer(below: 8), expected: .seconds(100 as Int64)), at: now)
                running.append(job)
                job += 1
            }
            _ = scheduler.decide(at: now)
            while running.count > 6_000 {
                let place = stream.integer(below: running.count)
                if scheduler.phase(of: running[place]) == .running { scheduler.finish(running[place], at: now) }
                running.swapAt(place, running.count - 1)
                running.removeLast()
            }
            guard round >= 1_000 else { continue }
            let large = job
            job += 1
            times.append(
                seconds {
                    _ = scheduler.submit(JobRequest(gpus: 1_024, expected: .seconds(100 as Int64)), at: now)
                    _ = scheduler.decide(at: now)
                })
            if scheduler.phase(of: large) == .running {
                scheduler.finish(large, at: now)
            } else {
                scheduler.cancel(large, at: now)
            }
        }
        times.sort()
        print(
            String(
                format: "a gang of 1,024 GPUs on 10,000 nodes: p50 %.3f ms, p99 %.3f ms", times[times.count / 2] * 1e3,
                times[times.count * 99 / 100] * 1e3))
    }

    static func measurePass() {
        for policy in [Policy.fifoBestEffort, .easy, .srtf, .tiresias, .priority, .fairShare, .conservative] {
            var scheduler = Scheduler(policy: policy, pools: [bigPool()])
            var stream = RandomStream(seed: 2, named: "benchmark/pass")
            for _ in 0..<12_000 {
                _ = scheduler.submit(
                    JobRequest(
                        gpus: 1 + stream.integer(below: 12),
                        expected: .seconds(Int64(100 + stream.integer(below: 10_000)))), at: .zero)
            }
            _ = scheduler.decide(at: .zero)
            let now = Instant.zero + .seconds(60 as Int64)
            for _ in 0..<1_000 {
                _ = scheduler.submit(
                    JobRequest(
                        gpus: 8 + stream.integer(below: 1_000),
                        expected: .seconds(Int64(100 + stream.integer(below: 10_000)))), at: now)
            }
            let waiting = scheduler.waitingCount
            let took = seconds { _ = scheduler.decide(at: now) }
            print(String(format: "a pass over %d pending jobs, %@: %.2f ms", waiting, policy.name, took * 1e3))
        }
    }
}
