import Autograd
import Foundation
import Graph
import TensorCore

/// A program made ready to run: weights packed, tables filled.
struct IntegerNetwork: Sendable {
    let program: IntegerProgram
    private let kernels: [Kernel?]
    /// For each step and input the table from the input's bytes to the result's, where the step is one.
    let tables: [[[UInt8]]]
    private let walker: GraphWalker

    private enum Value {
        case bytes(ByteTensor, AffineQuantization)
        case floats(Tensor)
    }

    private enum Kernel {
        case bytes(IntegerConvolution)
        case floats(PreparedConvolution2D)
    }

    /// Prepares a program.
    ///
    /// - Throws: ``GraphError`` where sums could overflow, or a step is none on bytes.
    init(_ program: IntegerProgram) throws {
        self.program = program
        let steps = program.steps
        kernels = try steps.map { step in
            if let layer = step.layer { return .bytes(try Self.kernel(step, layer, in: program)) }
            return step.floatLayer.map { .floats(PreparedConvolution2D($0.weights, bias: $0.bias, $0.geometry)) }
        }
        tables = try steps.map { step in
            try step.inputs.compactMap { input in
                guard let output = step.quantization, !step.isFloat, let function = step.operation?.tableFunction
                else {
                    return nil
                }
                return try steps[input].bytes(for: step).table(to: output, function)
            }
        }
        for step in steps { try step.check(reading: step.sources.map { steps[$0] }) }
        walker = GraphWalker(sources: steps.map(\.sources), output: steps.count - 1)
    }

    private static func kernel(
        _ step: IntegerProgram.Step, _ layer: IntegerProgram.Layer, in program: IntegerProgram
    ) throws -> IntegerConvolution {
        let input = try program.steps[step.inputs[0]].bytes(for: step)
        guard IntegerConvolution.fitsSums(weights: layer.weights, bias: layer.bias) else {
            throw GraphError(operation: step.name, reason: "its sums can overflow 32 bits")
        }
        let multipliers = step.multipliers(of: layer, input)
        let ratio = try step.residual.map { try program.steps[$0].bytes(for: step).scale } ?? 1
        // Below 2⁶⁴, products with 32-bit sums stay finite.
        guard (multipliers + [ratio / (step.quantization?.scale ?? 1)]).allSatisfy({ $0 >= 0 && $0 < 0x1p64 }) else {
            throw GraphError(operation: step.name, reason: "scales of its input, weights and output are too far apart")
        }
        return IntegerConvolution(
            layer.geometry, weights: layer.weights, bias: layer.bias, multipliers: multipliers,
            inputZeroPoint: input.zeroPoint)
    }

    /// The most bytes that results of its steps take together while one image goes through, the input among them.
    var peakActivationBytes: Int {
        walker.peak(
            of: program.steps.map { $0.shape.elementCount * ($0.quantization == nil ? MemoryLayout<Float>.size : 1) })
    }

    /// The result for a batch, as numbers.
    ///
    /// - Parameter observe: shown every step's result as numbers, which costs a pass over it.
    func run(_ input: Tensor, observe: ((_ step: Int, _ value: Tensor) -> Void)? = nil) -> Tensor {
        floats(
            walker.run { (index, value: (Int) -> Value) in
                let result = evaluate(index, program.steps[index], input, value)
                if let observe { observe(index, floats(result)) }
                return result
            })
    }

    private func evaluate(
        _ index: Int, _ step: IntegerProgram.Step, _ input: Tensor, _ value: (Int) -> Value
    ) -> Value {
        guard let operation = step.operation else { return self.value(of: step, input) }
        switch kernels[index] {
        case .bytes(let kernel)?: return apply(kernel, step, value)
        case .floats(let kernel)?: return self.value(of: step, apply(kernel, step, value))
        case nil: break
        }
        if let operands = step.floatOperands {
            let x = operands.map { operand in
                switch operand {
                case .node(let source): floats(value(source))
                case .tensor(let tensor, _): tensor
                }
            }
            let result = operation.base.forward(x)
            return self.value(of: step, step.relu ? relu(result) : result)
        }
        guard let output = step.quantization else { fatalError("IntegerNetwork: \(step.name) has no output scale") }
        let x = step.inputs.map { bytes(value($0)) }
        guard let kernel = operation.integerKernel else {
            return .bytes(x[0].bytes.mapped(through: tables[index][0]), output)
        }
        return .bytes(kernel.run(x, tables[index], step, to: output), output)
    }

