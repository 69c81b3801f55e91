// The Standard Workload Format: 18 numbers a line, comments after `;`, -1 for unknown (Feitelson's Parallel Workloads
// Archive). Its processors are this project's GPUs. Refuses the header's variables: a trace does not choose the cluster.

import Primitives

/// Reads the SWF log in `bytes`.
func readSWF(_ bytes: [UInt8], into collector: inout TraceCollector) {
    var lines = TraceLines(bytes)
    while let row = lines.next(separator: 32) {
        if row.bytes[row.fields[0].lowerBound] == UInt8(ascii: ";") { continue }
        guard row.fields.count == 18 else {
            collector.report(row.line, "\(row.fields.count) fields where the format has 18")
            continue
        }
        var values: [Double] = []
        for index in row.fields.indices {
            guard let value = row.number(index) else { break }
            values.append(value)
        }
        guard values.count == 18 else {
            collector.report(
                row.line, "field \(values.count + 1) is \"\(row.text(values.count).prefix(60))\", not a number")
            continue
        }
        // Fields from 1: job 1, submission 2, run time 4, processors got 5 and asked for 8, time asked for 9, user 12.
        let processors = values[7] > 0 ? values[7] : values[4]
        guard processors > 0 else {
            collector.leaveOut("jobs without processors")
            continue
        }
        guard processors <= 1e9, processors == processors.rounded() else {
            collector.report(row.line, "\(processors) is no number of processors")
            continue
        }
        guard values[3] >= 0 else {
            collector.leaveOut("jobs that never ran")
            continue
        }
        collector.add(
            name: row.text(0), submitted: values[1], duration: values[3], gpus: Int(processors), team: row.text(11),
            line: row.line, extras: TraceExtras(estimate: values[8] > 0 ? values[8] : nil))
    }
}
