import Autograd
import Graph
import TensorCore

/// Collects the operations that ONNX nodes become. What depends on no input is computed at once.
final class GraphBuilder {
    /// The inputs, and the operations in the order in which they run.
    private(set) var nodes: [NetworkGraph.Node] = []
    /// What is known of bytes, by node.
    private(set) var roles: [Int: RoundedGraph.Role] = [:]
    private(set) var layers: [Int: RoundedGraph.Layer] = [:]
    private let limits: GraphLimits
    private var operations = 0.0

    init(limits: GraphLimits) { self.limits = limits }

    /// Adds an input.
    ///
    /// - Returns: its node.
    func addInput(_ extents: BatchShape) -> Int {
        nodes.append(NetworkGraph.Node(operation: nil, operands: [], extents: extents))
        return nodes.count - 1
    }

    /// Applies an operation to operands as they lie.
    ///
    /// - Throws: `OperationError` where they do not fit, or cost more than the limits.
    func apply(_ operation: some GraphOperation, _ operands: [GraphValue.Content]) throws -> GraphValue.Content {
        let known = try operands.map { operand -> Tensor? in
            switch operand {
            case .tensor(let tensor, _): return tensor
            case .node: return nil
            case .integers:
                throw OperationError(found: "integers", expected: "floating-point numbers")
            }
        }
        let shapes = operands.map(\.shape)
        let result = try operation.shape(of: shapes)
        try charge(operation.work(of: shapes) + shapes.reduce(0) { $0 + Double($1.elementCount) }, result)
        if known.allSatisfy({ $0 != nil }) {
            try chargeMemory(of: result)
            return .tensor(operation.forward(known.compactMap(\.self)), path: nil)
        }
        let graphOperands = operands.map { operand -> NetworkGraph.Operand in
            switch operand {
            case .tensor(let tensor, let path): .tensor(tensor, path: path)
            case .node(let node, _): .node(node)
            case .integers: fatalError("apply: integers were refused")
            }
        }
        let extents = try BatchShape(inferredFrom: { batch throws(OperationError) in
            try operation.shape(of: self.shapes(of: operands, batch: batch))
        })
        guard let extents else {
            throw OperationError(
                found: "\(operation.label) whose result depends on the batch size otherwise",
                expected: "extents that are fixed or grow with the batch")
        }
        nodes.append(NetworkGraph.Node(operation: AnyOperation(operation), operands: graphOperands, extents: extents))
        return .node(nodes.count - 1, result)
    }

    /// Notes what the result of a node stands for; of a known one there is nothing to note.
    func note(_ result: GraphValue.Content, _ role: RoundedGraph.Role) {
        if case .node(let node, _) = result { roles[node] = role }
    }

    /// Notes that the weights of a layer, and its bias, are stored integers.
    ///
    /// - Parameter axis: the weights' output channels, as ONNX has the axes.
    func note(layer: GraphValue.Content, weights: GraphValue, axis: Int, bias: GraphValue?) {
        guard case .node(let node, let shape) = layer, let rounding = weights.rounding,
            let channels = shape.last, let scales = rounding.scales(channels, axis: axis)
        else { return }
        guard let bias else {
            layers[node] = RoundedGraph.Layer(scales: scales, bias: nil)
            return
        }
        guard let own = bias.rounding, let integers = own.integers, integers.count == channels,
            let biasScales = own.scales(channels, axis: 0)
        else { return }
        layers[node] = RoundedGraph.Layer(scales: scales, bias: (integers, biasScales))
    }

    /// The extents of a content for any batch size.
    func extents(of content: GraphValue.Content) -> BatchShape? {
        switch content {
        case .node(let node, _): nodes[node].extents
        case .tensor, .integers: BatchShape(one: content.shape, two: content.shape)
        }
    }

    private func shapes(of operands: [GraphValue.Content], batch: Int) throws(OperationError) -> [Shape] {
        var shapes: [Shape] = []
        for operand in operands {
            guard let shape = extents(of: operand)?.shape(batch: batch) else {
                throw OperationError(found: "an input of \(operand.shape)", expected: "a countable size")
            }
            shapes.append(shape)
        }
        return shapes
    }

    /// Counts work that is done now or for each image later.
    func charge(_ work: Double, _ result: Shape) throws(OperationError) {
        guard result.elementCount <= StoredGraph.elementLimit else {
            throw OperationError(
                found: "a result of \(result)", expected: "at most \(StoredGraph.elementLimit) elements")
        }
        operations += work + Double(result.elementCount)
        guard operations <= limits.operations else {
            throw OperationError(
                found: "a network of more than \(limits.operations) operations",
                expected: "fewer (a program can raise its GraphLimits)")
        }
    }

    /// Asks for the memory that a known result takes.
    func chargeMemory(of result: Shape) throws {
        let bytes = result.elementCount * MemoryLayout<Float>.size
        guard bytes <= limits.activationBytes else {
            throw OperationError(
                found: "a result of \(bytes) bytes",
                expected: "at most \(limits.activationBytes) (a program can raise its GraphLimits)")
        }
        try MachineMemory.require(bytes, for: "a tensor of \(result)")
    }
}
