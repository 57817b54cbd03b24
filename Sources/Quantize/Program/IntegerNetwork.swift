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
    private let lastReads: [[Int]]

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
                guard let output = step.quantization, let function = step.operation?.functionOfOneNumber else {
                    return nil
                }
                return try steps[input].bytes(for: step).table(to: output, function)
            }
        }
        for step in steps { try step.check(reading: step.sources.map { steps[$0] }) }
        lastReads = Graph.lastReads(steps.map(\.sources), output: steps.count - 1)
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
        peakOfLive(
            program.steps.map { $0.shape.elementCount * ($0.quantization == nil ? MemoryLayout<Float>.size : 1) },
            lastReads)
    }

    /// The result for a batch, as numbers.
    ///
    /// - Parameter observe: shown every step's result as numbers, which costs a pass over it.
    func run(_ input: Tensor, observe: ((_ step: Int, _ value: Tensor) -> Void)? = nil) -> Tensor {
        var values = [Value?](repeating: nil, count: program.steps.count)
        for index in program.steps.indices {
            values[index] = evaluate(index, program.steps[index], input, values)
            if let observe { observe(index, floats(values[index])) }
            for source in lastReads[index] { values[source] = nil }
        }
        return floats(values[program.steps.count - 1])
    }

    private func evaluate(_ index: Int, _ step: IntegerProgram.Step, _ input: Tensor, _ values: [Value?]) -> Value {
        guard let operation = step.operation else { return value(of: step, input) }
        switch kernels[index] {
        case .bytes(let kernel)?: return apply(kernel, step, values)
        case .floats(let kernel)?: return value(of: step, apply(kernel, step, values))
        case nil: break
        }
        switch operation {
        case .softmax: return value(of: step, softmax(floats(values[step.inputs[0]])))
        case .logSoftmax: return value(of: step, logSoftmax(floats(values[step.inputs[0]])))
        default: break
        }
        guard let output = step.quantization else { fatalError("IntegerNetwork: \(step.name) has no output scale") }
        let x = step.inputs.map { bytes(values[$0]) }
        return .bytes(byteResult(operation, x, tables[index], step, output), output)
    }

    /// A convolution, or what is computed as one on images of one pixel.
    private func apply(_ kernel: IntegerConvolution, _ step: IntegerProgram.Step, _ values: [Value?]) -> Value {
        let first = bytes(values[step.inputs[0]]).bytes
        if step.shape.rank == 3, first.shape.rank == 4 {
            guard let output = step.quantization else { return .floats(kernel.floats(first)) }
            let residual = step.residual.map { index in
                let other = bytes(values[index])
                return IntegerConvolution.Residual(other.bytes, other.quantization)
            }
            return .bytes(kernel(first, to: output, residual: residual, relu: step.relu), output)
        }
        let batch = first.shape[0]
        let x = first.reshaped(to: kernel.geometry.inputShape(batch: batch))
        let shape = Shape([batch] + step.shape)
        guard let output = step.quantization else { return .floats(kernel.floats(x).reshaped(to: shape)) }
        let residual = step.residual.map { index in
            let other = bytes(values[index])
            return IntegerConvolution.Residual(
                other.bytes.reshaped(to: kernel.geometry.outputShape(batch: batch)), other.quantization)
        }
        return .bytes(kernel(x, to: output, residual: residual, relu: step.relu).reshaped(to: shape), output)
    }

    /// The same in single precision.
    private func apply(_ kernel: PreparedConvolution2D, _ step: IntegerProgram.Step, _ values: [Value?]) -> Tensor {
        let x = floats(values[step.inputs[0]])
        let batch = x.shape[0]
        let residual = step.residual.map { index in
            floats(values[index]).reshaped(to: kernel.geometry.outputShape(batch: batch))
        }
        return kernel(x.asImages(for: kernel.geometry), residual: residual, relu: step.relu)
            .reshaped(to: Shape([batch] + step.shape))
    }

    /// Numbers as what the step's result is: bytes if it has a scale.
    private func value(of step: IntegerProgram.Step, _ result: Tensor) -> Value {
        step.quantization.map { .bytes(result.quantized($0), $0) } ?? .floats(result)
    }

    private func byteResult(
        _ operation: Autograd.Operation, _ x: [(bytes: ByteTensor, quantization: AffineQuantization)],
        _ tables: [[UInt8]],
        _ step: IntegerProgram.Step, _ output: AffineQuantization
    ) -> ByteTensor {
        let first = x[0].bytes
        switch operation {
        case .maxPool2D(let geometry): return first.maxPooled(geometry)
        case .averagePool2D(let geometry): return first.averagePooled(geometry, from: x[0].quantization, to: output)
        case .globalAveragePool:
            let (n, h, w, c) = first.shape.nhwc(for: "globalAveragePool")
            let whole = Pool2DGeometry(input: (h, w, c), window: (h, w))
            return first.averagePooled(whole, from: x[0].quantization, to: output).reshaped(to: [n, c])
        case .add:
            return first.adding(x[1].bytes, from: (x[0].quantization, x[1].quantization), to: output, relu: step.relu)
        case .multiply:
            return first.multiplied(by: x[1].bytes, from: (x[0].quantization, x[1].quantization), to: output)
        case .concatenate(let axis):
            return .concatenated(zip(x, tables).map { $0.bytes.mapped(through: $1) }, axis: axis)
        case .flatten: return first.reshaped(to: Shape([first.shape[0]] + step.shape))
        case .relu, .sigmoid, .tanh, .scale: return first.mapped(through: tables[0])
        case .convolution2D, .dense, .batchNorm, .softmax, .logSoftmax, .learning:
            fatalError("IntegerNetwork: \(step.name) is no step on bytes")
        }
    }

    private func bytes(_ value: Value?) -> (bytes: ByteTensor, quantization: AffineQuantization) {
        guard case .bytes(let bytes, let quantization)? = value else { fatalError("IntegerNetwork: no bytes to read") }
        return (bytes, quantization)
    }

    private func floats(_ value: Value?) -> Tensor {
        switch value {
        case .bytes(let bytes, let quantization): return bytes.dequantized(quantization)
        case .floats(let tensor): return tensor
        case nil: fatalError("IntegerNetwork: no value to read")
        }
    }
}

extension IntegerProgram.Step {
    var name: String { operation?.name ?? "input" }

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
        switch operation {
        case nil, .softmax, .logSoftmax: return
        case .convolution2D, .dense:
            guard floatLayer == nil else { return }
            for source in sources { _ = try source.bytes(for: self) }
            guard quantization != nil || (residual == nil && !relu) else {
                throw GraphError(operation: name, reason: "adds or cuts, and has no scale for the result")
            }
        default:
            for source in sources { _ = try source.bytes(for: self) }
            guard quantization != nil else { throw GraphError(operation: name, reason: "has no scale for the result") }
        }
    }
}

extension Autograd.Operation {
    /// The function that is applied to every element, or for joined parts the identity, which only changes steps.
    fileprivate var functionOfOneNumber: ((Float) -> Float)? {
        switch self {
        case .concatenate: { $0 }
        case .relu: { max($0, 0) }
        case .sigmoid: { 1 / (1 + expf(-$0)) }
        case .tanh: { tanhf($0) }
        case .scale(let factor): { $0 * factor }
        default: nil
        }
    }

    /// Whether it has no form on bytes: what it reads is turned into numbers.
    var isSoftmax: Bool { self == .softmax || self == .logSoftmax }

    /// Whether the result's bytes are some of the input's.
    var keepsBytes: Bool {
        switch self {
        case .maxPool2D, .flatten: true
        default: false
        }
    }
}
