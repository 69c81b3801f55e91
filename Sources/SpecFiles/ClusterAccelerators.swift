// The section `gpus` of a cluster file: what each type of accelerator can do. The file's key is `gpus` as in Slurm and
// elsewhere; a processor core can stand there too. Refuses vendors' tables: a number comes from the file or not at all.

import Hardware

/// The accelerators that a cluster file describes.
struct ClusterAccelerators {
    /// In the file's order.
    let all: [Accelerator]

    init(_ top: Section) {
        all = top.namedSections("gpus", example: "{cpu-core: {peak: {fp32: 240GFLOPs}, memory: 4GB}}").map {
            name, section in
            let peak = section.section("peak", isRequired: true, example: "{fp32: 240GFLOPs}")
            return Accelerator(
                name: name, peakFP32: peak.rate("fp32").value, peakHalf: peak.rateIfGiven("bf16"),
                peakFP8: peak.rateIfGiven("fp8"), memory: section.size("memory").value,
                memoryBandwidth: section.has("memory_bandwidth") ? section.bandwidth("memory_bandwidth").value : nil,
                sustained: section.rateIfGiven("sustained"))
        }
    }
}
