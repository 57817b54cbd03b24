import Autograd
import Foundation
import TensorCore

/// The calls and constants of an exported network, step by step.
struct CStepWriter {
    private let network: IntegerNetwork
    private let memory: ActivationMemory
    /// Lines of the run function.
    private(set) var calls: [String] = []
    /// Arrays.
    private(set) var constants: [String] = []
    /// Bytes of the arrays.
    private(set) var constantBytes = 0
    /// What the calls need, in the order of its first use.
    private(set) var kernels: [CKernelText] = []

    init(_ network: IntegerNetwork, _ memory: ActivationMemory) {
        self.network = network
        self.memory = memory
    }

    /// Writes a step; the last one's result goes to the output as numbers.
    mutating func write(_ index: Int) {
        let step = network.program.steps[index]
        let count = step.shape.elementCount
        switch step.operation {
        case nil:
            if let own = step.quantization {
                call(.quantize, ["input", "\(count)", c(own.scale), "\(own.zeroPoint)", place(index)])
            }
        case .convolution2D, .dense, .batchNorm: if let layer = step.layer { write(layer, step, index) }
        case .maxPool2D(let g): call(.maxPool, ["(window) {\(window(g))}", place(step.inputs[0]), place(index)])
        case .averagePool2D(let g): average(g, step, index)
        case .globalAveragePool:
            let shape = network.program.steps[step.inputs[0]].shape
            average(
                Pool2DGeometry(input: (shape[0], shape[1], shape[2]), window: (shape[0], shape[1])), step, index)
        case .add, .multiply: pair(step, index)
        case .concatenate(let axis): concatenate(axis, step, index)
        case .flatten: break  // lies where its input does
        case .relu, .sigmoid, .tanh, .scale:
            let table = array("uint8_t", "table\(index)", network.tables[index][0].map { "\($0)" }, bytes: 256)
            call(.map, [place(step.inputs[0]), "\(count)", table, place(index)])
        case .softmax, .logSoftmax, .learning: fatalError("CStepWriter: \(step.name) has no form in C")
        }
        if index == network.program.steps.count - 1, let own = step.quantization {
            call(.dequantize, [place(index), "\(count)", c(own.scale), "\(own.zeroPoint)", "output"])
        }
    }

    private mutating func write(_ layer: IntegerProgram.Layer, _ step: IntegerProgram.Step, _ index: Int) {
        guard let input = network.program.steps[step.inputs[0]].quantization else { return }
        let g = layer.geometry
        let weights = array("int8_t", "weights\(index)", layer.weights.map { "\($0)" }, bytes: layer.weights.count)
        let bias = array("int32_t", "bias\(index)", layer.bias.map { "\($0)" }, bytes: 4 * layer.bias.count)
        let multipliers = step.multipliers(of: layer, input).map(c)
        let factors = array("float", "multipliers\(index)", multipliers, bytes: 4 * multipliers.count)
        let residual = step.residual.flatMap { network.program.steps[$0].quantization }
        let output = step.quantization
        let sizes = [
            g.inputHeight, g.inputWidth, g.inputChannels, g.kernelHeight, g.kernelWidth, g.outputHeight, g.outputWidth,
            g.outputChannels, g.strideHeight, g.strideWidth, g.paddingHeight, g.paddingWidth, g.dilationHeight,
            g.dilationWidth, g.groups, Int(input.zeroPoint), Int(output?.zeroPoint ?? 0), Int(residual?.zeroPoint ?? 0),
            step.relu ? 1 : 0,
        ]
        let ratio = residual.map { $0.scale / (output?.scale ?? 1) } ?? 0
        call(
            .convolve,
            [
                "(layer) {\(sizes.map { "\($0)" }.joined(separator: ", ")), \(c(ratio))}", weights, bias, factors,
                place(step.inputs[0]), step.residual.map(place) ?? "0",
            ] + (output == nil ? ["0", "output"] : [place(index), "0"]))
    }

    private mutating func average(_ g: Pool2DGeometry, _ step: IntegerProgram.Step, _ index: Int) {
        guard let input = network.program.steps[step.inputs[0]].quantization, let output = step.quantization else {
            return
        }
        call(
            .averagePool,
            [
                "(window) {\(window(g))}", g.countsPadding ? "1" : "0", "\(input.zeroPoint)",
                c(input.scale / output.scale), "\(output.zeroPoint)", place(step.inputs[0]), place(index),
            ])
    }

    private mutating func pair(_ step: IntegerProgram.Step, _ index: Int) {
        let inputs = step.inputs.compactMap { network.program.steps[$0].quantization }
        guard inputs.count == 2, let output = step.quantization else { return }
        let operands = [place(step.inputs[0]), place(step.inputs[1]), "\(step.shape.elementCount)"]
        let zeros = ["\(inputs[0].zeroPoint)", "\(inputs[1].zeroPoint)"]
        if step.operation == .add {
            call(
                .add,
                operands + zeros + [c(inputs[0].scale / output.scale), c(inputs[1].scale / output.scale)] + [
                    "\(output.zeroPoint)", step.relu ? "1" : "0", place(index),
                ])
        } else {
            call(
                .multiply,
                operands + zeros + [
                    c(inputs[0].scale * inputs[1].scale / output.scale), "\(output.zeroPoint)", place(index),
                ])
        }
    }

    private mutating func concatenate(_ axis: Int, _ step: IntegerProgram.Step, _ index: Int) {
        let rows = step.shape.prefix(axis - 1).reduce(1, *)
        let length = step.shape.elementCount / rows
        var start = 0
        for (part, source) in step.inputs.enumerated() {
            let own = network.program.steps[source].shape.elementCount / rows
            let table = network.tables[index][part]
            let name = array("uint8_t", "table\(index)_\(part)", table.map { "\($0)" }, bytes: 256)
            call(.place, [place(source), "\(rows)", "\(own)", name, place(index) + " + \(start)", "\(length)"])
            start += own
        }
    }

    private func window(_ g: Pool2DGeometry) -> String {
        [
            g.inputHeight, g.inputWidth, g.channels, g.windowHeight, g.windowWidth, g.outputHeight, g.outputWidth,
            g.strideHeight, g.strideWidth, g.paddingHeight, g.paddingWidth,
        ].map { "\($0)" }.joined(separator: ", ")
    }

    private func place(_ step: Int) -> String { "memory + \(memory.offsets[step] ?? 0)" }

    /// A number to its last bit.
    private func c(_ value: Float) -> String { String(format: "%af", Double(value)) }

    private mutating func array(_ type: String, _ name: String, _ elements: [String], bytes: Int) -> String {
        constantBytes += bytes
        let lines = stride(from: 0, to: elements.count, by: 20).map {
            "    " + elements[$0..<min($0 + 20, elements.count)].joined(separator: ", ")
        }
        constants.append("static const \(type) \(name)[\(elements.count)] = {\n\(lines.joined(separator: ",\n"))\n};")
        return name
    }

    private mutating func call(_ kernel: CKernelText, _ arguments: [String]) {
        for needed in kernel.requires + [kernel] where !kernels.contains(needed) { kernels.append(needed) }
        calls.append("\(kernel.rawValue)(\(arguments.joined(separator: ", ")));")
    }
}
