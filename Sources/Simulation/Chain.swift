// What training comes to when only its history matters: the state after a step is a hash of the state before and of
// what every micro-batch added, losses and norms are functions of it. Whoever leaves a step out, does one twice, or
// starts from another state holds another number for ever, so one comparison says "bit-identical" and "exactly once".
// Refuses arithmetic that could be right by accident: nothing here converges.

import Primitives

/// Symbolic training.
enum Chain {
    /// The state before the first step.
    static let start: UInt64 = 0x243f_6a88_85a3_08d3

    /// Both numbers in one, so that no pair in use gives what another does (the finaliser of SplitMix64).
    static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var z = a ^ (b &* 0x9e37_79b9_7f4a_7c15 &+ 0x632b_e59b_d9b4_e019)
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// The gradient of a batch; gradients add up with `&+`.
    static func gradient(state: UInt64, step: Int, batch: Int) -> UInt64 {
        mix(mix(state, UInt64(step)), UInt64(batch))
    }

    /// The training loss of a batch, in [2, 3).
    static func loss(state: UInt64, step: Int, batch: Int) -> Double {
        2 + fraction(mix(gradient(state: state, step: step, batch: batch), 1))
    }

    /// The validation loss of a batch, in [3, 4).
    static func evaluationLoss(state: UInt64, batch: Int) -> Double { 3 + fraction(mix(mix(state, 2), UInt64(batch))) }

    /// The sum of gradients of which one is no number.
    static let notANumber: UInt64 = 0x7ff8_0000_0000_0000

    /// What two sums add up to.
    static func add(_ a: UInt64, _ b: UInt64) -> UInt64 { a == notANumber || b == notANumber ? notANumber : a &+ b }

    /// The norm of a summed gradient, in [1, 2), or no number.
    static func norm(_ sum: UInt64) -> Double { sum == notANumber ? .nan : 1 + fraction(sum) }

    /// The state after a step whose gradients add up to `sum`.
    static func next(_ state: UInt64, sum: UInt64) -> UInt64 { mix(state, sum) }

    private static func fraction(_ bits: UInt64) -> Double { Double(bits >> 12) * 0x1p-52 }
}

/// The history of a run in which nothing ever broke, computed by nobody's protocol.
struct FaultFreeHistory: Equatable, Sendable {
    /// The state after each step; the first is the state before step 1.
    let states: [UInt64]
    /// The mean loss of each step, step 1 first.
    let losses: [Double]
    /// The gradient's norm at each step, step 1 first.
    let norms: [Double]

    init(steps: Int, microBatches: Int) {
        let tree = ReductionTree(leaves: microBatches)
        var states = [Chain.start]
        var losses: [Double] = []
        var norms: [Double] = []
        for step in stride(from: 1, through: steps, by: 1) {
            let state = states[step - 1]
            let sum = (0..<microBatches).reduce(UInt64(0)) {
                $0 &+ Chain.gradient(state: state, step: step, batch: $1)
            }
            let each = (0..<microBatches).map { Chain.loss(state: state, step: step, batch: $0) }
            losses.append(tree.sum(each) / Double(microBatches))
            norms.append(Chain.norm(sum))
            states.append(Chain.next(state, sum: sum))
        }
        (self.states, self.losses, self.norms) = (states, losses, norms)
    }
}
