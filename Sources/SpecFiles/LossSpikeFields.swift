// The values under `fault_tolerance.loss_spike`, each checked by itself. Their defaults are LossSpikeSpec's. Refuses to
// compare them with one another; JobChecks does.

import Jobs

/// What a job file says about loss spikes.
struct LossSpikeFields {
    let action: Field<LossSpikeSpec.Action>
    let window: Field<Int>
    let armedAfter: Field<Int>
    let clip: Field<Double>
    let allowance: Field<Double>
    let threshold: Field<Double>
    let holdSum: Field<Double>
    let freezeSum: Field<Double>
    let freezeDeviation: Field<Double>
    let driftAfter: Field<Int>
    let wait: Field<Int>
    let waitAtLeast: Field<Int>
    let healedDeviation: Field<Double>
    let benignShift: Field<Double>
    let back: Field<Int>
    let skipBeyond: Field<Int>
    let againWithin: Field<Int>
    let rateScale: Field<Double>
    let lastRateScale: Field<Double>

    init(_ section: Section) {
        let usual = LossSpikeSpec()
        let detector = usual.detector
        action = section.choice("action", default: usual.action, standIn: usual.action)
        window = section.whole("window", in: 8...100_000, default: detector.window, example: "128")
        armedAfter = section.whole("armed_after", in: 8...100_000, default: detector.armedAfter, example: "64")
        clip = section.decimal("clip", .positive, default: detector.clip, example: "4")
        allowance = section.decimal("allowance", .positive, default: detector.allowance, example: "1")
        threshold = section.decimal("threshold", .positive, default: detector.threshold, example: "12")
        holdSum = section.decimal("hold_sum", .nonNegative, default: detector.holdSum, example: "0")
        freezeSum = section.decimal("freeze_sum", .nonNegative, default: detector.freezeSum, example: "6")
        freezeDeviation = section.decimal("freeze_z", .positive, default: detector.freezeDeviation, example: "6")
        driftAfter = section.whole("drift_after", in: 1...100_000, default: detector.driftAfter, example: "20")
        wait = section.whole("wait", in: 10...1_000_000, default: usual.wait, example: "50")
        waitAtLeast = section.whole(
            "wait_at_least", in: 10...1_000_000, default: usual.waitAtLeast, example: "20")
        healedDeviation = section.decimal("healed_z", .positive, default: usual.healedDeviation, example: "2")
        benignShift = section.decimal("benign_shift", .fraction, default: usual.benignShift, example: "0.01")
        back = section.whole("back", in: 0...1_000_000_000, default: usual.back, example: "100")
        skipBeyond = section.whole("skip_beyond", in: 0...1_000_000_000, default: usual.skipBeyond, example: "100")
        againWithin = section.whole("again_within", in: 1...1_000_000_000, default: usual.againWithin, example: "1000")
        rateScale = section.decimal("lr_scale", .positive, default: usual.rateScales[0], example: "0.75")
        lastRateScale = section.decimal("lr_scale_last", .positive, default: usual.rateScales[1], example: "0.5")
    }

    /// The values together.
    var spec: LossSpikeSpec {
        LossSpikeSpec(
            action: action.value,
            detector: SpikeDetectorSpec(
                window: window.value, armedAfter: armedAfter.value, clip: clip.value, allowance: allowance.value,
                threshold: threshold.value, holdSum: holdSum.value, freezeSum: freezeSum.value,
                freezeDeviation: freezeDeviation.value,
                driftAfter: driftAfter.value),
            wait: wait.value, waitAtLeast: waitAtLeast.value, healedDeviation: healedDeviation.value,
            benignShift: benignShift.value, back: back.value,
            skipBeyond: skipBeyond.value, againWithin: againWithin.value,
            rateScales: [rateScale.value, lastRateScale.value])
    }
}
