// Figures of runs for a monitoring system, in Prometheus' text format 0.0.4 and in OpenMetrics 1.0: base units, counters
// that end in _total, HELP and TYPE on all. Refuses rates and averages, which the monitoring system makes of counters.

import ControlPlane
import Journaling
import Primitives

/// A text form of metrics.
public enum MetricsFormat: Equatable, Sendable {
    /// Prometheus' own, version 0.0.4.
    case prometheus
    /// OpenMetrics 1.0 (RFC draft-richih-opsawg-openmetrics-00): families are named without _total, units have a line,
    /// and the text ends with a mark, so that a cut is noticed.
    case openMetrics

    /// The media type that an answer in this form bears.
    public var mediaType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The form to answer in, given what a request's Accept says.
    public init(accepted: String?) {
        self = accepted?.contains("application/openmetrics-text") ?? false ? .openMetrics : .prometheus
    }
}

/// One family of samples.
private struct MetricFamily {
    var name: String
    var kind: String
    var help: String
    var samples: [(labels: [(String, String)], value: Double)] = []

    func text(_ format: MetricsFormat) -> String {
        let total = "_total"
        let family = format == .openMetrics && name.hasSuffix(total) ? String(name.dropLast(total.count)) : name
        var head = "# HELP \(family) \(help)\n# TYPE \(family) \(kind)\n"
        let units = ["seconds", "bytes", "nats", "ratio"]
        if format == .openMetrics, let unit = units.first(where: { family.hasSuffix("_" + $0) }) {
            head += "# UNIT \(family) \(unit)\n"
        }
        return head
            + samples.map { sample in
                let labels = sample.labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
                return "\(name){\(labels)} \(number(sample.value))\n"
            }.joined()
    }

    private func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private func number(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)"
    }
}

/// The figures of `runs` for a monitoring system; one that cannot be read, or is long over and kept, is left out.
public func metricsText(_ runs: [ListedRun], format: MetricsFormat = .prometheus) -> String {
    let sources = runs.compactMap { run in if case .read(let source) = run { source } else { nil } }
    func family(
        _ name: String, _ kind: String, _ help: String,
        _ values: (RunSource) -> [(labels: [(String, String)], value: Double)]
    ) -> String {
        let samples = sources.flatMap { source in
            values(source).map { (labels: [("run", source.name)] + $0.labels, value: $0.value) }
        }
        return MetricFamily(name: "understudy_" + name, kind: kind, help: help, samples: samples).text(format)
    }
    func one(_ value: Double?) -> [(labels: [(String, String)], value: Double)] { value.map { [([], $0)] } ?? [] }
    return [
        family("run_info", "gauge", "A run and its state; always 1.") { [([("state", $0.state.rawValue)], 1)] },
        family("run_workers", "gauge", "Workers the run holds.") { one($0.history.plan.map { Double($0.workers) }) },
        family("run_committed_steps", "gauge", "Steps that count; falls when a run goes back.") {
            one(Double($0.history.committed))
        },
        family("run_planned_steps", "gauge", "Steps until the run is complete.") {
            one($0.history.plan.map { Double($0.steps) })
        },
        family("run_training_loss_nats", "gauge", "The last training loss that counts, in nats a token.") {
            one($0.history.lastStep?.loss)
        },
        family("run_validation_loss_nats", "gauge", "The last validation loss that counts, in nats a token.") {
            one($0.history.lastEvaluation?.loss)
        },
        family("run_effective_training_time_ratio", "gauge", "Productive time over elapsed time, queueing left out.") {
            one($0.history.ledger.effectiveTrainingTimeRatio)
        },
        family("run_tokens_total", "counter", "Tokens of all steps ever committed, also of those done again.") {
            one(Double($0.history.steps.reduce(0) { $0 + $1.tokens * $1.stepsCovered }))
        },
        family("run_incidents_total", "counter", "Incidents.") { one(Double($0.history.incidents.count)) },
        family("run_lost_steps_total", "counter", "Committed steps that had to be done again.") {
            one(Double($0.history.incidents.reduce(0) { $0 + $1.lostSteps }))
        },
        family("run_checkpoint_bytes_total", "counter", "Bytes of checkpoints that became durable.") {
            one(Double($0.history.checkpoints.reduce(0) { $0 + $1.size.bytes }))
        },
        family(
            "run_time_seconds_total", "counter", "Time by what it was spent on; the items add up to the elapsed time."
        ) {
            source in
            LedgerItem.allCases.map { ([("item", $0.rawValue)], source.history.ledger[$0].seconds) }
        },
        family("run_incident_time_seconds_total", "counter", "The part of that time that incidents caused.") { source in
            LedgerItem.allCases.filter { $0 != .productive && $0 != .queued }.map { item in
                let caused = source.history.ledger[item] - source.history.outsideIncidents[item]
                return ([("item", item.rawValue)], caused.seconds)
            }
        },
    ].joined() + (format == .openMetrics ? "# EOF\n" : "")
}
