// Machines and models whose times can be worked out on paper. Refuses real data sheets: the tables' tests have those.

import Hardware
import Jobs

enum Paper {
    /// Nodes of 8 that compute at 1 TFLOP/s, whose memory is never waited for.
    static let machine = Machine(
        peak: 1e12, memory: 80e9, memoryBandwidth: 1e30, perNode: 8, nodeBandwidth: 100e9, networkBandwidth: 10e9)
    /// Software that reaches everything and hides nothing.
    static let constants = SoftwareConstants(
        gemm: 1, attention: 1, elementwise: 1, nodeLinks: 1, network: 1, launch: 0, fixed: 0, overlap: 0)
    /// A small GPT whose heads are as wide as attention likes.
    static let model = ModelShape(layers: 4, width: 256, heads: 2, contextLength: 64, vocabularySize: 100)

    static func work(
        _ layout: LayoutSpec = LayoutSpec(), microBatch: Int = 2, globalBatch: Int = 16, accelerators: Int = 1
    ) -> Workload {
        Workload(
            model: model, layout: layout, precision: .bf16, microBatch: microBatch, globalBatch: globalBatch,
            accelerators: accelerators)
    }

    static func time(_ work: Workload) -> StepTime { stepTime(work, on: machine, constants) }

    static func isNear(_ value: Double, _ wanted: Double, within share: Double = 1e-9) -> Bool {
        abs(value - wanted) <= share * abs(wanted)
    }
}
