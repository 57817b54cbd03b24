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
    /// Why it is computed in float32: what int8 lacks for it, or that it was asked for; nil for a node in int8.
    public let floatReason: String?

    /// Whether it is computed in float32.
    public var isFloat: Bool { floatReason != nil }

    init(_ node: IntegerProgram.Node, in program: IntegerProgram) {
        operation = node.name
        path = node.path
        shape = node.shape
        quantization = node.quantization
        floatReason = node.floatReason(reading: node.inputs.map { program.nodes[$0].batchShape })
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

extension IntegerProgram.Node {
    /// Why it is computed in float32; nil if it is not.
    ///
    /// - Parameter inputs: the shapes for one image.
    fileprivate func floatReason(reading inputs: [Shape]) -> String? {
        guard isFloat else { return nil }
        guard let operation, let floatOperands else { return "as asked for" }
        if operation.isFloatOnly { return "no INT8 kernel" }
        if operation.integerKernel?.hasKernel(for: inputs) == false { return "no INT8 kernel that broadcasts so" }
        let readsTensor = floatOperands.contains { if case .tensor = $0 { true } else { false } }
        return readsTensor ? "reads a stored tensor" : "as asked for"
    }
}

extension QuantizedModel {
    /// Its nodes in the order in which they run, the input first.
    public var nodes: [NodeSummary] { network.program.nodes.map { NodeSummary($0, in: network.program) } }
}
