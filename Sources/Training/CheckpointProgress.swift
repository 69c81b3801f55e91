// A checkpoint's state.json: where the run stands, apart from the numbers themselves. Data order is a pure function of
// the seed and the step, so the next step's number is all that the sampler needs. Refuses to hold what the job file
// says: the run's folder has that.

import Foundation
import Jobs
import Primitives

/// Where a run stood when its state was saved.
public struct CheckpointProgress: Equatable, Sendable {
    /// The format of state.json.
    public static let schema = "understudy/state/v1"
    /// The file's name.
    static let name = "state.json"

    /// The run.
    public var run: RunID
    /// The gang that had committed the step.
    public var generation: Generation
    /// Committed steps; the data position is the step after it.
    public var step: Int
    /// The run's seed.
    public var seed: UInt64
    /// Micro-batches in a step: the leaves of its reduction tree.
    public var microBatches: Int
    /// What the arithmetic depended on, `openblas 0.3.21 SkylakeX`: other numerics continue with other bits.
    public var numerics: String
    /// What the detectors of the control plane know, as they wrote it; empty when there are none.
    public var detectors: [String: String]

    /// A position from its parts.
    public init(
        run: RunID, generation: Generation, step: Int, seed: UInt64, microBatches: Int, numerics: String,
        detectors: [String: String] = [:]
    ) {
        self.run = run
        self.generation = generation
        self.step = step
        self.seed = seed
        self.microBatches = microBatches
        self.numerics = numerics
        self.detectors = detectors
    }

    /// The step whose data come next.
    public var nextStep: Int { step + 1 }

    /// The text of state.json.
    var encoded: [UInt8] {
        let detectors = detectors.sorted { $0.key < $1.key }
            .map { "\(JSONText.quoted($0.key)): \(JSONText.quoted($0.value))" }.joined(separator: ", ")
        let text = """
            {
              "schema": "\(CheckpointProgress.schema)",
              "run": \(JSONText.quoted(run.name)),
              "generation": \(generation),
              "step": \(step),
              "next_step": \(nextStep),
              "seed": \(seed),
              "micro_batches": \(microBatches),
              "numerics": \(JSONText.quoted(numerics)),
              "detectors": {\(detectors)}
            }

            """
        return Array(text.utf8)
    }

    /// Reads the text of the state.json at `path`.
    init(_ bytes: [UInt8], path: String) throws(CheckpointError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch {
            throw .damagedFile(path: path, reason: "it is no \(CheckpointProgress.schema): \(error)")
        }
        self.init(
            run: RunID(fields.run), generation: Generation(fields.generation), step: fields.step, seed: fields.seed,
            microBatches: fields.micro_batches, numerics: fields.numerics, detectors: fields.detectors)
        guard fields.next_step == nextStep else {
            throw .inconsistent(path: path, reason: "step \(step) is not followed by step \(fields.next_step)")
        }
    }

    /// The text's fields as JSON has them.
    private struct Fields: Decodable {
        /// The one value that `schema` may have.
        enum Schema: String, Decodable { case first = "understudy/state/v1" }
        var schema: Schema
        var run: String
        var generation: Int
        var step: Int
        var next_step: Int
        var seed: UInt64
        var micro_batches: Int
        var numerics: String
        var detectors: [String: String]
    }
}
