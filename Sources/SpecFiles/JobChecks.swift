// What the values of a job file must be to one another, each rule with the place of the value at fault. A rule is
// skipped when one of its values is already complained about. Refuses what needs a cluster: whether the gang fits.

import Jobs
import Primitives

/// The rules between a job's values.
struct JobChecks {
    let job: JobFields
    let reading: Reading

    /// Reports every broken rule.
    func run() {
        checkGang()
        checkShape()
        LayoutChecks(job: job, reading: reading, workers: workers).run()
        checkSchedule()
        checkData()
        checkTolerance()
        checkLossSpike()
        checkInjections()
        checkCheckpoints()
    }

    /// The number of workers, if it is known.
    private var workers: Int? {
        job.nodes.isSound && job.workersPerNode.isSound && job.nodes.value > 0 && job.workersPerNode.value > 0
            ? job.nodes.value * job.workersPerNode.value : nil
    }

    private func checkGang() {
        for (field, noun) in [(job.nodes, "node"), (job.workersPerNode, "worker on a node")]
        where field.isSound && field.value < 1 {
            guard let place = field.place else { continue }
            reading.report(
                .workers, "0 workers: `\(field.key)` is \(field.value)", at: place,
                hint: "a job needs at least 1 \(noun)")
        }
        let (micro, global) = (job.train.microBatch, job.train.globalBatch)
        guard micro.isSound, global.isSound else { return }
        guard global.value % micro.value == 0 else {
            guard let place = global.place else { return }
            reading.report(
                .batchNotDivisible,
                "global_batch_size \(global.value) is not divisible by micro_batch_size \(micro.value)", at: place,
                hint: "nearest valid: \(Suggestion.multiples(of: micro.value, near: global.value))")
            return
        }
        let microBatches = global.value / micro.value
        guard let workers, job.layout.copies(of: workers) > microBatches else { return }
        guard let place = job.workersPerNode.place ?? job.nodes.place else { return }
        reading.report(
            .gangTooLarge,
            "\(workers) workers, but a step has only \(count(microBatches, "micro-batch", plural: "micro-batches")) "
                + "(global_batch_size \(global.value) / micro_batch_size \(micro.value))", at: place,
            hint: "use at most \(count(microBatches, "worker")), or a global_batch_size of at least "
                + "\(workers * micro.value)")
    }

    private func checkShape() {
        let (width, heads) = (job.model.width, job.model.heads)
        guard width.isSound, heads.isSound, width.value % heads.value != 0, let place = width.place else {
            return checkGroups()
        }
        reading.report(
            .widthNotDivisible, "n_embd \(width.value) is not divisible by n_head \(heads.value)", at: place,
            hint: "nearest valid: \(Suggestion.multiples(of: heads.value, near: width.value))")
    }

    private func checkGroups() {
        let (heads, groups) = (job.model.heads, job.model.keyValueHeads)
        guard heads.isSound, groups.isSound, heads.value % groups.value != 0, let place = groups.place else { return }
        reading.report(
            .widthNotDivisible, "n_head \(heads.value) is not divisible by num_key_value_heads \(groups.value)",
            at: place, hint: "every group of heads shares one key and one value")
    }

    private func checkSchedule() {
        let train = job.train
        if train.warmupSteps.isSound, train.steps.isSound, train.warmupSteps.value >= train.steps.value {
            complain(
                .schedule, [train.warmupSteps, train.steps],
                "lr_warmup_iters \(train.warmupSteps.value) is not below train_iters \(train.steps.value)",
                hint: "the warm-up must end before the run does")
        }
        if train.minimum.isSound, train.peak.isSound, train.minimum.value > train.peak.value {
            complain(
                .schedule, [train.minimum, train.peak],
                "min_lr \(train.minimum.value) is above lr \(train.peak.value)",
                hint: "without min_lr it is lr / 10")
        }
        checkFinalDecay()
    }

    private func checkFinalDecay() {
        let train = job.train
        guard train.decay.isSound, train.decaySteps.isSound else { return }
        guard train.decay.value == .wsd else {
            if train.decaySteps.value > 0, let place = train.decaySteps.place {
                reading.report(
                    .schedule, "lr_wsd_decay_iters means nothing with lr_decay_style \(train.decay.value.rawValue)",
                    at: place, hint: "remove it, or use `lr_decay_style: wsd`")
            }
            return
        }
        guard let place = train.decaySteps.place else {
            train.section.reportMissing("lr_wsd_decay_iters", example: "200")
            return
        }
        guard train.steps.isSound, train.warmupSteps.isSound, train.warmupSteps.value < train.steps.value else {
            return
        }
        let most = train.steps.value - train.warmupSteps.value
        guard !(1...most).contains(train.decaySteps.value) else { return }
        reading.report(
            .schedule, "lr_wsd_decay_iters \(train.decaySteps.value) does not fit the run", at: place,
            hint: "allowed: 1 to \(most) (train_iters - lr_warmup_iters)")
    }

