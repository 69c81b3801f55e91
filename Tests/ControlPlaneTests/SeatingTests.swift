// The two ways to seat a gang: anew, and by what has changed since the last. Holds the second to the first over random
// lives of a pool. Refuses to choose the workers; the placement has tests of its own.

import Primitives
import Testing

@testable import ControlPlane

struct SeatingTests {
    private let plan = RunPlan.small.with {
        $0.microBatches = 64
        $0.evaluationMicroBatches = 64
    }
    private let numerics = InternedText("n")

    private func worker(_ number: Int) -> WorkerID { WorkerID(node: NodeID("node-\(number)"), slot: 0) }

    private func join(_ number: Int, _ pool: inout Pool, numerics: InternedText = "n") {
        _ = pool.join(worker(number), numerics: numerics, processID: number)
    }

    /// The gang of all that are up, seated without a look at what has changed.
    private func anew(_ seating: Seating, _ pool: Pool) -> Seating {
        var seating = seating
        seating.seat(pool.up.map(\.worker))
        seating.makeMembers(of: plan, from: pool)
        return seating
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a gang patched by what has changed is the gang made anew`(seed: UInt64) {
        var stream = RandomStream(seed: seed, named: "seating")
        let size = 12
        var (pool, seating) = (Pool(), Seating())
        for number in 0..<size { join(number * 2, &pool) }
        seating = anew(seating, pool)
        pool.noteTaken()
        var patched = 0
        for _ in 0..<40 {
            for _ in 0..<Int(stream.uniform() * 4) {
                let number = Int(stream.uniform() * 30)
                if pool[worker(number)]?.isInhabited == true {
                    pool.vacate(worker(number))
                } else {
                    join(number, &pool)
                }
            }
            if stream.uniform() < 0.2, let up = pool.up.first {
                pool.vacate(up.worker)
                _ = pool.join(up.worker, numerics: numerics, processID: 0)
            }
            while pool.upCount > size { pool.vacate(pool.up[Int(stream.uniform() * Double(pool.upCount))].worker) }
            var number = 0
            while pool.upCount < size {
                if pool[worker(number)]?.isInhabited != true { join(number, &pool) }
                number += 1
            }
            let whole = anew(seating, pool)
            if seating.replace(from: pool, numerics: numerics) {
                patched += 1
                #expect(seating.members == whole.members && seating.byRank == whole.byRank)
                #expect(pool.holdsAll(seating.members, near: seating.places))
                var (next, nextWhole) = (seating, whole)
                next.seat(pool.up.map(\.worker))
                nextWhole.seat(pool.up.map(\.worker))
                #expect(next.byRank == nextWhole.byRank)
            }
            seating = whole
            pool.noteTaken()
        }
        #expect(patched == 40, "what has changed was always little")
    }

    @Test func `a worker of other arithmetic, and one that was free before, are left to the placement`() {
        var (pool, seating) = (Pool(), Seating())
        for number in 0..<4 { join(number, &pool) }
        seating = anew(seating, pool)
        join(7, &pool)
        pool.noteTaken()
        pool.vacate(worker(2))
        let before = seating
        #expect(!seating.replace(from: pool, numerics: numerics) && seating == before, "the free one has not changed")
        seating = anew(seating, pool)
        pool.noteTaken()
        pool.vacate(worker(7))
        join(5, &pool, numerics: "other")
        let again = seating
        #expect(!seating.replace(from: pool, numerics: numerics) && seating == again)
    }

    @Test func `after a change of too many slots nothing is patched`() {
        var (pool, seating) = (Pool(), Seating())
        for number in 0..<40 { join(number, &pool) }
        seating = anew(seating, pool)
        pool.noteTaken()
        for number in 0..<40 {
            pool.vacate(worker(number))
            join(number, &pool)
        }
        #expect(pool.changes == nil && !seating.replace(from: pool, numerics: numerics))
        #expect(!pool.holdsAll(seating.members, near: seating.places), "all are other processes")
    }
}
