// The terms of an iteration against values worked out by hand. Refuses measurements; PublishedTests has them.

import Hardware
import Jobs
import Primitives
import Testing

@Suite("Step time") struct StepTimeTests {
    @Test func `parameters are those of the published models`() {
        let gpt2 = ModelShape(layers: 12, width: 768, heads: 12, contextLength: 1024, vocabularySize: 50_257)
        #expect(gpt2.parameterCount == 124_439_808)
        let llama = ModelShape(
            family: .llama, layers: 32, width: 4096, heads: 32, feedForwardWidth: 11_008, contextLength: 2048,
            vocabularySize: 32_000)
        #expect(llama.parameterCount == 6_738_415_616)
    }

    @Test func `hardware operations with full recomputation are Megatron's equation 3`() {
        let work = Workload(
            model: ModelShape(layers: 96, width: 12_288, heads: 96, contextLength: 2048, vocabularySize: 51_200),
            layout: LayoutSpec(recomputation: .full), precision: .fp16, microBatch: 1, globalBatch: 1536,
            accelerators: 1536)
        let (batch, s, l, h, vocabulary) = (1536.0, 2048.0, 96.0, 12_288.0, 51_200.0)
        let equation = 96 * batch * s * l * h * h * (1 + s / (6 * h) + vocabulary / (16 * l * h))
        #expect(Paper.isNear(work.hardwareFLOPs.count, equation))
        #expect(work.modelFLOPs.count < work.hardwareFLOPs.count)
    }

    @Test func `on a machine without losses one accelerator reaches its peak`() {
        let work = Paper.work()
        let time = Paper.time(work)
        #expect(Paper.isNear(time.total, work.modelFLOPs.count / 1e12))
        #expect(Paper.isNear(time.compute, time.total))
        let estimate = RunEstimate(work, steps: 10, on: Paper.machine, Paper.constants)
        #expect(Paper.isNear(estimate.mfu, 1))
        #expect(Paper.isNear(estimate.seconds, 10 * time.total))
    }

    @Test func `what is recomputed takes as long as its operations`() {
        for recomputation in Recomputation.allCases {
            let work = Paper.work(LayoutSpec(recomputation: recomputation))
            #expect(Paper.isNear(Paper.time(work).total, work.hardwareFLOPs.count / 1e12))
        }
    }

    @Test func `tensor ranks of a node share its links and those of several nodes all its adapters`() {
        // 8 micro-batches, 4 blocks, 4 all-reduces of 2 x 64 tokens x 256 x 2 bytes: a ring moves 2(t-1)/t of them.
        let bytes = 2.0 * 64 * 256 * 2
        let inside = Paper.time(Paper.work(LayoutSpec(tensor: 8), accelerators: 8)).tensor
        #expect(Paper.isNear(inside, 8 * 4 * 4 * (2 * 7.0 / 8 * bytes / 100e9 + 2 * 7 * 5e-6)))
        var machine = Paper.machine
        machine.collectives = .ring
        let work = Paper.work(LayoutSpec(tensor: 16), accelerators: 16)
        let across = stepTime(work, on: machine, Paper.constants).tensor
        #expect(Paper.isNear(across, 8 * 4 * 4 * (2 * 15.0 / 16 * bytes / 80e9 + 2 * 15 * 10e-6)))
    }

    @Test(arguments: [1, 2])
    func `a pipeline of equal stages stands still for (p-1)/(m v) of its work`(pieces: Int) {
        var work = Paper.work(LayoutSpec(pipeline: 2, virtualStages: pieces), accelerators: 2)
        work.model.vocabularySize = 1
        let time = Paper.time(work)
        #expect(work.microBatches == 8)
        #expect(Paper.isNear(time.bubble, time.compute / Double(8 * pieces), within: 1e-3))
    }

    @Test func `gradients are summed in a ring and hidden behind the backward pass where they may be`() {
        let layout = LayoutSpec(tensor: 8)
        let work = Paper.work(layout, globalBatch: 32, accelerators: 16)
        // One adapter for each of the eight shards, whose two copies are on two nodes.
        let shard = Double(4 * 12 * 256 * 256 + 100 * 256) / 8 * 4  // bf16 gradients are summed in 32 bits.
        #expect(Paper.isNear(Paper.time(work).data, 2 * 0.5 * shard / 10e9 + 2 * 10e-6))
        var hidden = work
        hidden.layout.overlapsGradients = true
        var constants = Paper.constants
        constants.overlap = 1
        #expect(stepTime(hidden, on: Paper.machine, constants).data == 0)
    }