    /// A convolution, or what is computed as one on images of one pixel.
    private func apply(_ kernel: IntegerConvolution, _ step: IntegerProgram.Step, _ value: (Int) -> Value) -> Value {
        let first = bytes(value(step.inputs[0])).bytes
        if step.shape.rank == 3, first.shape.rank == 4 {
            guard let output = step.quantization else { return .floats(kernel.floats(first)) }
            let residual = step.residual.map { index in
                let other = bytes(value(index))
                return IntegerConvolution.Residual(other.bytes, other.quantization)
            }
            return .bytes(kernel(first, to: output, residual: residual, relu: step.relu), output)
        }
        let batch = first.shape[0]
        let x = first.reshaped(to: kernel.geometry.inputShape(batch: batch))
        let shape = Shape([batch] + step.shape)
        guard let output = step.quantization else { return .floats(kernel.floats(x).reshaped(to: shape)) }
        let residual = step.residual.map { index in
            let other = bytes(value(index))
            return IntegerConvolution.Residual(
                other.bytes.reshaped(to: kernel.geometry.outputShape(batch: batch)), other.quantization)
        }
        return .bytes(kernel(x, to: output, residual: residual, relu: step.relu).reshaped(to: shape), output)
    }

    /// The same in single precision.
    private func apply(_ kernel: PreparedConvolution2D, _ step: IntegerProgram.Step, _ value: (Int) -> Value) -> Tensor
    {
        let x = floats(value(step.inputs[0]))
        let batch = x.shape[0]
        let residual = step.residual.map { index in
            floats(value(index)).reshaped(to: kernel.geometry.outputShape(batch: batch))
        }
        return kernel(x.asImages(for: kernel.geometry), residual: residual, relu: step.relu)
            .reshaped(to: Shape([batch] + step.shape))
    }

    /// Numbers as what the step's result is: bytes if it has a scale.
    private func value(of step: IntegerProgram.Step, _ result: Tensor) -> Value {
        step.quantization.map { .bytes(result.quantized($0), $0) } ?? .floats(result)
    }

    private func bytes(_ value: Value) -> QuantizedTensor {
        guard case .bytes(let bytes, let quantization) = value else { fatalError("IntegerNetwork: no bytes to read") }
        return (bytes, quantization)
    }

    private func floats(_ value: Value) -> Tensor {
        switch value {
        case .bytes(let bytes, let quantization): bytes.dequantized(quantization)
        case .floats(let tensor): tensor
        }
    }
}

extension IntegerProgram.Step {
    var name: String { operation?.description ?? "input" }

    /// The result's shape for one image, the batch axis included.
    var batchShape: Shape { Shape([1] + shape.extents) }

    /// What a unit of a layer's sums is in steps of the result, or in numbers; a channel each.
    func multipliers(of layer: IntegerProgram.Layer, _ input: AffineQuantization) -> [Float] {
        layer.scales.map { input.scale * $0 / (quantization?.scale ?? 1) }
    }

    /// What its bytes stand for, if it has them.
    func bytes(for reader: IntegerProgram.Step) throws -> AffineQuantization {
        guard let quantization else {
            throw GraphError(
                operation: reader.name, reason: "reads numbers of \(name), which only steps in single precision can")
        }
        return quantization
    }

    /// That the step can run on what it reads, as far as shapes do not say.
    fileprivate func check(reading sources: [IntegerProgram.Step]) throws {
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
