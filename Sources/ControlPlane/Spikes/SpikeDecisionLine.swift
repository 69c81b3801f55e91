// Decisions about the loss as record lines and back; see EventLine.swift.

import Primitives

extension SpikeDecision {
    func add(to line: Line) -> Line {
        let line: Line =
            switch verdict {
            case .outlier(let batch, let worst):
                line.with("verdict", "outlier").with("batch", batch).with("worst", worst)
            case .recompute: line.with("verdict", "recompute")
            case .hardware(let rank): line.with("verdict", "hardware").with("rank", rank)
            case .wait(let until): line.with("verdict", "wait").with("until", until)
            case .harmless(let rise, let isHealed):
                line.with("verdict", "harmless").with("rise", rise).with("healed", isHealed)
            case .rollBack(let to, let batches, let scale, let attempt):
                line.with("verdict", "roll-back").with("to", to).with("batches", batches).with("lr-scale", scale)
                    .with("attempt", attempt)
            case .giveUp(let attempts): line.with("verdict", "give-up").with("attempts", attempts)
            case .pin(let step): line.with("verdict", "pin").with("checkpoint", step)
            }
        let dry = isDry ? line.with("dry", true) : line
        return alarm.add(to: outlook.map { $0.add(to: dry) } ?? dry)
    }

    init(_ line: Line) throws(LineError) {
        let verdict: Verdict
        switch line["verdict"] {
        case "outlier":
            verdict = .outlier(batch: try line.read("batch"), worst: try line.readIfPresent("worst"))
        case "recompute": verdict = .recompute
        case "hardware": verdict = .hardware(rank: try line.readIfPresent("rank"))
        case "wait": verdict = .wait(until: try line.read("until"))
        case "harmless": verdict = .harmless(rise: try line.read("rise"), isHealed: try line.read("healed"))
        case "roll-back":
            verdict = .rollBack(
                to: try line.read("to"), batches: try line.readIfPresent("batches"),
                rateScale: try line.readIfPresent("lr-scale"), attempt: try line.read("attempt"))
        case "give-up": verdict = .giveUp(attempts: try line.read("attempts"))
        case "pin": verdict = .pin(step: try line.readIfPresent("checkpoint"))
        default: throw LineError(line: line.text, problem: "the verdict is unknown")
        }
        self.init(
            verdict, because: try SpikeAlarm(line), isDry: try line.readIfPresent("dry") ?? false,
            outlook: line["rising"] == nil ? nil : try SpikeOutlook(line))
    }
}

extension SpikeOutlook {
    func add(to line: Line) -> Line {
        line.with("rising", rise).with("falling", fall).with("remaining", remaining).with("healed-at", healed)
    }

    init(_ line: Line) throws(LineError) {
        self.init(
            rise: try line.read("rising"), fall: try line.read("falling"), remaining: try line.read("remaining"),
            healed: try line.read("healed-at"))
    }
}
