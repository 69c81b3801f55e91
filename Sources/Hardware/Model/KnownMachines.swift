// The machines of published tables, and the constants fitted to them. Figures of accelerators are their makers' dense
// peaks, bandwidths and links; a node has eight. Refuses prices and everything that a cluster file says better.

import Jobs

extension Machine {
    private static let gigabyte = 1e9
    private static let gibibyte = Double(0x1p30)

    /// Name, dense peak in 16 bits, memory, bandwidth, links inside a node, network: FLOP a second, GiB, GB a second and
    /// piece. Memory is sold in GiB that are called GB; these are what PyTorch reports that a driver leaves of it.
    private static let known:
        [(name: String, peak: Double, memory: Double, bandwidth: Double, node: Double, net: Double)] = [
            ("V100-SXM2-32GB", 125e12, 31.7, 900, 150, 12.5), ("A100-40GB", 312e12, 39.4, 1_555, 300, 25),
            ("A100-80GB", 312e12, 79.1, 2_000, 300, 25), ("H100-SXM", 989e12, 79.1, 3_350, 450, 50),
            ("H800", 989e12, 79.1, 3_350, 200, 50), ("H200-SXM", 989e12, 139.8, 4_800, 450, 50),
            ("B200-SXM", 2_250e12, 178.3, 8_000, 900, 50),
        ]

    /// The names that `published` knows.
    public static var publishedNames: String { known.map(\.name).joined(separator: ", ") }

    /// Nodes of eight of the accelerator that tables call `name`; nil for one that is not known.
    public static func published(_ name: String, _ precision: Precision) -> Machine? {
        guard let found = known.first(where: { $0.name == name }) else { return nil }
        return Machine(
            peak: found.peak * (precision == .fp8 ? 2 : 1), memory: found.memory * gibibyte,
            memoryBandwidth: found.bandwidth * gigabyte, perNode: 8, nodeBandwidth: found.node * gigabyte,
            networkBandwidth: found.net * gigabyte)
    }
}

extension SoftwareConstants {
    /// Constants by the name a job file's `software` gives them. Fitted by `understudy calibrate` to the rows marked
    /// `fit` of docs/reference/step_times.csv; docs/scoreboard.md has their errors on the others.
    public static let known: [(name: String, tables: [String], constants: SoftwareConstants)] = [
        (
            "megatron-2021", ["sc21_table1", "sc21_table2", "sequence_parallelism", "megascale", "mt_nlg"],
            SoftwareConstants(
                gemm: 0.7594, attention: 0.5475, elementwise: 1.7767, nodeLinks: 0.5182, network: 1, launch: 0.000498,
                fixed: 0.0244, overlap: 0.4999)
        ),
        (
            "megatron-deepspeed", ["vtrain_multi", "vtrain_single", "bloom"],
            SoftwareConstants(
                gemm: 0.8548, attention: 0.4044, elementwise: 2.2707, nodeLinks: 0.6377, network: 0.8858,
                launch: 0.000860, fixed: 0.00463, overlap: 0.4768)
        ),
        (
            "megatron-core", ["megatron_core_h100", "llama3_8k", "llama3_16k", "megatron_bridge"],
            SoftwareConstants(
                gemm: 0.6498, attention: 0.2421, elementwise: 0.8574, nodeLinks: 1, network: 0.3699, launch: 0.000499,
                fixed: 0.00333, overlap: 0.9986)
        ),
    ]

    /// The constants called `name`; nil for a name that is not known.
    public static func named(_ name: String) -> SoftwareConstants? { known.first { $0.name == name }?.constants }

    /// What a job that names no software is computed with: the newest stack for accelerators with the peak of an H100
    /// and above, the older one below.
    public static func usual(for machine: Machine) -> (name: String, constants: SoftwareConstants) {
        let name = machine.peak >= 700e12 ? "megatron-core" : "megatron-2021"
        return (name, named(name)!)
    }
}
