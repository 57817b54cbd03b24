import Autograd
import Layers
import TensorCore

/// A graph as a network that trains, so that what a pass made of a network is repaired and quantised as any other.
///
///     let graph = try NetworkGraph(tracing: student, inputShape: [28, 28, 1]).factorized(to: .multiplyAdds(0.6))
///     var small = try TracedNetwork(graph)
///     _ = try Distiller(teacher: student).fit(&small, on: data, plan: plan)
///
/// Its parameters are the graph's, by their paths, and its filters can be cut as those of any module. What a trace does not hold is
/// lost: dropout, names of feature maps, a normalisation's own momentum (0.1 here).
public struct TracedNetwork: Module {
    private let graph: NetworkGraph
    private let lastReads: [[Int]]
    private let paths: [String]
    private let places: [String: Int]
    private var values: [Parameter]

    /// - Throws: `GraphError` for an operation that only learning takes.
    public init(_ graph: NetworkGraph) throws {
        var paths: [String] = []
        var values: [Parameter] = []
        for node in graph.nodes {
            if case .learning(let name)? = node.operation {
                throw GraphError(operation: name, reason: "is no operation of inference")
            }
            for (place, operand) in node.operands.enumerated() {
                guard case .tensor(let tensor, let path?) = operand, !paths.contains(path) else { continue }
                paths.append(path)
                values.append(Parameter(tensor, role: node.role(ofOperand: place)))
            }
        }
        self.graph = graph
        lastReads = Graph.lastReads(graph.nodes.map(\.sources), output: graph.output)
        places = Dictionary(uniqueKeysWithValues: zip(paths, paths.indices))
        (self.paths, self.values) = (paths, values)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        var results = [Variable?](repeating: nil, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            var result = input
            if let operation = node.operation {
                let operands = node.operands.map { operand in
                    switch operand {
                    case .node(let source): results[source] ?? input
                    case .tensor(let tensor, let path):
                        path.map { self[$0](on: input.tape) } ?? input.tape.constant(tensor)
                    }
                }
                result =
                    node.batchNorm { self[$0] }.map { $0(operands[0]) }
                    ?? operation.fitting(operands.map(\.shape))(operands)
            }
            if let residual = node.residual { result = result + (results[residual] ?? input) }
            results[index] = node.relu ? result.relu() : result
            for source in lastReads[index] { results[source] = nil }
        }
        return results[graph.output] ?? input
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        for (place, path) in paths.enumerated() { visitor(path, &values[place]) }
    }

    private subscript(path: String) -> Parameter {
        guard let place = places[path] else { fatalError("TracedNetwork: no parameter \(path)") }
        return values[place]
    }
}

extension NetworkGraph.Node {
    /// What a tensor among its operands is for.
    package func role(ofOperand place: Int) -> Parameter.Role {
        switch operation {
        case .batchNorm: place < 3 ? .bias : .statistic
        default: place == 1 ? .weight : .bias
        }
    }

    /// A normalisation as the layer that learns its statistics, where they are parameters.
    package func batchNorm(_ parameter: (_ path: String) -> Parameter) -> BatchNorm? {
        guard case .batchNorm(let epsilon)? = operation else { return nil }
        let own = operands.compactMap { operand -> Parameter? in
            guard case .tensor(_, let path?) = operand else { return nil }
            return parameter(path)
        }
        guard own.count == 4 else { return nil }
        var layer = BatchNorm(own[0].value.count, epsilon: epsilon)
        (layer.scale, layer.shift, layer.runningMean, layer.runningVariance) = (own[0], own[1], own[2], own[3])
        return layer
    }
}

extension Autograd.Operation {
    /// The same for operands with other numbers of channels than were traced, as cut filters leave them.
    fileprivate func fitting(_ shapes: [Shape]) -> Autograd.Operation {
        switch self {
        case .convolution2D(let g):
            let (_, height, width, channels) = shapes[0].nhwc(for: "TracedNetwork")
            return .convolution2D(
                Conv2DGeometry(
                    input: (height, width, channels), kernel: (g.kernelHeight, g.kernelWidth),
                    outputChannels: shapes[1][3], stride: (g.strideHeight, g.strideWidth),
                    padding: (g.paddingHeight, g.paddingWidth), dilation: (g.dilationHeight, g.dilationWidth),
                    groups: channels / shapes[1][2]))
        case .maxPool2D(let g): return .maxPool2D(g.fitting(shapes[0]))
        case .averagePool2D(let g): return .averagePool2D(g.fitting(shapes[0]))
        default: return self
        }
    }
}

extension Pool2DGeometry {
    fileprivate func fitting(_ shape: Shape) -> Pool2DGeometry {
        let (_, height, width, channels) = shape.nhwc(for: "TracedNetwork")
        return Pool2DGeometry(
            input: (height, width, channels), window: (windowHeight, windowWidth), stride: (strideHeight, strideWidth),
            padding: (paddingHeight, paddingWidth), countsPadding: countsPadding)
    }
}
