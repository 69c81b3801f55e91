// A job's policy against loss spikes as one value of a record line: the numbers in the order of the job file's keys. The
// journal must hold all of them, because its decisions are replayed. Refuses names: the job file beside it has them.

import Jobs
import Primitives

extension LossSpikeSpec: LineValue {
    /// `rollback;128;64;4.0;1.0;12.0;6.0;6.0;20;50;2.0;0.01;100;100;1000;0.75;0.5;hold=0.0;least=20`. Keys that came
    /// later are at the end, with their names.
    public var lineText: String {
        let wholes = [detector.window, detector.armedAfter].map(\.lineText)
        let decimals = [
            detector.clip, detector.allowance, detector.threshold, detector.freezeSum, detector.freezeDeviation,
        ].map(\.lineText)
        let rest = [
            "\(detector.driftAfter)", "\(wait)", healedDeviation.lineText, benignShift.lineText, "\(back)",
            "\(skipBeyond)", "\(againWithin)",
        ]
        let late = ["hold=\(detector.holdSum.lineText)", "least=\(waitAtLeast)"]
        return ([action.rawValue] + wholes + decimals + rest + rateScales.map(\.lineText) + late)
            .joined(separator: ";")
    }

    /// Reads what `lineText` wrote. A journal that was written before a key existed is replayed as it was lived: nothing
    /// held back below `freeze_sum`, and no wait ended early.
    public init?(lineText: String) {
        let all = lineText.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        let items = Array(all.prefix { !$0.contains("=") })
        var late: [String: String] = [:]  // Asked only.
        for item in all.dropFirst(items.count) {
            let parts = item.split(separator: "=").map(String.init)
            guard parts.count == 2, ["hold", "least"].contains(parts[0]) else { return nil }
            late[parts[0]] = parts[1]
        }
        let numbers = items.dropFirst().compactMap(Double.init(lineText:))
        let wholes = items.map(Int.init(lineText:))
        guard items.count >= 15, numbers.count == items.count - 1, let action = Action(rawValue: items[0]),
            let window = wholes[1], let armedAfter = wholes[2], let driftAfter = wholes[8], let wait = wholes[9],
            let back = wholes[12], let skipBeyond = wholes[13], let againWithin = wholes[14],
            let holdSum = late["hold"].map(Double.init(lineText:)) ?? numbers[5],
            let waitAtLeast = late["least"].map(Int.init(lineText:)) ?? wait
        else { return nil }
        self.init(
            action: action,
            detector: SpikeDetectorSpec(
                window: window, armedAfter: armedAfter, clip: numbers[2], allowance: numbers[3], threshold: numbers[4],
                holdSum: holdSum, freezeSum: numbers[5], freezeDeviation: numbers[6], driftAfter: driftAfter),
            wait: wait, waitAtLeast: waitAtLeast, healedDeviation: numbers[9], benignShift: numbers[10], back: back,
            skipBeyond: skipBeyond,
            againWithin: againWithin, rateScales: Array(numbers.dropFirst(14)))
    }
}
