// Which free workers make a gang, or why none can be made. Refuses runs and pools.

import Primitives
import Scheduling
import Testing

struct GangPlacementTests {
    private func free(_ text: String, numerics: InternedText = "plain") -> [FreeWorker] {
        text.split(separator: " ").map { FreeWorker(worker: WorkerID(String($0))!, numerics: numerics) }
    }

    private func placed(_ decision: PlacementDecision) -> String {
        guard case .placed(let workers) = decision else { return "\(decision)" }
        return workers.map(\.description).joined(separator: " ")
    }

    @Test func `a gang spans few nodes, and ranks follow nodes, then slots`() {
        let pool = free("a/0 b/0 b/1 b/2 c/0 c/1 c/10 c/2")
        #expect(placed(placeGang(GangRequest(size: 4, numerics: nil), on: pool)) == "c/0 c/1 c/2 c/10")
        #expect(placed(placeGang(GangRequest(size: 6, numerics: nil), on: pool)) == "b/0 b/1 c/0 c/1 c/2 c/10")
        #expect(placed(placeGang(GangRequest(size: 1, numerics: nil), on: free("b/0 a/0"))) == "a/0")
    }

    @Test func `the order in which workers are listed does not matter`() {
        let pool = free("a/0 b/0 b/1 c/0 c/1 c/2") + free("a/1 d/0 d/1", numerics: "other")
        var random = RandomStream(seed: 3, named: "placement")
        let expected = placeGang(GangRequest(size: 4, numerics: nil), on: pool)
        for _ in 0..<100 {
            var shuffled: [FreeWorker] = []
            for worker in pool { shuffled.insert(worker, at: random.integer(below: shuffled.count + 1)) }
            #expect(placeGang(GangRequest(size: 4, numerics: nil), on: shuffled) == expected)
        }
    }

    @Test func `equals only: the run's arithmetic, else the commonest, else the alphabetically first`() {
        let pool = free("a/0 a/1", numerics: "y") + free("b/0 b/1 b/2", numerics: "z") + free("c/0 c/1", numerics: "x")
        #expect(placed(placeGang(GangRequest(size: 2, numerics: nil), on: pool)) == "b/0 b/1")
        #expect(placed(placeGang(GangRequest(size: 2, numerics: "x"), on: pool)) == "c/0 c/1")
        #expect(
            placed(placeGang(GangRequest(size: 2, numerics: nil), on: Array(pool.filter { $0.numerics != "z" })))
                == "c/0 c/1")
    }

    @Test func `a refusal says how many are missing, or whose bits would differ`() {
        let pool = free("a/0 a/1") + free("b/0", numerics: "other")
        #expect(
            placeGang(GangRequest(size: 4, numerics: nil), on: pool)
                == .wait(because: .workersMissing(free: 3, needed: 4)))
        #expect(
            placeGang(GangRequest(size: 3, numerics: nil), on: pool)
                == .wait(because: .numericsDiffer(fitting: 2, needed: 3, numerics: "plain")))
        #expect(
            placeGang(GangRequest(size: 2, numerics: "gone"), on: pool)
                == .wait(because: .numericsDiffer(fitting: 0, needed: 2, numerics: "gone")))
        #expect(
            placeGang(GangRequest(size: 1, numerics: nil), on: [])
                == .wait(because: .workersMissing(free: 0, needed: 1)))
    }
}
