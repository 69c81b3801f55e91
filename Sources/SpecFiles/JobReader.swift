// A job file's top section to a JobSpec: reads the fields, runs the checks, and puts the values together. Refuses to
// return a spec when anything is wrong with the file.

import Jobs

/// A job as it was read.
public struct ReadJob: Equatable, Sendable {
    /// The job, every default filled in.
    public var spec: JobSpec
    /// The job as canonical YAML, each value with where it came from as a comment; reading it gives `spec` again.
    public var resolvedText: String
    /// What the file may not have meant; the job can run all the same.
    public var warnings: [Diagnostic]

    /// A job from its parts.
    public init(spec: JobSpec, resolvedText: String, warnings: [Diagnostic]) {
        self.spec = spec
        self.resolvedText = resolvedText
        self.warnings = warnings
    }
}

enum JobReader {
    /// The job that the section `top` describes, paths being relative to `folder`.
    static func read(_ top: Section, folder: String) throws(SpecFileErrors) -> ReadJob {
        let reading = top.reading
        let fields = JobFields(top, folder: folder)
        JobChecks(job: fields, reading: reading).run()
        try reading.throwErrors()
        // Stable, so that faults of one moment strike in the order in which they are written.
        let injections = fields.injections.value.compactMap { item in item.fault.map { ($0.value, item.place.origin) } }
            .enumerated().sorted { order($0.element.0, $0.offset) < order($1.element.0, $1.offset) }.map(\.element)
        let processes = fields.injections.value.compactMap { item in item.process.map { ($0.value, item.place.origin) }
        }
        let spec = spec(fields, injections: injections.map(\.0), processes: processes.map(\.0))
        let writer = ResolvedJob(
            spec: spec, origins: reading.origins, injectionOrigins: injections.map(\.1) + processes.map(\.1))
        return ReadJob(spec: spec, resolvedText: writer.text, warnings: reading.diagnostics)
    }

    /// Faults after steps come before those at times.
    private static func order(_ injection: Injection, _ place: Int) -> (Int, Int64, Int) {
        switch injection.moment {
        case .step(let step): (0, Int64(step), place)
        case .elapsed(let span): (1, span.nanoseconds, place)
        }
    }

    private static func spec(
        _ fields: JobFields, injections: [Injection], processes: [InjectionProcess]
    ) -> JobSpec {
        JobSpec(
            name: fields.name.value, nodes: fields.nodes.value, workersPerNode: fields.workersPerNode.value,
            model: model(fields.model), layout: layout(fields.layout), precision: fields.train.precision.value,
            software: fields.software.value.isEmpty ? nil : fields.software.value, training: training(fields.train),
            data: DataSpec(
                source: fields.data.source.value, globs: fields.data.globs,
                validationShare: fields.data.validationShare.value, skipped: fields.data.skipped),
            checkpoint: CheckpointSpec(interval: fields.saveInterval.value, keep: fields.keep.value),
            faultTolerance: FaultToleranceSpec(
                recovery: fields.tolerance.recovery.value, onWorkerLoss: fields.tolerance.onWorkerLoss.value,
                spares: fields.tolerance.spares.value, maximumRestarts: fields.tolerance.maximumRestarts.value,
                heartbeatInterval: fields.tolerance.heartbeatInterval.value,
                heartbeatTimeout: fields.tolerance.heartbeatTimeout.value, lease: fields.tolerance.lease.value,
                lossSpike: fields.tolerance.lossSpike.spec, detection: detection(fields.tolerance),
                stateHashInterval: fields.tolerance.stateHashInterval.value,
                straggler: StragglerSpec(
                    action: fields.tolerance.stragglerAction.value, factor: fields.tolerance.stragglerFactor.value,
                    patience: fields.tolerance.stragglerPatience.value)),
            injections: injections, injectionProcesses: processes)
    }

    private static func model(_ model: ModelFields) -> ModelShape {
        ModelShape(
            family: model.family.value, layers: model.layers.value, width: model.width.value,
            heads: model.heads.value, keyValueHeads: model.keyValueHeads.value,
            feedForwardWidth: model.feedForwardWidth.value, contextLength: model.contextLength.value,
            vocabularySize: model.vocabularySize.value)
    }

    private static func layout(_ layout: LayoutFields) -> LayoutSpec {
        LayoutSpec(
            tensor: layout.tensor.value, pipeline: layout.pipeline.value, virtualStages: layout.virtualStages.value,
            context: layout.context.value, sequenceParallel: layout.sequenceParallel.value,
            zeroStage: layout.zeroStage.value, recomputation: layout.recomputation.value,
            flashAttention: layout.flashAttention.value, overlapsGradients: layout.overlapsGradients.value)
    }

    private static func detection(_ tolerance: ToleranceFields) -> DetectionSpec {
        DetectionSpec(
            silenceAtLeast: tolerance.silenceAtLeast.value, stepDeadlineFactor: tolerance.stepDeadlineFactor.value,
            stepDeadlineAtLeast: tolerance.stepDeadlineAtLeast.value)
    }

    private static func training(_ train: TrainFields) -> TrainingSpec {
        TrainingSpec(
            microBatch: train.microBatch.value, globalBatch: train.globalBatch.value, steps: train.steps.value,
            learningRate: LearningRateSpec(
                decay: train.decay.value, peak: train.peak.value, minimum: train.minimum.value,
                warmupSteps: train.warmupSteps.value, decaySteps: train.decaySteps.value),
            beta1: train.beta1.value, beta2: train.beta2.value, epsilon: train.epsilon.value,
            weightDecay: train.weightDecay.value, clip: train.clip.value, seed: train.seed.value,
            evaluationInterval: train.evaluationInterval.value,
            evaluationMicroBatches: train.evaluationMicroBatches.value)
    }
}
