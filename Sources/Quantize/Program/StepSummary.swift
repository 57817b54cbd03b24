import TensorCore

/// What one step of a quantised model is, for people and reports.
public struct StepSummary: Sendable, Equatable {
    /// The operation's name; "input" for the first.
    public let operation: String
    /// Of the layer in the network that it was made of; nil for what is no layer, and in files of the first version.
    public let path: String?
    /// Extents of the result for one image.
    public let shape: Shape
    /// Products that are summed for one image.
    public let multiplyAdds: Int
    /// Numbers that it holds: weights and biases.
    public let parameters: Int
    /// What it takes in a file: weights, biases and scales, and what its result's bytes stand for.
    public let byteCount: Int
    /// The smallest and the largest of the weights' steps, over the output channels; nil without weights on bytes.
    public let weightScales: ClosedRange<Float>?
    /// What the bytes of its result stand for; nil where it is numbers.
    public let quantization: AffineQuantization?
    /// Whether it is computed in single precision: a layer that was kept so, or a softmax.
    public let isFloat: Bool

    init(_ step: IntegerProgram.Step) {
        operation = step.name
        path = step.path
        shape = step.shape
        quantization = step.quantization
        isFloat = step.isFloat
        multiplyAdds = (step.layer?.geometry ?? step.floatLayer?.geometry)?.multiplyAdds ?? 0
        var bytes = step.quantization == nil ? 0 : MemoryLayout<Float>.size + 1
        if let layer = step.layer {
            parameters = layer.weights.count + layer.bias.count
            bytes += layer.weights.count + MemoryLayout<Int32>.size * layer.bias.count
            bytes += MemoryLayout<Float>.size * layer.scales.count
        } else {
            parameters = step.floatLayer.map { $0.weights.count + $0.bias.count } ?? 0
            bytes += MemoryLayout<Float>.size * parameters
        }
        byteCount = bytes
        weightScales = step.layer.flatMap { layer in
            layer.scales.min().flatMap { least in layer.scales.max().map { least...$0 } }
        }
    }
}

extension QuantizedModel {
    /// Its steps in the order in which they run, the input first.
    public var steps: [StepSummary] { network.program.steps.map { StepSummary($0) } }
}
