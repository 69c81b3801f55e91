// Everything that a step changes: what a checkpoint saves, and what two replicas must agree on to the bit.

import Jobs

/// A replica's parameters and optimizer state after a number of committed steps.
public final class TrainingState: Sendable {
    /// Where each tensor lies in the three vectors.
    public let layout: ParameterLayout
    /// The model's parameters.
    public let parameters: FloatBuffer
    /// AdamW's running mean of the gradient.
    public let mean: FloatBuffer
    /// AdamW's running mean of the squared gradient.
    public let square: FloatBuffer

    /// A state of zeros for a model of `shape`.
    public init(_ shape: ModelShape) {
        layout = ParameterLayout(shape)
        parameters = FloatBuffer(count: layout.count)
        mean = FloatBuffer(count: layout.count)
        square = FloatBuffer(count: layout.count)
    }

    /// Takes over the contents of `other`, as a snapshot does.
    public func copy(from other: TrainingState) {
        parameters.copy(from: other.parameters)
        mean.copy(from: other.mean)
        square.copy(from: other.square)
    }
}
