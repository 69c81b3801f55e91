// Several runs beside each other: how far each came, how well, what it cost. Refuses to rank them; which column matters is
// the reader's question.

import ControlPlane
import Journaling
import Primitives

/// The document of several runs' figures.
public struct ComparisonDocument: Equatable, Sendable, Codable {
    /// One run.
    public struct Entry: Equatable, Sendable, Codable {
        /// Its name.
        public var run: String
        /// What it is doing.
        public var state: RunState
        /// The last step that counts.
        public var step: Int
        /// Tokens of the steps that count.
        public var tokens: Int
        /// Its last training loss, in nats a token.
        public var loss: Double?
        /// Its last validation loss, in nats a token.
        public var validation_loss: Double?
        /// Tokens a second over productive time.
        public var tokens_per_second: Double?
        /// Effective training time ratio.
        public var effective_training_time_ratio: Double?
        /// Interruptions and failures.
        public var incidents: Int
        /// Steps that were done again.
        public var lost_steps: Int
        /// From submission to its last record.
        public var elapsed_ns: Int64
        /// Workers times elapsed time, in hours of one accelerator each.
        public var accelerator_hours: Double
        /// What those cost at its own cluster's price; left out where that is not known or nothing.
        public var usd: Double?
        /// The SHA-256 of its newest checkpoint's weights.
        public var weights_sha256: String?

        init(_ source: RunSource) {
            let history = source.history
            run = source.name
            state = source.state
            step = history.committed
            tokens = history.tokens
            loss = history.lastStep?.loss
            validation_loss = history.lastEvaluation?.loss
            tokens_per_second = history.productiveTokensPerSecond
            effective_training_time_ratio = history.ledger.effectiveTrainingTimeRatio
            incidents = history.incidents.count
            lost_steps = history.incidents.reduce(0) { $0 + $1.lostSteps }
            elapsed_ns = history.ledger.elapsed.nanoseconds
            accelerator_hours = Double(history.plan?.workers ?? 0) * history.ledger.elapsed.seconds / 3_600
            let price = source.dollarsPerWorkerHour ?? 0
            usd = price > 0 ? accelerator_hours * price : nil
            weights_sha256 = history.coordinator.run?.checkpoints.last?.weightsSHA256
        }
    }

    /// `understudy/comparison/v1`.
    public var schema = DocumentSchema.comparison
    /// The runs, in the order they were named.
    public var runs: [Entry]

    /// The document of `sources`.
    public init(_ sources: [RunSource]) { runs = sources.map(Entry.init) }
}

/// `document` as a table, a row a run.
public func comparisonLines(_ document: ComparisonDocument, width: Int? = nil, style: Style = .plain) -> [String] {
    var table = Table([
        .left("RUN"), .left("STATE"), .right("STEP"), .right("TOKENS"), .right("LOSS"), .right("VALIDATION"),
        .right("TOKENS/S"), .right("ETTR"), .right("INCIDENTS"), .right("LOST STEPS"), .right("ELAPSED"),
        .right("GPU-HOURS"), .right("USD"), .left("WEIGHTS"),
    ])
    for run in document.runs {
        table.add(
            [
                run.run, run.state.rawValue, "\(run.step)", compact(run.tokens), run.loss.map { fixed($0, 4) } ?? "-",
                run.validation_loss.map { fixed($0, 4) } ?? "-", run.tokens_per_second.map(compact) ?? "-",
                run.effective_training_time_ratio.map(percent) ?? "-", "\(run.incidents)", "\(run.lost_steps)",
                "\(TimeSpan(nanoseconds: run.elapsed_ns))",
                fixed(run.accelerator_hours, run.accelerator_hours < 10 ? 3 : 1),
                run.usd.map { fixed($0, 2) } ?? "-", run.weights_sha256.map { String($0.prefix(12)) } ?? "-",
            ], emphasis: run.state.emphasis)
    }
    return table.lines(width: width, style: style)
}
