// How fast traces are replayed and gangs are placed, on one core: jobs a second of every policy on the trace given, and
// the placement of large gangs and a pass over a long queue on 10,000 nodes. Times are this process's processor time, so
// that what else runs on the machine counts less. Refuses to be a test: the digests only say whether a change of speed
// changed a decision.

import Foundation
import Primitives
import Replay
import Scheduling

/// Prints the figures: `SchedulingBenchmark [TRACE NODES [POLICY,POLICY|all [FROM UNTIL]]]`, the last two in seconds of
/// the trace's clock. Peak memory is the process's, so run a policy a process for a policy's own.
@main
enum SchedulingBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2, let nodes = Int(arguments[2]) else {
            measurePlacement()
            return measurePass()
        }
        let names = arguments.count > 3 && arguments[3] != "all" ? arguments[3].split(separator: ",") : []
        var trace = try readTrace([UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[1])))).trace
        if arguments.count > 5, let from = Int64(arguments[4]), let until = Int64(arguments[5]) {
            trace = trace.submitted(in: Instant.zero + .seconds(from)..<Instant.zero + .seconds(until))
        }
        print("\(trace.jobs.count) jobs on \(nodes) nodes of 8 GPUs, processor time, the best of three")
        for policy in names.isEmpty ? Policy.all : names.compactMap({ Policy.named(String($0)) }) {
            var options = ReplayOptions.helios(policy: policy, nodes: nodes)
            measure(policy.name, trace, options)
            // Without deadlines and ranges these two are others under another name.
            switch policy {
            case .deadline:
                options.deadlineFactor = 4
                measure("deadline, 4 x", trace, options)
            case .elastic:
                options.elasticity = 0.5...2
                measure("elastic, 0.5-2 x", trace, options)
            default: break
            }
        }
    }

    /// Seconds of processor time that `body` takes.
    static func seconds(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
        let start = now()
        body()
        return now() - start
    }

    /// The most memory this process has had so far, in bytes.
    static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1_024
    }

    static func measure(_ name: String, _ trace: Trace, _ options: ReplayOptions) {
        var best = Double.infinity
        var last: ReplayResult?
        for _ in 0..<3 {
            last = nil
            best = min(best, seconds { last = replay(trace, options) })
        }
        guard let result = last else { return }
        let peak = Double(peakMemory()) / 1e6
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in outcomesCSV(trace, result).utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let rate = Double(trace.jobs.count) / best
        let meanJCT = ReplayFigures(trace, result).all.meanJCT
        print(
            name.padding(toLength: 18, withPad: " ", startingAt: 0)
                + String(
                    format: "%8.3f s %9.0f jobs/s %6.0f MB, mean JCT %10.1f s, outcomes %016llx", best, rate, peak,
                    meanJCT, digest))
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
