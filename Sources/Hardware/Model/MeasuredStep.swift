// Published measurements as values: what was run, what was seen, and what the model says of it. Where a table leaves out
// the micro-batch or the pieces of a stage, the fastest choice that fits in memory stands in, because that is what their
// authors looked for. Refuses to read files.

import Jobs

/// One measured configuration.
public struct MeasuredStep: Equatable, Sendable {
    /// Its name in the table.
    public var id: String
    /// The table it is from.
    public var table: String
    /// What was run. Where `choosesMicroBatch` or `choosesStages` holds, that part of it is a stand-in.
    public var work: Workload
    /// Where it was run.
    public var machine: Machine
    /// Seconds an iteration took.
    public var seconds: Double
    /// Whether the table does not say the micro-batch.
    public var choosesMicroBatch: Bool
    /// Whether the table does not say the pieces of a stage.
    public var choosesStages: Bool

    /// A measurement from its parts.
    public init(
        id: String, table: String, work: Workload, machine: Machine, seconds: Double, choosesMicroBatch: Bool,
        choosesStages: Bool
    ) {
        self.id = id
        self.table = table
        self.work = work
        self.machine = machine
        self.seconds = seconds
        self.choosesMicroBatch = choosesMicroBatch
        self.choosesStages = choosesStages
    }

    /// What may have been run: every stand-in that divides the batch and the stages, smallest first; those that fit in
    /// memory, or all where none does: the run did fit, so the allowance for fragments is not held against it.
    public var candidates: [Workload] {
        let perRank = max(1, work.globalBatch / work.dataRanks)
        let sizes = [1, 2, 4, 8, 16, 32].filter { perRank % $0 == 0 }
        let pieces = (1...max(1, min(8, work.layersPerStage))).filter { work.layersPerStage % $0 == 0 }
        var all: [Workload] = []
        for size in choosesMicroBatch && !sizes.isEmpty ? sizes : [work.microBatch] {
            for piece in choosesStages && work.layout.pipeline > 1 ? pieces : [work.layout.virtualStages] {
                var candidate = work
                candidate.microBatch = size
                candidate.layout.virtualStages = piece
                all.append(candidate)
            }
        }
        let fitting = all.filter { work in
            let use = memoryUse(work)
            return use.total - use.allowance <= machine.memory
        }
        return fitting.isEmpty ? all : fitting
    }

    /// Seconds the model gives it: of its fastest candidate.
    public func predicted(_ constants: SoftwareConstants) -> Double {
        candidates.map { stepTime($0, on: machine, constants).total }.min() ?? .infinity
    }
}

/// How far predictions are from measurements.
public struct FitError: Equatable, Sendable {
    /// Measurements compared.
    public var count: Int
    /// The mean of |predicted / measured - 1|.
    public var mean: Double
    /// The largest of them.
    public var worst: Double
    /// The measurement with the largest.
    public var worstID: String

    /// The errors of `constants` on `measurements`.
    public init(_ measurements: [MeasuredStep], _ constants: SoftwareConstants) {
        let errors = measurements.map { abs($0.predicted(constants) / $0.seconds - 1) }
        count = errors.count
        mean = errors.isEmpty ? 0 : errors.reduce(0, +) / Double(errors.count)
        let index = errors.indices.max { errors[$0] < errors[$1] }
        worst = index.map { errors[$0] } ?? 0
        worstID = index.map { measurements[$0].id } ?? ""
    }
}
