// How many floating-point operations an iteration takes, in the two conventions that published figures use. Mixing them
// up is worth a third, so both are always named. Refuses times.

import Jobs
import Primitives

extension Workload {
    /// Model FLOPs of an iteration: forward and backward once, whatever is computed twice. MFU divides by the peak.
    public var modelFLOPs: FLOPCount { FLOPCount(model.modelFLOPsPerToken.count * tokens) }

    /// Hardware FLOPs of an iteration: model FLOPs and what is recomputed. HFU divides by the peak. With everything
    /// recomputed this is Narayanan et al. 2021, equation 3: 96·B·s·l·h²·(1 + s/(6h) + V/(16·l·h)).
    public var hardwareFLOPs: FLOPCount {
        let blocks = 2 * Double(model.layers) * Double(model.blockWeights)
        let attention = model.attentionFLOPsPerToken.count / 3
        switch layout.recomputation {
        case .none: return modelFLOPs
        case .selective: return FLOPCount(modelFLOPs.count + attention * tokens)
        case .full: return FLOPCount(modelFLOPs.count + (blocks + attention) * tokens)
        }
    }
}
