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
        let step = step(index)
        let count = step.shape.elementCount
        if let layer = step.layer {
            write(layer, step, index)
        } else if let kernel = step.operation?.integerKernel {
            kernel.write(index, to: &self)
        } else if step.operation?.tableFunction != nil {
            let table = table(of: index, 0, named: "table\(index)")
            call(.map, [place(step.inputs[0]), "\(count)", table, place(index)])
        } else if let own = step.quantization {
            call(.quantize, ["input", "\(count)", Self.c(own.scale), "\(own.zeroPoint)", place(index)])
        }
        if index == network.program.steps.count - 1, let own = step.quantization {
            call(.dequantize, [place(index), "\(count)", Self.c(own.scale), "\(own.zeroPoint)", "output"])
        }
    }

    /// A step of the program.
    func step(_ index: Int) -> IntegerProgram.Step { network.program.steps[index] }

    private mutating func write(_ layer: IntegerProgram.Layer, _ step: IntegerProgram.Step, _ index: Int) {
        guard let input = network.program.steps[step.inputs[0]].quantization else { return }
        let g = layer.geometry
        let weights = array("int8_t", "weights\(index)", layer.weights.map { "\($0)" }, bytes: layer.weights.count)
        let bias = array("int32_t", "bias\(index)", layer.bias.map { "\($0)" }, bytes: 4 * layer.bias.count)
        let multipliers = step.multipliers(of: layer, input).map(Self.c)
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
                "(layer) {\(sizes.map { "\($0)" }.joined(separator: ", ")), \(Self.c(ratio))}", weights, bias, factors,
                place(step.inputs[0]), step.residual.map(place) ?? "0",
            ] + (output == nil ? ["0", "output"] : [place(index), "0"]))
    }

    /// Writes the call of an average over windows.
    mutating func average(_ g: Pool2DGeometry, _ index: Int) {
        let step = step(index)
        guard let input = self.step(step.inputs[0]).quantization, let output = step.quantization else { return }
        call(
            .averagePool,
            [
                "(window) {\(Self.window(g))}", g.countsPadding ? "1" : "0", "\(input.zeroPoint)",
                Self.c(input.scale / output.scale), "\(output.zeroPoint)", place(step.inputs[0]), place(index),
            ])
    }

    /// What the call of a kernel with two operands begins with: where they lie, their count and zero points.
    func pair(_ index: Int) -> (operands: [String], inputs: [AffineQuantization], output: AffineQuantization)? {
        let step = step(index)
        let inputs = step.inputs.compactMap { self.step($0).quantization }
        guard inputs.count == 2, let output = step.quantization else { return nil }
        let operands = step.inputs.map(place) + ["\(step.shape.elementCount)"] + inputs.map { "\($0.zeroPoint)" }
        return (operands, inputs, output)
    }

    /// The name of the table of an operand, as a constant.
    mutating func table(of index: Int, _ part: Int, named name: String) -> String {
        array("uint8_t", name, network.tables[index][part].map { "\($0)" }, bytes: 256)
    }

    /// The initialiser of a window in C.
    static func window(_ g: Pool2DGeometry) -> String {
        [
            g.inputHeight, g.inputWidth, g.channels, g.windowHeight, g.windowWidth, g.outputHeight, g.outputWidth,
            g.strideHeight, g.strideWidth, g.paddingHeight, g.paddingWidth,
        ].map { "\($0)" }.joined(separator: ", ")
    }

    /// Where the result of a step lies.
    func place(_ step: Int) -> String { "memory + \(memory.offsets[step] ?? 0)" }

    /// A number to its last bit.
    static func c(_ value: Float) -> String { String(format: "%af", Double(value)) }

    private mutating func array(_ type: String, _ name: String, _ elements: [String], bytes: Int) -> String {
        constantBytes += bytes
        let lines = stride(from: 0, to: elements.count, by: 20).map {
            "    " + elements[$0..<min($0 + 20, elements.count)].joined(separator: ", ")
        }
        constants.append("static const \(type) \(name)[\(elements.count)] = {\n\(lines.joined(separator: ",\n"))\n};")
        return name
    }

    /// Writes the call of a kernel.
    mutating func call(_ kernel: CKernelText, _ arguments: [String]) {
        for needed in kernel.requires + [kernel] where !kernels.contains(needed) { kernels.append(needed) }
        calls.append("\(kernel.rawValue)(\(arguments.joined(separator: ", ")));")
    }
}
