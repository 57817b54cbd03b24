import TensorCore

/// What one node of a quantised model is, for people and reports.
public struct NodeSummary: Sendable, Equatable {
    /// The operation's name; "input" for the first.
    public let operation: String
    /// Of the layer in the network that it was made of; nil for what is no layer, and in files of the first version.
    public let path: String?
    /// Extents of the result for one image.
    public let shape: Shape
    /// Products that are summed for one image.
    public let multiplyAdds: Int
    /// Values that it holds: weights and biases.
    public let parameters: Int
    /// What it takes in a file: weights, biases and scales, and its result's scale and zero point.
    public let byteCount: Int
    /// The smallest and the largest of the weights' scales, over the output channels; nil without int8 weights.
    public let weightScales: ClosedRange<Float>?
    /// Scale and zero point of its result; nil where that is float32.
    public let quantization: AffineQuantization?
    /// Whether it is computed in float32: a layer that was kept so, or a softmax.
    public let isFloat: Bool

    init(_ node: IntegerProgram.Node) {
        operation = node.name
        path = node.path
        shape = node.shape
        quantization = node.quantization
        isFloat = node.isFloat
        multiplyAdds = (node.layer?.geometry ?? node.floatLayer?.geometry)?.multiplyAdds ?? 0
        var bytes = node.quantization == nil ? 0 : MemoryLayout<Float>.size + 1
        if let layer = node.layer {
            parameters = layer.weights.count + layer.bias.count
            bytes += layer.weights.count + MemoryLayout<Int32>.size * layer.bias.count
            bytes += MemoryLayout<Float>.size * layer.scales.count
        } else {
            parameters = node.floatLayer.map { $0.weights.count + $0.bias.count } ?? 0
            bytes += MemoryLayout<Float>.size * parameters
        }
        byteCount = bytes
        weightScales = node.layer.flatMap { layer in
            layer.scales.min().flatMap { least in layer.scales.max().map { least...$0 } }
        }
    }
}

extension QuantizedModel {
    /// Its nodes in the order in which they run, the input first.
    public var nodes: [NodeSummary] { network.program.nodes.map { NodeSummary($0) } }
}
