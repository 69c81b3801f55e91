// One item of a job file's `inject`: a fault at a moment, `{at: step=120, fail: rank 2, kind: stop, for: 3s}`, or faults
// at random ones, `{random: {mtbf: 20 steps, kinds: [kill, stop], seed: 7}}`. Refuses to know whether a fault can strike;
// JobChecks does.

import Jobs
import Primitives

/// The values of one item.
struct InjectionFields {
    /// The fault; harmless where the item is unsound. Nil for a random process.
    let fault: Field<Injection>?
    /// The random process; nil for a fault at a moment.
    let process: Field<InjectionProcess>?
    /// The item as a whole.
    let place: Place
    /// The victim by itself, for checks that need no more.
    let victim: Field<Injection.Victim>?
    /// Where the moment and the victim stand.
    let places: (moment: Place?, victim: Place?)

    init(_ section: Section) {
        place = section.place
        if section.entry("random") != nil {
            process = InjectionFields.process(
                section.section("random", isRequired: true, example: "{mtbf: 20 steps, kinds: [kill]}"))
            fault = nil
            victim = nil
            places = (nil, nil)
            for key in ["at", "fail", "kind", "for"] {
                guard let entry = section.entry(key) else { continue }
                section.reading.report(
                    .badForm, "`\(section.dotted(key))` does not go with `random`", at: entry.keyPlace,
                    hint: "the random process chooses; its own keys are mtbf, kinds, for and seed")
            }
            return
        }
        process = nil
        let moment = InjectionFields.moment(section)
        let kind = InjectionFields.kind(section)
        let victim = InjectionFields.victim(section, isRequired: !kind.value.isOfCheckpoints)
        let duration = InjectionFields.duration(section, kind)
        places = (moment.place, victim.place ?? kind.place)
        let injection = Injection(
            moment.value, victim.value, kind.value, for: duration.place.map { _ in duration.value })
        self.victim = victim
        let isSound = moment.isSound && kind.isSound && victim.isSound && duration.isSound
        fault = Field(key: section.name, value: injection, place: section.place, isSound: isSound)
    }

    private static func moment(_ section: Section) -> Field<Injection.Moment> {
        section.scalar(
            "at", fallback: .step(1), isRequired: true, wanted: "a step or a time", example: "step=120"
        ) { scalar in
            if let moment = Injection.Moment(stepText: scalar.text) { return moment }
            if Number.parse(scalar.text) == nil, let span = section.span(scalar, isQuiet: true) {
                return .elapsed(span)
            }
            let number = Number.parseWhole(scalar.text).map { "write `step=\($0)`, or a time with its unit" }
            section.reading.report(
                .badForm, "`\(scalar.key)` must name a step or a time, not `\(scalar.text)`", at: scalar.place,
                hint: number ?? "for example `step=120` or `30s`")
            return nil
        }
    }

    private static func victim(_ section: Section, isRequired: Bool) -> Field<Injection.Victim> {
        section.scalar(
            "fail", fallback: .checkpoint, isRequired: isRequired, wanted: "a victim", example: "rank 2"
        ) { scalar in
            if let victim = Injection.Victim(text: scalar.text) { return victim }
            section.reading.report(
                .badForm, "`\(scalar.key)` names no victim: `\(scalar.text)`", at: scalar.place,
                hint: "for example: \(Injection.Victim.vocabulary)")
            return nil
        }
    }

    private static func kind(_ section: Section) -> Field<Injection.Fault> {
        section.scalar("kind", fallback: .kill, isRequired: true, wanted: "a kind of fault", example: "kill") {
            fault($0, section)
        }
    }

    private static func fault(_ scalar: Scalar, _ section: Section) -> Injection.Fault? {
        if let fault = Injection.Fault(text: scalar.text) { return fault }
        let allowed = "allowed: " + Injection.Fault.vocabulary.joined(separator: ", ")
        let near = Suggestion.nearest(to: scalar.text, among: Injection.Fault.vocabulary)
        section.reading.report(
            .unknownValue, "`\(scalar.key)` cannot be `\(scalar.text)`", at: scalar.place,
            hint: near.map { "did you mean `\($0)`? \(allowed)" } ?? allowed)
        return nil
    }

    private static func duration(_ section: Section, _ kind: Field<Injection.Fault>) -> Field<TimeSpan> {
        let duration = section.time("for", atLeast: .milliseconds(1), default: Injection.standardDuration)
        if let place = duration.place, kind.isSound, !kind.value.lasts {
            section.reading.report(
                .badForm, "`\(duration.key)` does not go with `\(kind.value.text)`", at: place,
                hint: "it is done when it has struck; remove `for`")
        }
        return duration
    }

    private static func process(_ section: Section) -> Field<InjectionProcess> {
        let mean = section.stepsOrTime(
            "mtbf", default: nil, example: "20 steps", steps: { InjectionProcess.Mean.steps($0) }, time: { .time($0) })
        let kinds = section.list("kinds", isRequired: true, example: "[kill, stop]")
        let faults = kinds.value.enumerated().compactMap { index, node -> Injection.Fault? in
            let key = "\(kinds.key)[\(index)]"
            guard case .scalar(let text, let isQuoted) = node.content else {
                section.reading.report(.wrongType, "`\(key)` must be a kind, not \(node.noun)", at: node.place)
                return nil
            }
            return fault(Scalar(key: key, text: text, isQuoted: isQuoted, place: node.place), section)
        }
        if kinds.isSound, kinds.value.isEmpty, let place = kinds.place {
            section.reading.report(
                .badForm, "`\(kinds.key)` is empty", at: place, hint: "for example `kinds: [kill]`")
        }
        let duration = section.time("for", atLeast: .milliseconds(1), default: Injection.standardDuration)
        let seed = section.seed("seed", default: 1)
        return Field(
            key: section.name,
            value: InjectionProcess(
                mean: mean.value, faults: faults.isEmpty ? [.kill] : faults, duration: duration.value, seed: seed.value),
            place: section.place, isSound: mean.isSound && kinds.isSound && !faults.isEmpty)
    }
}
