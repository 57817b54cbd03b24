import Autograd
import Graph
import TensorCore

/// What a node of an integer network gives.
enum IntegerValue: Sendable {
    case bytes(ByteTensor, AffineQuantization)
    case floats(Tensor)

    var bytes: QuantizedTensor {
        guard case .bytes(let bytes, let quantization) = self else {
            fatalError("IntegerNetwork: no uint8 tensor to read")
        }
        return (bytes, quantization)
    }

    var floats: Tensor {
        switch self {
        case .bytes(let bytes, let quantization): bytes.dequantized(quantization)
        case .floats(let tensor): tensor
        }
    }
}

/// A node of an integer program made ready to run.
struct PreparedIntegerNode: Sendable {
    private let node: IntegerProgram.Node
    private let kernel: Kernel
    /// For each input the table from its values to the result's, where the node is one.
    let tables: [[UInt8]]

    /// What computes a node.
    private enum Kernel {
        /// The network's input, quantised.
        case input
        case layer(IntegerConvolution)
        case floatLayer(PreparedConvolution2D)
        /// An operation in float32 and what it reads.
        case float(any GraphOperation, [NetworkGraph.Operand])
        case kernel(any IntegerKernel)
        /// The node's table.
        case table
    }

    /// Prepares a node.
    ///
    /// - Throws: ``GraphError`` where its sums could overflow, or it has no form in int8.
    init(_ index: Int, of program: IntegerProgram) throws {
        let node = program.nodes[index]
        self.node = node
        kernel = try Self.kernel(of: node, in: program)
        tables = try node.inputs.compactMap { input in
            guard let output = node.quantization, !node.isFloat, let function = node.operation?.tableFunction else {
                return nil
            }
            return try program.nodes[input].bytes(for: node).table(to: output, function)
        }
        try node.check(reading: node.sources.map { program.nodes[$0] })
    }

    /// Found once, as asking what an operation is takes as long as a small node.
    private static func kernel(of node: IntegerProgram.Node, in program: IntegerProgram) throws -> Kernel {
        guard let operation = node.operation else { return .input }
        if let layer = node.layer { return .layer(try convolution(node, layer, in: program)) }
        if let layer = node.floatLayer {
            return .floatLayer(PreparedConvolution2D(layer.weights, bias: layer.bias, layer.geometry))
        }
        if let operands = node.floatOperands { return .float(operation.base, operands) }
        return operation.integerKernel.map { .kernel($0) } ?? .table
    }

    private static func convolution(
        _ node: IntegerProgram.Node, _ layer: IntegerProgram.Layer, in program: IntegerProgram
    ) throws -> IntegerConvolution {
        let input = try program.nodes[node.inputs[0]].bytes(for: node)
        guard IntegerConvolution.fitsSums(weights: layer.weights, bias: layer.bias) else {
            throw GraphError(operation: node.name, reason: "its sums can overflow 32 bits")
        }
        let multipliers = node.multipliers(of: layer, input)
        let ratio = try node.residual.map { try program.nodes[$0].bytes(for: node).scale } ?? 1
        // Below 2⁶⁴, products with 32-bit sums stay finite.
        guard (multipliers + [ratio / (node.quantization?.scale ?? 1)]).allSatisfy({ $0 >= 0 && $0 < 0x1p64 }) else {
            throw GraphError(operation: node.name, reason: "scales of its input, weights and output are too far apart")
        }
        return IntegerConvolution(
            layer.geometry, weights: layer.weights, bias: layer.bias, multipliers: multipliers,
            inputZeroPoint: input.zeroPoint)
    }

    /// The node's value.
    ///
    /// - Parameters:
    ///   - input: the network's input, [N, ...].
    ///   - value: that of a node that it reads.
    func callAsFunction(_ input: Tensor, _ value: (Int) -> IntegerValue) -> IntegerValue {
        switch kernel {
        case .input: return kept(input)
        case .layer(let layer): return apply(layer, value)
        case .floatLayer(let layer): return kept(apply(layer, value))
        case .float(let operation, let operands):
            let x = operands.map { operand in
                switch operand {
                case .node(let source): value(source).floats
                case .tensor(let tensor, _): tensor
                }
            }
            let result = operation.forward(x)
            return kept(node.relu ? relu(result) : result)
        case .kernel(let kernel):
            let output = quantization
            return .bytes(kernel.run(node.inputs.map { value($0).bytes }, tables, node, to: output), output)
        case .table:
            let x = value(node.inputs[0]).bytes.bytes
            return .bytes(x.mapped(through: tables[0]), quantization)
        }
    }

