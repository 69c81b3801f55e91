// Memory, part by part, against values worked out by hand. Refuses the allowance, which is a judgement.

import Hardware
import Jobs
import Testing

@Suite("Memory") struct MemoryTests {
    /// s·b·h of a micro-batch of the paper model.
    private let unit = 64.0 * 2 * 256
    private let parameters = Double(4 * 12 * 256 * 256 + 100 * 256)

    @Test func `states are 2, 4 and 12 bytes a parameter, shared as ZeRO says`() {
        for stage in 0...3 {
            let work = Paper.work(LayoutSpec(zeroStage: stage), accelerators: 4)
            let memory = memoryUse(work)
            #expect(memory.parameters == 2 * parameters / (stage >= 3 ? 4 : 1))
            #expect(memory.gradients == 4 * parameters / (stage >= 2 ? 4 : 1))
            #expect(memory.optimizer == 12 * parameters / (stage >= 1 ? 4 : 1))
        }
    }

    @Test func `activations are those of Korthikanti's formulas`() {
        // 34 + 5as/h bytes without recomputation, 34 with its selective kind, 2 and one whole block with the full kind.
        let whole = unit * (34 + 5 * 2 * 64 / 256)
        #expect(memoryUse(Paper.work()).activations == 4 * whole)
        #expect(memoryUse(Paper.work(LayoutSpec(recomputation: .selective))).activations == 4 * unit * 34)
        #expect(memoryUse(Paper.work(LayoutSpec(flashAttention: true))).activations == 4 * unit * 34)
        #expect(memoryUse(Paper.work(LayoutSpec(recomputation: .full))).activations == 4 * unit * 2 + whole)
    }

    @Test func `tensor ranks share matrices, and the rest too where the sequence is shared`() {
        let shared = LayoutSpec(tensor: 2, sequenceParallel: true, recomputation: .selective)
        let kept = LayoutSpec(tensor: 2, recomputation: .selective)
        #expect(memoryUse(Paper.work(kept, accelerators: 2)).activations == 4 * unit * (10 + 24 / 2))
        #expect(memoryUse(Paper.work(shared, accelerators: 2)).activations == 4 * unit * 34 / 2)
    }

    @Test func `the first stage holds as many micro-batches as there are stages`() {
        let staged = Paper.work(LayoutSpec(pipeline: 4, recomputation: .selective), accelerators: 4)
        #expect(memoryUse(staged).activations == 4 * unit * 34)
        var few = staged
        few.globalBatch = 4
        #expect(memoryUse(few).activations == 2 * unit * 34)
    }

    @Test func `an interleaved first stage holds 2(p-1) + (v-1)p + 1 pieces, but no more than there are`() {
        var staged = Paper.work(
            LayoutSpec(pipeline: 2, virtualStages: 2, recomputation: .selective), globalBatch: 64, accelerators: 2)
        // Two blocks a stage, one a piece: 2 + 2 + 1 pieces.
        #expect(memoryUse(staged).activations == 5 * unit * 34)
        staged.globalBatch = 4
        #expect(memoryUse(staged).activations == 2 * 2 * unit * 34)
    }

    @Test func `a Llama keeps no dropout masks, and three matrices of its gated feed-forward`() {
        var work = Paper.work(LayoutSpec(flashAttention: true))
        work.model = ModelShape(
            family: .llama, layers: 4, width: 256, heads: 2, keyValueHeads: 1, feedForwardWidth: 512,
            contextLength: 64, vocabularySize: 100)
        // 8 between, queries 2, keys and values 2, attention's output 2, and 3 x 2 x 2 of a feed-forward twice as wide.
        #expect(memoryUse(work).activations == 4 * unit * (8 + 2 + 2 + 2 + 12))
    }

    @Test func `a model of 175 billion parameters does not fit on one accelerator`() {
        var work = Paper.work()
        work.model = ModelShape(layers: 96, width: 12_288, heads: 96, contextLength: 2048, vocabularySize: 50_272)
        let estimate = RunEstimate(work, steps: 1, on: Paper.machine, Paper.constants)
        #expect(!estimate.fits)
        #expect(estimate.memory.total > 18 * 174e9)
    }
}
