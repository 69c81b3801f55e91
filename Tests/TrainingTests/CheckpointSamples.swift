// States and stores that the checkpoints' tests begin with.

import Foundation
import Jobs
import Primitives

@testable import Training

/// Small models whose every tensor has another size.
enum Sample {
    static let shape = ModelShape(layers: 2, width: 8, heads: 2, contextLength: 5, vocabularySize: 11)
    static let run = RunID("sample-0001")

    /// A state of reproducible numbers of every exponent, NaNs included: a checkpoint moves bits, not numbers.
    static func state(_ seed: UInt64, _ shape: ModelShape = shape) -> TrainingState {
        let state = TrainingState(shape)
        var random = RandomStream(seed: seed, named: "tests/checkpoint")
        for buffer in [state.parameters, state.mean, state.square] {
            for i in 0..<buffer.count { buffer.base[i] = Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
        }
        return state
    }

    static func progress(_ step: Int, generation: Int = 1) -> CheckpointProgress {
        CheckpointProgress(
            run: run, generation: Generation(generation), step: step, seed: .max, microBatches: 8,
            numerics: "openblas 0.3.21 \"Haswell\"", detectors: ["spike": "a\nb", "mean": "1"])
    }

    static func store(_ folder: TemporaryFolder, calls: DiskCalls = .unsynced) -> CheckpointStore {
        CheckpointStore(directory: folder.path + "/checkpoints", run: run, calls: calls)
    }

    static func same(_ a: TrainingState, _ b: TrainingState) -> Bool {
        zip([a.parameters, a.mean, a.square], [b.parameters, b.mean, b.square]).allSatisfy { a, b in
            a.count == b.count && memcmp(a.base, b.base, 4 * a.count) == 0
        }
    }
}

extension DiskCalls {
    /// The machine's calls without fsync, whose effect only a power cut shows: hundreds of them would take seconds.
    static let unsynced = DiskCalls(write: system.write, sync: { _ in 0 }, rename: system.rename)
}

extension CheckpointStore {
    /// Writes the state of `seed` as step `step`.
    @discardableResult
    func write(
        _ seed: UInt64, step: Int, generation: Int = 1, incarnation: Int = 1
    ) throws(CheckpointError) -> CheckpointReceipt {
        try write(
            Sample.state(seed), shape: Sample.shape, progress: Sample.progress(step, generation: generation),
            incarnation: Incarnation(incarnation))
    }

    /// The error of `verify`, if it has one.
    func damage(step: Int) -> CheckpointError? {
        do throws(CheckpointError) {
            try verify(step: step)
            return nil
        } catch { return error }
    }
}