    private var quantization: AffineQuantization {
        guard let output = node.quantization else { fatalError("IntegerNetwork: \(node.name) has no output scale") }
        return output
    }

    /// A convolution, or what is computed as one on images of one pixel.
    private func apply(_ kernel: IntegerConvolution, _ value: (Int) -> IntegerValue) -> IntegerValue {
        let first = value(node.inputs[0]).bytes.bytes
        let batch = kernel.geometry.batch(of: first.shape)
        if first.shape == kernel.geometry.inputShape(batch: batch), node.shape.rank == 3 {
            guard let output = node.quantization else { return .floats(kernel.floats(first)) }
            let residual = node.residual.map { index in
                let other = value(index).bytes
                return IntegerConvolution.Residual(other.bytes, other.quantization)
            }
            return .bytes(kernel(first, to: output, residual: residual, relu: node.relu), output)
        }
        let x = first.reshaped(to: kernel.geometry.inputShape(batch: batch))
        let shape = node.resultShape(reading: first.shape)
        guard let output = node.quantization else { return .floats(kernel.floats(x).reshaped(to: shape)) }
        let residual = node.residual.map { index in
            let other = value(index).bytes
            return IntegerConvolution.Residual(
                other.bytes.reshaped(to: kernel.geometry.outputShape(batch: batch)), other.quantization)
        }
        return .bytes(kernel(x, to: output, residual: residual, relu: node.relu).reshaped(to: shape), output)
    }

    /// The same in float32.
    private func apply(_ kernel: PreparedConvolution2D, _ value: (Int) -> IntegerValue) -> Tensor {
        let x = value(node.inputs[0]).floats
        let images = x.asImages(for: kernel.geometry)
        let residual = node.residual.map { index in
            value(index).floats.reshaped(to: kernel.geometry.outputShape(batch: images.shape[0]))
        }
        return kernel(images, residual: residual, relu: node.relu).reshaped(to: node.resultShape(reading: x.shape))
    }

    /// A float32 result as the node keeps it: quantised if it has a scale.
    private func kept(_ result: Tensor) -> IntegerValue {
        node.quantization.map { .bytes(result.quantized($0), $0) } ?? .floats(result)
    }
}

extension IntegerProgram.Node {
    var name: String { operation?.description ?? "input" }

    /// The result's shape for one image, the batch axis included.
    var batchShape: Shape { Shape([1] + shape.extents) }

    /// The shape of a layer's result: a dense layer keeps all axes of its rows, which the batch may be part of.
    func resultShape(reading input: Shape) -> Shape {
        operation?.is(DenseOperation.self) == true
            ? Shape(input.dropLast() + shape.suffix(1)) : Shape([input[0]] + shape)
    }

    /// What a unit of a layer's sums is in units of the result's scale, or in float32; a channel each.
    func multipliers(of layer: IntegerProgram.Layer, _ input: AffineQuantization) -> [Float] {
        layer.scales.map { input.scale * $0 / (quantization?.scale ?? 1) }
    }

    /// Scale and zero point of its result, if it has them.
    func bytes(for reader: IntegerProgram.Node) throws -> AffineQuantization {
        guard let quantization else {
            throw GraphError(
                operation: reader.name, reason: "reads the float32 result of \(name), which only nodes in float32 can")
        }
        return quantization
    }

    /// That the node can run on what it reads, as far as shapes do not say.
    fileprivate func check(reading sources: [IntegerProgram.Node]) throws {
        guard let operation, !isFloat else { return }
        for source in sources { _ = try source.bytes(for: self) }
        if operation.isLinearLayer {
            guard quantization != nil || (residual == nil && !relu) else {
                throw GraphError(operation: name, reason: "adds or cuts, and has no scale for the result")
            }
        } else {
            guard quantization != nil else { throw GraphError(operation: name, reason: "has no scale for the result") }
        }
    }
}