    private func checkData() {
        let (source, vocabulary) = (job.data.source, job.model.vocabularySize)
        if job.data.isThere, source.isSound, vocabulary.isSound, let place = vocabulary.place {
            switch source.value {
            case .text where vocabulary.value != 256:
                reading.report(
                    .vocabulary, "vocab_size \(vocabulary.value) does not fit `source: text`, one token a byte",
                    at: place, hint: "write 256")
            case .tokens where vocabulary.value > 65_536:
                reading.report(
                    .vocabulary, "vocab_size \(vocabulary.value) does not fit `source: tokens`, 16 bits a token",
                    at: place, hint: "at most 65536")
            case .text, .tokens: break
            }
        }
        let (interval, share) = (job.train.evaluationInterval, job.data.validationShare)
        if interval.isSound, share.isSound, interval.value > 0, share.value == 0 {
            guard let place = share.place ?? interval.place else { return }
            reading.report(
                .evaluation, "eval_interval is \(interval.value), but data.split leaves nothing to validate on",
                at: place, hint: "for example `split: \"95,5\"`, or `eval_interval: 0`")
        }
    }

    private func checkTolerance() {
        let (interval, timeout) = (job.tolerance.heartbeatInterval, job.tolerance.heartbeatTimeout)
        let lease = job.tolerance.lease
        func text(_ field: Field<TimeSpan>) -> String {
            TimeText.exact(field.value) + (field.place == nil ? " (the default)" : "")
        }
        if interval.isSound, timeout.isSound, timeout.value <= interval.value {
            complain(
                .heartbeat, [timeout, interval],
                "heartbeat.timeout \(text(timeout)) is not above heartbeat.interval \(text(interval))",
                hint: "a timeout of several intervals forgives a late heartbeat")
        }
        let atLeast = job.tolerance.silenceAtLeast
        if atLeast.isSound, timeout.isSound, atLeast.value > timeout.value {
            complain(
                .heartbeat, [atLeast, timeout],
                "heartbeat.at_least \(text(atLeast)) is above heartbeat.timeout \(text(timeout))",
                hint: "a silent worker is believed for at_least to timeout, depending on its heartbeats until then")
        }
        if lease.isSound, timeout.isSound, lease.value < timeout.value {
            complain(
                .heartbeat, [lease, timeout], "lease \(text(lease)) is below heartbeat.timeout \(text(timeout))",
                hint: "a worker must not give up before it is given up")
        }
    }

    private func checkLossSpike() {
        let spike = job.tolerance.lossSpike
        if spike.window.isSound, spike.armedAfter.isSound, spike.armedAfter.value > spike.window.value {
            complain(
                .lossSpike, [spike.armedAfter, spike.window],
                "loss_spike.armed_after \(spike.armedAfter.value) is above loss_spike.window \(spike.window.value)",
                hint: "a baseline never holds more steps than its window")
        }
        if spike.clip.isSound, spike.allowance.isSound, spike.clip.value <= spike.allowance.value {
            complain(
                .lossSpike, [spike.clip, spike.allowance],
                "loss_spike.clip \(spike.clip.value) is not above loss_spike.allowance \(spike.allowance.value)",
                hint: "no step could add anything to the sum")
        }
        if spike.threshold.isSound, spike.freezeSum.isSound, spike.freezeSum.value > spike.threshold.value {
            complain(
                .lossSpike, [spike.freezeSum, spike.threshold],
                "loss_spike.freeze_sum \(spike.freezeSum.value) is above loss_spike.threshold \(spike.threshold.value)",
                hint: "the baseline would take the spike for usual before it is found")
        }
    }

    private func checkInjections() {
        for item in job.injections.value {
            if let process = item.process, process.isSound, let place = process.place,
                let fault = process.value.faults.first(where: \.isOfCheckpoints)
            {
                reading.report(
                    .injection, "`\(fault.text)` strikes checkpoints, and a random fault a rank", at: place,
                    hint: "give it an item of its own, with `at`")
            }
            guard let fault = item.fault, let victim = item.victim else { continue }
            if let workers, victim.isSound, let objection = victim.value.objection(workers: workers) {
                reading.report(
                    .injection, objection, at: item.places.victim ?? item.place,
                    hint: workers == 1 ? "the only rank is 0" : "ranks are 0 to \(workers - 1)")
            } else if let workers, fault.isSound, let objection = fault.value.objection(workers: workers) {
                reading.report(.injection, objection, at: item.places.victim ?? item.place)
            }
            let steps = job.train.steps
            if steps.isSound, case .step(let step) = fault.value.moment, !(1..<max(1, steps.value)).contains(step) {
                reading.report(
                    .injection, "no fault can strike after step \(step) of \(steps.value)",
                    at: item.places.moment ?? item.place,
                    hint: steps.value == 1 ? "a run of one step takes none" : "allowed: 1 to \(steps.value - 1)")
            }
        }
    }

    private func checkCheckpoints() {
        let (interval, steps) = (job.saveInterval, job.train.steps)
        guard interval.isSound, steps.isSound, interval.value > steps.value, let place = interval.place else { return }
        reading.report(
            .noCheckpoint, "save_interval \(interval.value) is above train_iters \(steps.value)", at: place,
            hint: "a failure would start the run over", severity: .warning)
    }

    /// Reports at the first field that the file gives: a default is not the user's fault.
    private func complain<Value>(
        _ code: DiagnosticCode, _ fields: [Field<Value>], _ message: String, hint: String
    ) {
        guard let place = fields.lazy.compactMap(\.place).first else { return }
        reading.report(code, message, at: place, hint: hint)
    }

    private func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }
}
