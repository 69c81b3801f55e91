// Many lives of one scenario on all cores. Each takes the next seeds; the order of the results is that of the seeds,
// whoever lived them. Refuses to print.

import Foundation
import Primitives
import Simulation
import Synchronization

/// What the lives of `input` from `first` on, `count` of them, came to.
func livesOf(_ input: SimulationInput, first: UInt64, count: Int) throws -> [RunTally] {
    livesOf(try input.scenario(seed: first), first: first, count: count)
}

/// What the lives of `template` from seed `first` on came to, in order of their seeds.
func livesOf(_ template: Scenario, first: UInt64, count: Int) -> [RunTally] {
    let results = Mutex([RunTally?](repeating: nil, count: count))
    let next = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: max(1, ProcessInfo.processInfo.activeProcessorCount)) { _ in
        while true {
            let index = next.withLock { next -> Int in
                defer { next += 1 }
                return next
            }
            guard index < count else { break }
            let result = tally(template.life(seed: first &+ UInt64(index)))
            results.withLock { $0[index] = result }
        }
    }
    return results.withLock { $0.map { $0! } }
}
