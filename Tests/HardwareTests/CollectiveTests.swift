// Sums and gathers over groups of ranks against times worked out by hand, for every algorithm. Refuses measurements.

import Hardware
import Jobs
import Testing

@Suite("Collectives") struct CollectiveTests {
    /// Seconds of tensor collectives of 16 ranks on two nodes, 128 of them: 8 micro-batches, 4 blocks, 4 all-reduces.
    private func tensor(_ algorithm: CollectiveAlgorithm) -> Double {
        var machine = Paper.machine
        machine.collectives = algorithm
        return stepTime(
            Paper.work(LayoutSpec(tensor: 16), accelerators: 16), on: machine, Paper.constants
        ).tensor / 128
    }

    /// Bytes of an all-reduce.
    private let bytes = 2.0 * 64 * 256 * 2

    @Test func `a ring moves 2(n-1)/n of the bytes in 2(n-1) steps`() {
        #expect(Paper.isNear(tensor(.ring), 2 * 15.0 / 16 * bytes / 80e9 + 30 * 10e-6))
    }

    @Test func `a tree moves all bytes up and down, one level of nodes and a chain of eight in each`() {
        #expect(Paper.isNear(tensor(.tree), 2 * (bytes / 80e9 + 10e-6 + 7 * 5e-6)))
    }

    @Test func `in a hierarchy each rank sends an eighth across, through its own adapter`() {
        let inside = 7.0 / 8 * bytes / 100e9 + 7 * 5e-6
        let across = 1.0 / 2 * bytes / 8 / 10e9 + 10e-6
        #expect(Paper.isNear(tensor(.hierarchical), 2 * (inside + across)))
    }

    @Test func `left to itself the library takes the faster of ring and tree`() {
        #expect(tensor(.automatic) == min(tensor(.ring), tensor(.tree)))
        // Small messages go through the tree, large ones around the ring.
        #expect(tensor(.automatic) == tensor(.tree))
        var work = Paper.work(LayoutSpec(tensor: 16), microBatch: 128, accelerators: 16)
        work.model.width = 16_384
        var ring = Paper.machine
        ring.collectives = .ring
        #expect(
            stepTime(work, on: Paper.machine, Paper.constants).tensor
                == stepTime(work, on: ring, Paper.constants).tensor)
    }
}
