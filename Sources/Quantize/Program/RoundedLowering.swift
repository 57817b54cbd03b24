import Autograd
import Graph
import TensorCore

extension QuantizedModel {
    /// Makes a model of a network whose file says how values are rounded: with the file's integers, scales and zero
    /// points, and without images.
    ///
    /// What the file rounds before and after, and the integers have a kernel for, is computed in integers; a relu or a
    /// sum between is part of the layer. What the file leaves in float32 is computed in float32: ``nodes`` says which
    /// nodes those are.
    ///
    /// - Throws: `GraphError` that names the node for a network that does not round its input, rounds one value in two
    ///   ways, computes with bytes as if they were numbers, or has no layer of integers at all.
    public init(_ rounded: RoundedGraph) throws {
        let program = try RoundedLowering(rounded).program()
        guard program.nodes.contains(where: { $0.layer != nil }) else {
            throw GraphError(operation: "network", reason: "has no layer that the file computes in 8 bits")
        }
        self.init(network: try IntegerNetwork(program))
    }
}

/// Takes roundings out of a graph, so that a node with a rounded result is a node with a scale and zero point.
struct RoundedLowering {
    /// What became of a node of the file.
    enum Value {
        /// Bytes, as the file has their numbers: from `lowest` on.
        case bytes(Int, lowest: Int)
        /// What a node's bytes stand for.
        case numbers(Int)
        /// The same with another scale.
        case scaled(Int, by: Float)
        /// A result that nothing has rounded yet.
        case floats(Int)
        /// Sums of integers.
        case sums(Int)
    }

    let rounded: RoundedGraph
    var nodes: [NetworkGraph.Node] = []
    private var values: [Int: Value] = [:]
    var quantizations: [Int: AffineQuantization] = [:]
    var layers: [Int: RoundedGraph.Layer] = [:]
    /// Layers whose sums count units: of integers that are read as they are.
    var unitLayers: [Int: RoundedGraph.Layer] = [:]
    /// What a channel's sum of such a layer is, and a byte that is added to it, in units of the result's scale.
    var multipliers: [Int: [Float]] = [:]
    var ratios: [Int: Float] = [:]
    /// Nodes whose results count units of their scale.
    var units: Set<Int> = []
    /// Nodes that are rounded together with what they read.
    private var commuting: Set<Int> = []
    /// For each node those that it reads before they are rounded.
    var floatSources: [Int: Set<Int>] = [:]

    init(_ rounded: RoundedGraph) { self.rounded = rounded }

    /// The program of the network.
    func program() throws -> IntegerProgram {
        var lowering = self
        let output = try lowering.readNodes()
        return try lowering.lowered(output)
    }

    // MARK: - The file's nodes

    /// - Returns: the node that is the network's result.
    private mutating func readNodes() throws -> Int {
        var used: Set<Int> = [0, rounded.output]
        for index in rounded.nodes.indices.reversed() where used.contains(index) {
            switch rounded.roles[index] {
            case .bytes(let source, _, _), .numbers(let source, _): used.insert(source)
            case nil: used.formUnion(rounded.nodes[index].sources)
            }
        }
        for index in used.sorted() { values[index] = try read(index) }
        switch values[rounded.output] {
        case .numbers(let node)?: return node
        case .floats(let node)? where quantizations[node] == nil && !units.contains(node): return node
        default:
            throw fault(rounded.output, "gives the network's result as bytes, which a reader would have to interpret")
        }
    }

    func fault(_ index: Int, _ reason: String) -> GraphError {
        GraphError(operation: rounded.nodes[index].description, reason: reason)
    }

    private mutating func read(_ index: Int) throws -> Value {
        switch rounded.roles[index] {
        case .bytes(let source, let quantization, let lowest)?:
            switch values[source] {
            case .floats(let node)?:
                let own = try units.contains(node) ? unitQuantization(index, quantization) : quantization
                return .bytes(try round(node, to: own), lowest: lowest)
            case .numbers(let node)? where quantizations[node] == quantization:
                return .bytes(node, lowest: lowest)
            case .numbers(let node)?:
                // From one scale to another.
                let copy = add(AnyOperation(ScaleOperation(factor: 1)), like: nodes[node], reading: [.node(node)])
                quantizations[copy] = quantization
                return .bytes(copy, lowest: lowest)
            case .bytes?, .scaled?, .sums?, nil:
                throw fault(source, "gives integers that are rounded again as if they were numbers")
            }
        case .numbers(let source, let quantization)?:
            guard case .bytes(let node, _)? = values[source] else {
                throw fault(source, "gives integers that have no single scale of 8 bits")
            }
            if quantizations[node] == quantization { return .numbers(node) }
            guard quantizations[node]?.zeroPoint == quantization.zeroPoint else {
                throw fault(source, "its result is dequantised with another zero point than it was quantised with")
            }
            return .scaled(node, by: quantization.scale)
        case nil: return try readOperation(index)
        }
    }