    @Test func `with ZeRO 3 every matrix is gathered and scattered by itself, or every block ahead of its need`() {
        var work = Paper.work(LayoutSpec(zeroStage: 3), microBatch: 1, globalBatch: 16, accelerators: 16)
        let parameters = Double(4 * 12 * 256 * 256 + 100 * 256)
        // Two gathers of 2 bytes, one scatter of 4, in each of 4 x 4 pieces, around 16 ranks on two nodes.
        let moved = 15.0 / 16 * parameters * (2 * 2 + 4) / 80e9
        #expect(Paper.isNear(Paper.time(work).data, moved + 16 * 3 * 15 * 10e-6))
        work.layout.overlapsGradients = true
        #expect(Paper.isNear(Paper.time(work).data, moved + 4 * 3 * 15 * 10e-6))
    }

    @Test func `a model two blocks short has them missing at its ends`() {
        // 14 blocks in 4 stages: 3, 4, 4, 3; the ends' embedding and output layer make up for the missing ones.
        var work = Paper.work(LayoutSpec(pipeline: 4), globalBatch: 32, accelerators: 4)
        work.model.layers = 14
        work.model.vocabularySize = 1
        let time = Paper.time(work)
        #expect(work.layersPerStage == 4)
        // 16 micro-batches of the slowest stage, and what the three others take once.
        #expect(Paper.isNear(time.bubble, time.compute / 16 * (3 + 4 + 3) / 4, within: 1e-3))
    }

    @Test func `a faster network is never slower`() {
        var fast = Paper.machine
        fast.networkBandwidth *= 4
        for layout in [
            LayoutSpec(), LayoutSpec(tensor: 2, pipeline: 2), LayoutSpec(tensor: 16), LayoutSpec(context: 2),
        ] {
            let work = Paper.work(layout, globalBatch: 64, accelerators: 32)
            #expect(stepTime(work, on: fast, Paper.constants).total <= Paper.time(work).total)
        }
    }

    @Test func `a gang on two kinds of nodes computes as the slower and fits as the smaller`() throws {
        func group(_ name: String, _ nodes: Int, peak: Double, memory: Int64) -> NodeGroup {
            NodeGroup(
                nodes: (0..<nodes).map { NodeID("\(name)\($0)") },
                accelerator: Accelerator(
                    name: name, peakFP32: peak, peakHalf: peak, memory: ByteCount(memory), memoryBandwidth: 1e12),
                acceleratorsPerNode: 8, workersPerAccelerator: 1, dollarsPerHour: peak / 1e12, watts: 100)
        }
        let cluster = Cluster(
            name: "mixed", groups: [group("new", 2, peak: 3e12, memory: 90), group("old", 2, peak: 1e12, memory: 100)],
            network: [
                NetworkLevel(name: "links", scope: .node, bandwidth: 1e11),
                NetworkLevel(name: "net", scope: .all, bandwidth: 1e10),
            ])
        #expect(try cluster.machine(.bf16, nodes: 2).peak == 3e12)
        let both = try cluster.machine(.bf16, nodes: 3)
        #expect(both.peak == 1e12 && both.memory == 90)
        #expect(cluster.dollarsPerHour(of: 3) == 7 && cluster.watts(of: 3) == 300)
    }

    @Test func `the slowest machine delays what is computed and nothing else`() {
        let work = Paper.work()
        let slow = stepTime(work, on: Paper.machine, Paper.constants, straggler: 0.1)
        #expect(Paper.isNear(slow.straggler, 0.1 * Paper.time(work).compute))
    }

    @Test func `ranked layouts fit, are in order and are not the same twice`() {
        var work = Paper.work(globalBatch: 64, accelerators: 32)
        work.model.layers = 8
        let ranked = rankedLayouts(work, steps: 1, on: Paper.machine, Paper.constants, count: 5)
        #expect(ranked.count == 5)
        #expect(ranked.allSatisfy { $0.fits && 32 % $0.work.layout.modelRanks == 0 })
        #expect(zip(ranked, ranked.dropFirst()).allSatisfy { $0.time.total <= $1.time.total })
        let degrees = Set(ranked.map { [$0.work.layout.tensor, $0.work.layout.pipeline] })
        #expect(degrees.count == ranked.count)
    }
}
