// Failures inside a replay: a node goes down, the gangs on it lose what they did since their last checkpoint, and go on
// on a spare or stand in the queue again; the node comes back and, where a spare stepped in, is the next spare. Each
// node has a random stream of its own, so that adding a node shifts no other's history. Refuses correlated failures.

import Primitives
import Scheduling

extension ReplayEngine {
    mutating func scheduleFirstFailures() {
        guard let model = options.outages else { return }
        var number = 0
        for pool in scheduler.pools.indices {
            var ofPool: [RandomStream] = []
            for node in 0..<scheduler.pools[pool].nodeCount {
                ofPool.append(RandomStream(seed: model.seed, named: "failures/node/\(number)"))
                number += 1
                let start = trace.jobs.first?.submitted ?? .zero
                events.add(.failure(pool: pool, node: node), at: start + nextGap(&ofPool[node], model))
            }
            streams.append(ofPool)
        }
    }

    private func nextGap(_ stream: inout RandomStream, _ model: OutageModel) -> TimeSpan {
        // 1 - u is never 0; the largest of 2^53 draws is 37 means away.
        .seconds(-portableLogarithm(1 - stream.uniform()) * model.meanTimeBetweenFailures.seconds)
    }

    mutating func fail(pool: Int, node: Int, at now: Instant) {
        guard let model = options.outages else { return }
        result.nodeFailures += 1
        failuresInVain += 1
        let struck = scheduler.jobs(on: node, pool: pool, among: running.sorted())
        scheduler.set(.down, node: node, pool: pool)
        events.add(.repair(pool: pool, node: node), at: now + model.repair)
        for job in struck {
            let span = work(of: job, at: now)
            let lost = options.costs.lostWork(after: span)
            let cost = options.costs.restore(gpus: runs[job].gpus)
            result.outcomes[job].failures += 1
            result.outcomes[job].lost += lost
            result.outcomes[job].overhead += cost
            let isSwapped = scheduler.swapIn(for: node, job: job, losing: lost, at: now)
            stopRunning(job, at: now)
            runs[job].left = runs[job].left - span + lost + cost
            if isSwapped, let placement = scheduler.placement(of: job) {
                result.swaps += 1
                begin(job, on: placement, at: now)
            } else {
                scheduler.requeue(job, losing: lost, at: now)
                runs[job].since = now
            }
        }
    }

    mutating func repair(pool: Int, node: Int, at now: Instant) {
        guard let model = options.outages else { return }
        let isSpareMissing =
            scheduler.pools[pool].conditions.count { $0 == .spare }
            < options.pools[pool].conditions.count { $0 == .spare }
        scheduler.set(isSpareMissing ? .spare : .up, node: node, pool: pool)
        events.add(.failure(pool: pool, node: node), at: now + nextGap(&streams[pool][node], model))
    }
}