    private mutating func readOperation(_ index: Int) throws -> Value {
        let node = rounded.nodes[index]
        guard var operation = node.operation else { return .floats(add(nil, like: node, reading: [])) }
        var operands: [NetworkGraph.Operand] = []
        var (bytes, floats) = ([Int](), Set<Int>())
        var (scale, sums, lowest): (Float?, Int?, Int) = (nil, nil, 0)
        for operand in node.operands {
            guard case .node(let source) = operand else {
                operands.append(operand)
                continue
            }
            switch values[source] {
            case .bytes(let place, let least)?:
                bytes.append(place)
                lowest = least
                operands.append(.node(place))
            case .numbers(let place)?: operands.append(.node(place))
            case .scaled(let place, let factor)?:
                scale = factor
                operands.append(.node(place))
            case .floats(let place)?:
                floats.insert(place)
                operands.append(.node(place))
            case .sums(let place)?:
                sums = place
                operands.append(.node(place))
            case nil: throw fault(index, "reads a node that comes later")
            }
        }
        if let result = try readInUnits(index, operands, scale: scale, sums: sums, floats) { return result }
        guard let first = bytes.first, let quantization = quantizations[first] else {
            if let gated = gated(operation, operands) {
                operation = gated
                (operands, floats) = ([operands[0]], [])
            }
            let place = add(operation, like: node, reading: operands)
            layers[place] = rounded.layers[index]
            floatSources[place] = floats
            guard floats.isEmpty, operation.keepsQuantization, !operation.isFloatOnly,
                case .node(let source)? = operands.first
            else { return .floats(place) }
            quantizations[place] = quantizations[source]
            return .numbers(place)
        }
        if let pad = operation.as(PadOperation.self), pad.value == Float(lowest + Int(quantization.zeroPoint)) {
            operation = AnyOperation(PadOperation(before: pad.before, after: pad.after, value: 0))
        }
        guard bytes.count == operands.count, bytes.allSatisfy({ quantizations[$0] == quantization }),
            operation.keepsQuantization && !operation.isFloatOnly || operation.is(ConcatenateOperation.self)
        else { throw fault(index, "computes with bytes as if they were numbers") }
        let place = add(operation, like: node, reading: operands)
        quantizations[place] = quantization
        return .bytes(place, lowest: lowest)
    }

    /// The function that a product of numbers and a gate of the same numbers is, which opsets without it write so.
    private func gated(_ operation: AnyOperation, _ operands: [NetworkGraph.Operand]) -> AnyOperation? {
        guard operation.is(MultiplyOperation.self), operands.count == 2, case .node(let x) = operands[0],
            case .node(let gate) = operands[1], quantizations[x] != nil, nodes[gate].sources == [x],
            let function = nodes[gate].operation
        else { return nil }
        if function.is(SigmoidOperation.self) { return AnyOperation(SiLUOperation()) }
        return function == AnyOperation(HardSigmoidOperation()) ? AnyOperation(HardSwishOperation()) : nil
    }

    mutating func add(
        _ operation: AnyOperation?, like node: NetworkGraph.Node, reading operands: [NetworkGraph.Operand]
    ) -> Int {
        nodes.append(NetworkGraph.Node(operation: operation, operands: operands, extents: node.extents))
        return nodes.count - 1
    }

    // MARK: - Roundings

    /// Rounds the result of a node.
    ///
    /// - Returns: the node whose bytes it is, an earlier one where the node only cuts what the bytes do not hold.
    private mutating func round(_ node: Int, to quantization: AffineQuantization) throws -> Int {
        if let known = quantizations[node] {
            guard known == quantization else {
                throw GraphError(operation: nodes[node].description, reason: "is rounded in two ways")
            }
            return node
        }
        guard let operation = nodes[node].operation, let source = nodes[node].sources.first,
            floatSources[node]?.contains(source) == true
        else {
            quantizations[node] = quantization
            return node
        }
        var cutsNegatives = operation.is(ReLUOperation.self)
        if let clamp = operation.as(ClampOperation.self) {
            let (low, high) = clamp.bytes(quantization)
            if low == 0, high == 255 {
                floatSources[node] = []
                return try round(source, to: quantization)
            }
            cutsNegatives = clamp.lower == 0 && high == 255
            if cutsNegatives { nodes[node].operation = AnyOperation(ReLUOperation()) }
            // Rounding and cutting may change places.
            if !cutsNegatives { commuting.insert(node) }
        }
        let becomesPart = nodes[source].isLinearLayer || nodes[source].operation?.is(AddOperation.self) == true
        if cutsNegatives && !becomesPart || operation.keepsQuantization { commuting.insert(node) }
        if commuting.contains(node) { _ = try round(source, to: quantization) }
        quantizations[node] = quantization
        return node
    }

    /// Makes sure that nothing reads before rounding what is rounded.
    func checkFloats(_ used: Set<Int>) throws {
        for (node, sources) in floatSources where used.contains(node) {
            for source in sources where quantizations[source] != nil {
                guard commuting.contains(node) && quantizations[node] == quantizations[source] else {
                    throw GraphError(
                        operation: nodes[source].description, reason: "is rounded for one reader and not for another")
                }
            }
        }
    }
}

extension ClampOperation {
    /// The bytes of the bounds.
    fileprivate func bytes(_ quantization: AffineQuantization) -> (low: UInt8, high: UInt8) {
        let bounds = Tensor([lower ?? -.greatestFiniteMagnitude, upper ?? .greatestFiniteMagnitude])
        let bytes = bounds.quantized(quantization).bytes
        return (bytes[0], bytes[1])
    }
}
