// A range of steps as a world reports it that computes them in closed form: the last step in full, and of the others a
// bounded number of samples, enough to draw the curve. Refuses to hold every step: months of them would fill a disk and
// decide nothing.

import Primitives

/// A step's place on the loss curve.
public struct StepSample: Equatable, Sendable {
    /// The step.
    public var step: Int
    /// Its training loss, in nats a token.
    public var loss: Double

    /// A sample from its parts.
    public init(step: Int, loss: Double) {
        self.step = step
        self.loss = loss
    }
}

/// The steps from `first` to `last.step`, all of one pace.
public struct StepsReport: Equatable, Sendable {
    /// The first step of the range.
    public var first: Int
    /// The last step of the range. Its profile is a step's, but for `snapshot`, `evaluation`: those are the range's,
    /// spent before its first step.
    public var last: StepReport
    /// From one commit to the next.
    public var pace: TimeSpan
    /// Some of the steps before the last, in order.
    public var samples: [StepSample]
    /// Whether the world vouches that no step of the range stands out, so that nobody judges their losses. Steps that
    /// might stand out, and those that tell what is usual before them, come one by one.
    public var isQuiet: Bool

    /// A range from its parts.
    public init(
        first: Int, last: StepReport, pace: TimeSpan, samples: [StepSample] = [], isQuiet: Bool = false
    ) {
        self.first = first
        self.last = last
        self.pace = pace
        self.samples = samples
        self.isQuiet = isQuiet
    }

    /// How many steps it holds.
    public var count: Int { last.step - first + 1 }

    /// How long before the last commit `step` was committed.
    public func age(of step: Int) -> TimeSpan { pace * Int64(last.step - step) }

    func add(to line: Line) -> Line {
        let text = samples.map { "\($0.step):\($0.loss.lineText)" }.joined(separator: ",")
        let head = line.with("first", first).with("pace", pace).with("samples", text)
        return last.add(to: isQuiet ? head.with("quiet", true) : head)
    }

    init(_ line: Line) throws(LineError) {
        var samples: [StepSample] = []
        for item in try line.read("samples", as: String.self).split(separator: ",") {
            let parts = item.split(separator: ":")
            guard parts.count == 2, let step = Int(parts[0]), let loss = Double(lineText: String(parts[1])) else {
                throw LineError(line: line.text, problem: "a sample is not step:loss: \(item)")
            }
            samples.append(StepSample(step: step, loss: loss))
        }
        self.init(
            first: try line.read("first"), last: try StepReport(line, step: try line.read("step")),
            pace: try line.read("pace"), samples: samples, isQuiet: try line.readIfPresent("quiet") ?? false)
    }
}
