import Layers
import TensorCore

/// An exponential moving average of a model's weights and statistics: average ← decay · average + (1 − decay) ·
/// weights.
///
/// Early steps count as if the average had just begun, decay ← min(decay, (1 + n) / (10 + n)), so that the random
/// initial weights do not linger.
public struct WeightAverage: Sendable {
    /// Share of the old average that is kept in a step.
    public let decay: Float
    var steps = 0
    var tensors: [String: Tensor]

    /// Starts at a model's weights.
    public init(of model: some Module, decay: Float) {
        require(decay >= 0 && decay < 1, "WeightAverage: decay \(decay), 0 ..< 1 expected")
        self.decay = decay
        tensors = model.tensors
    }

    /// Takes a model's weights into the average.
    ///
    /// - Parameter isFrozen: whether a parameter, by its path, has not changed, so that its average stays the same to
    ///   the last bit; none when omitted.
    public mutating func update(with model: some Module, freezing isFrozen: (_ path: String) -> Bool = { _ in false }) {
        let kept = Self.keptShare(decay: decay, step: steps)
        steps += 1
        for (path, parameter) in model.parameters where !isFrozen(path) {
            tensors[path]?.scale(by: kept)
            tensors[path]?.add(parameter.value, scaledBy: 1 - kept)
        }
    }

    /// The share of the average that a step keeps.
    ///
    /// - Parameter step: from 0, since the average began.
    package static func keptShare(decay: Float, step: Int) -> Float { min(decay, Float(1 + step) / Float(10 + step)) }

    /// The model with the average in place of its weights.
    public func applied<M: Module>(to model: M) -> M {
        var copy = model
        copy.forEachParameter { path, parameter in if let value = tensors[path] { parameter.value = value } }
        return copy
    }
}
