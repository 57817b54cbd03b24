import Autograd
import Graph
import TensorCore

/// An operation that the C export computes in float32, where nothing on uint8 does the same.
protocol FloatCForm: GraphOperation {
    /// Writes the call of a C function that computes a node.
    ///
    /// - Throws: ``GraphError`` where it has no form for these attributes or operands.
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws
}

/// A node that is computed in float32, as C has it.
struct FloatNode {
    let index: Int
    /// What it reads: an expression of the type `numbers`, and the shape for one image.
    let operands: [(numbers: String, shape: Shape)]
    /// Of the result for one image, with the batch axis.
    let shape: Shape
    /// An expression of the type `results`.
    let results: String

    /// Elements of the result.
    var count: String { "\(shape.elementCount)" }
}

extension CNodeWriter {
    /// Nothing to read, as the residual of a layer without one.
    static let nothing = "(numbers) {0, 0, 0, 0}"

    /// Writes a node that is computed in float32.
    ///
    /// - Throws: ``GraphError`` for one that has no form in C.
    mutating func writeFloats(_ index: Int) throws {
        let node = node(index)
        if let layer = node.floatLayer { return write(layer, index) }
        guard let form = node.operation?.base as? any FloatCForm, let operands = node.floatOperands else {
            throw refusal(of: index)
        }
        var place = 0
        let read = operands.map { operand in
            switch operand {
            case .node(let source): return (numbers(source), shape(source))
            case .tensor(let tensor, _):
                defer { place += 1 }
                return (constant(tensor, "floats\(index)_\(place)"), tensor.shape)
            }
        }
        try form.writeFloats(
            FloatNode(index: index, operands: read, shape: shape(index), results: results(index)), to: &self)
    }

    /// Why a node cannot be written.
    func refusal(of index: Int, _ reason: String = "has no form in C") -> GraphError {
        let node = node(index)
        // A parameter of the network itself, such as a class token, has no layer's path.
        let path = node.path.flatMap { $0.isEmpty ? nil : $0 }
        return GraphError(
            operation: path ?? node.name, reason: "\(reason), as it is computed in float32; ONNX has one")
    }

    /// The result of a node as what is read.
    func numbers(_ node: Int) -> String {
        guard let own = self.node(node).quantization else { return "(numbers) {0, \(floatPlace(node)), 0, 0}" }
        return "(numbers) {\(place(node)), 0, \(Self.c(own.scale)), \(own.zeroPoint)}"
    }

    /// The result of a node as what is written.
    func results(_ index: Int) -> String {
        let node = node(index)
        let relu = node.relu ? 1 : 0
        guard let own = node.quantization else { return "(results) {0, \(floatPlace(index)), 0, 0, \(relu)}" }
        return "(results) {\(place(index)), 0, \(Self.c(own.scale)), \(own.zeroPoint), \(relu)}"
    }

    /// A stored tensor as what is read.
    private mutating func constant(_ tensor: Tensor, _ name: String) -> String {
        "(numbers) {0, \(floats(tensor, name)), 0, 0}"
    }

    private mutating func floats(_ tensor: Tensor, _ name: String) -> String {
        array("float", name, tensor.scalars.map(Self.c), bytes: MemoryLayout<Float>.size * tensor.count)
    }

    private mutating func write(_ layer: IntegerProgram.FloatLayer, _ index: Int) {
        let node = node(index)
        let weights = floats(layer.weights, "weights\(index)")
        let bias = floats(layer.bias, "bias\(index)")
        call(
            .convolveNumbers,
            [
                Self.layer(layer.geometry, [0, 0, 0, 0], 0), weights, bias, numbers(node.inputs[0]),
                node.residual.map { numbers($0) } ?? Self.nothing, results(index),
            ])
    }

    /// Writes the call that moves values: each element of the result is from a place of the operand, and a negative
    /// place is the border.
    ///
    /// - Throws: ``GraphError`` where no walk gives the places.
    mutating func arrange(_ node: FloatNode, from places: [Int], border: Float = 0) throws {
        let source = node.operands[0].numbers
        switch Movement(places, from: node.operands[0].shape, to: node.shape) {
        case .read(let walk):
            call(.arrangeNumbers, [source, text(walk, of: node.index), node.count, node.results])
        case .write(let walk):
            let count = "\(node.operands[0].shape.elementCount)"
            call(
                .frameNumbers,
                [source, text(walk, of: node.index), count, Self.c(border), node.results, node.count])
        case nil: throw refusal(of: node.index, "moves values as nothing in C does")
        }
    }

    /// A walk in C.
    ///
    /// - Throws: ``GraphError`` for one through more axes than C has.
    func text(_ walk: Walk, of node: FloatNode) throws -> String {
        guard walk.axes.count <= Walk.limit else {
            throw refusal(of: node.index, "walks through more axes than \(Walk.limit)")
        }
        return walk.text("0")
    }
}

extension IntegerProgram.Node {
    /// The shape of its result for one image, with the batch axis wherever it is.
    ///
    /// - Parameter shapes: of the nodes before it.
    func resultShape(reading shapes: [Shape]) -> Shape {
        guard let operation else { return batchShape }
        if layer != nil || floatLayer != nil { return resultShape(reading: shapes[inputs[0]]) }
        let operands = floatOperands ?? inputs.map { .node($0) }
        let read = operands.map { operand in
            switch operand {
            case .node(let source): shapes[source]
            case .tensor(let tensor, _): tensor.shape
            }
        }
        return (try? operation.base.shape(of: read)) ?? batchShape
    }
}
