import Autograd
import Foundation
import Graph
import TensorCore

/// The calls and constants of an exported network, node by node.
struct CNodeWriter {
    private let network: IntegerNetwork
    private let memory: ActivationMemory
    /// The shape of each node's result for one image, with the batch axis wherever it is.
    private let shapes: [Shape]
    /// Functions of numbers without their names, in the order of their first use.
    private var functions: [String] = []
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
        shapes = network.program.nodes.reduce(into: []) { $0.append($1.resultShape(reading: $0)) }
    }

    /// Writes a node; the last one's result goes to the output in float32.
    ///
    /// - Throws: ``GraphError`` for a node that has no form in C.
    mutating func write(_ index: Int) throws {
        let node = node(index)
        let count = node.shape.elementCount
        if memory.isShared(index) {
            // The result lies where the operand does.
        } else if let layer = node.layer {
            write(layer, node, index)
        } else if node.isFloat {
            try writeFloats(index)
        } else if let kernel = node.operation?.integerKernel {
            try kernel.write(index, to: &self)
        } else if node.operation?.tableFunction != nil {
            let table = table(of: index, 0, named: "table\(index)")
            call(.map, [place(node.inputs[0]), "\(count)", table, place(index)])
        } else if let own = node.quantization {
            call(.quantize, ["input", "\(count)", Self.c(own.scale), "\(own.zeroPoint)", place(index)])
        }
        if index == network.program.nodes.count - 1, let own = node.quantization {
            call(.dequantize, [place(index), "\(count)", Self.c(own.scale), "\(own.zeroPoint)", "output"])
        }
    }

    /// The shape of a node's result for one image, with the batch axis.
    func shape(_ node: Int) -> Shape { shapes[node] }

    /// A node of the program.
    func node(_ index: Int) -> IntegerProgram.Node { network.program.nodes[index] }

    private mutating func write(_ layer: IntegerProgram.Layer, _ node: IntegerProgram.Node, _ index: Int) {
        guard let input = network.program.nodes[node.inputs[0]].quantization else { return }
        let g = layer.geometry
        let weights = array("int8_t", "weights\(index)", layer.weights.map { "\($0)" }, bytes: layer.weights.count)
        let bias = array("int32_t", "bias\(index)", layer.bias.map { "\($0)" }, bytes: 4 * layer.bias.count)
        let multipliers = node.multipliers(of: layer, input).map(Self.c)
        let factors = array("float", "multipliers\(index)", multipliers, bytes: 4 * multipliers.count)
        let residual = node.residual.flatMap { network.program.nodes[$0].quantization }
        let output = node.quantization
        let ratio = residual.map { $0.scale / (output?.scale ?? 1) } ?? 0
        let zeros = [input.zeroPoint, output?.zeroPoint ?? 0, residual?.zeroPoint ?? 0].map(Int.init)
        call(
            .convolve,
            [
                Self.layer(g, zeros + [node.relu ? 1 : 0], ratio), weights, bias, factors, place(node.inputs[0]),
                node.residual.map(place) ?? "0",
            ] + (output == nil ? ["0", floatPlace(index)] : [place(index), "0"]))
    }

    /// The initialiser of a layer in C.
    ///
    /// - Parameters:
    ///   - numbers: zero points of input, output and residual, and whether there is a relu.
    ///   - ratio: of the residual's scale to the output's.
    static func layer(_ g: Conv2DGeometry, _ numbers: [Int], _ ratio: Float) -> String {
        let sizes = [
            g.inputHeight, g.inputWidth, g.inputChannels, g.kernelHeight, g.kernelWidth, g.outputHeight, g.outputWidth,
            g.outputChannels, g.strideHeight, g.strideWidth, g.padding.top, g.padding.left, g.dilationHeight,
            g.dilationWidth, g.groups,
        ]
        return "(layer) {\((sizes + numbers).map { "\($0)" }.joined(separator: ", ")), \(c(ratio))}"
    }

    /// Writes the call of an average over windows.
    mutating func average(_ g: Pool2DGeometry, _ index: Int) {
        let node = node(index)
        guard let input = self.node(node.inputs[0]).quantization, let output = node.quantization else { return }
        call(
            .averagePool,
            [
                "(window) {\(Self.window(g))}", g.countsPadding ? "1" : "0", "\(input.zeroPoint)",
                Self.c(input.scale / output.scale), "\(output.zeroPoint)", place(node.inputs[0]), place(index),
            ])
    }

    /// Writes the call that gives each element of a result from a place of its operand; a negative place is the border.
    ///
    /// - Throws: ``GraphError`` where no walk gives the places.
    mutating func take(_ places: [Int], _ index: Int, border: UInt8) throws {
        let source = place(node(index).inputs[0])
        let operand = shape(node(index).inputs[0])
        switch Movement(places, from: operand, to: shape(index)) {
        case .read(let walk): call(.arrange, [source, text(walk, of: index), "\(places.count)", place(index)])
        case .write(let walk):
            let counts = ["\(operand.elementCount)", "\(border)", place(index), "\(places.count)"]
            call(.frame, [source, text(walk, of: index)] + counts)
        case nil: throw GraphError(operation: node(index).name, reason: "moves values as nothing in C does")
        }
    }

    /// A walk in C, with its list as a constant.
    mutating func text(_ walk: Walk, of index: Int) -> String {
        guard !walk.lists.isEmpty else { return walk.text("0") }
        return walk.text(array("int32_t", "places\(index)", walk.lists.map { "\($0)" }, bytes: 4 * walk.lists.count))
    }

    /// What the call of a kernel with two operands begins with: where they lie, the larger first, how often the
    /// other's rows are repeated, and their zero points.
    func pair(_ index: Int) -> (operands: [String], inputs: [AffineQuantization], output: AffineQuantization)? {
        let node = node(index)
        let shapes = node.inputs.map { shape($0) }
        guard shapes.count == 2, let output = node.quantization, let rows = RepeatedRows(shapes[0], shapes[1])
        else { return nil }
        let sources = rows.repeatsFirst ? node.inputs.reversed() : node.inputs
        let inputs = sources.compactMap { self.node($0).quantization }
        let sizes = [rows.rows, rows.repeats, rows.length]
        let operands = sources.map(place) + sizes.map { "\($0)" } + inputs.map { "\($0.zeroPoint)" }
        return (operands, inputs, output)
    }

    /// The name of the table of an operand, as a constant.
    mutating func table(of index: Int, _ part: Int, named name: String) -> String {
        array("uint8_t", name, network.tables(of: index)[part].map { "\($0)" }, bytes: 256)
    }

    /// The initialiser of a window in C.
    static func window(_ g: Pool2DGeometry) -> String {
        [
            g.inputHeight, g.inputWidth, g.channels, g.windowHeight, g.windowWidth, g.outputHeight, g.outputWidth,
            g.strideHeight, g.strideWidth, g.padding.top, g.padding.left, g.padding.bottom, g.padding.right,
            g.dilationHeight, g.dilationWidth,
        ].map { "\($0)" }.joined(separator: ", ")
    }

    /// Where the result of a node lies, as bytes.
    func place(_ node: Int) -> String {
        "memory\(memory.holdsFloats ? ".bytes" : "") + \(memory.offsets[node] ?? 0)"
    }

    /// Where the result of a node lies that is float32.
    func floatPlace(_ node: Int) -> String {
        memory.offsets[node].map { "memory.floats + \($0 / MemoryLayout<Float>.size)" } ?? "output"
    }

    /// A number to its last bit.
    static func c(_ value: Float) -> String { String(format: "%af", Double(value)) }

    mutating func array(_ type: String, _ name: String, _ elements: [String], bytes: Int) -> String {
        constantBytes += bytes
        let lines = stride(from: 0, to: elements.count, by: 20).map {
            "    " + elements[$0..<min($0 + 20, elements.count)].joined(separator: ", ")
        }
        constants.append("static const \(type) \(name)[\(elements.count)] = {\n\(lines.joined(separator: ",\n"))\n};")
        return name
    }

    /// What ``function(_:_:)`` was asked for.
    var functionTexts: [String] {
        functions.enumerated().map { "static float function\($0)\($1)\n" }
    }

    /// The name of a function of numbers.
    ///
    /// - Parameters:
    ///   - parameters: in C.
    ///   - value: what it returns.
    mutating func function(_ parameters: String, _ value: String) -> String {
        let text = "(\(parameters)) { return \(value); }"
        let place =
            functions.firstIndex(of: text)
            ?? {
                functions.append(text)
                return functions.count - 1
            }()
        return "function\(place)"
    }

    /// Writes the call of a kernel.
    mutating func call(_ kernel: CKernelText, _ arguments: [String]) {
        for needed in kernel.withRequired where !kernels.contains(needed) { kernels.append(needed) }
        calls.append("\(kernel.rawValue)(\(arguments.joined(separator: ", ")));")
    }
}
