import Autograd
import Layers
import TensorCore

/// A network as data: what inference, quantisation and pruning work on, whatever Swift type it was traced from.
///
/// Nodes stand in the order in which they run; the first is the input. Passes are functions from graph to graph:
///
///     let graph = try NetworkGraph(tracing: model, inputShape: [28, 28, 1])
///         .foldingBatchNorm().fusingActivations()
///     let logits = try InferencePlan(graph)(images)
public struct NetworkGraph: Sendable {
    /// What a node reads.
    public enum Operand: Sendable {
        /// The result of an earlier node.
        case node(Int)
        /// A tensor of the network: a parameter by its path in the module, or a constant without one.
        case tensor(Tensor, path: String?)
    }

    /// One operation and what joined it: relu(operation(operands) + residual), without what is not set.
    public struct Node: Sendable {
        /// What is computed; nil for the network's input.
        public var operation: AnyOperation?
        /// In the order that the operation documents.
        public var operands: [Operand]
        /// A node whose result is added.
        public var residual: Int?
        /// Whether negative values are cut, last.
        public var relu = false
        /// Extents of the result for any batch size.
        public var extents: BatchShape
        /// Names of the feature map that the result is, as the module gave them.
        public internal(set) var features: [String] = []
        /// The node of the traced network whose result this one's is: after fusing, that of the last node that went
        /// into it.
        public internal(set) var origin = 0

        /// Extents of the result for one image: all axes but the batch's.
        public var shape: Shape { extents.image }

        /// The operation's name and the path of its first parameter, for messages.
        public var description: String {
            let name = operation?.description ?? "input"
            return firstPath.map { "\(name) (\($0))" } ?? name
        }

        /// The path of a layer in the network, which its parameters' paths begin with; nil for a step without
        /// parameters.
        public var layerPath: String? {
            firstPath.map { $0.split(separator: ".").dropLast().joined(separator: ".") }
        }

        /// A step.
        ///
        /// - Parameters:
        ///   - operation: what is computed; nil for the network's input.
        ///   - operands: in the order that the operation documents.
        ///   - extents: of the result for any batch size.
        package init(operation: AnyOperation?, operands: [Operand], extents: BatchShape) {
            (self.operation, self.operands, self.extents) = (operation, operands, extents)
        }

        private var firstPath: String? {
            operands.lazy.compactMap { if case .tensor(_, let path?) = $0 { path } else { nil } }.first
        }
    }

    /// The steps, in the order in which they run.
    public internal(set) var nodes: [Node]
    /// The node that is the network's result.
    public internal(set) var output: Int

    /// Extents of the input for one image.
    public var inputShape: Shape { nodes[0].shape }

    /// A graph of steps that were not traced, as from a file of another format.
    ///
    /// - Parameters:
    ///   - nodes: the input first; each reads earlier ones.
    ///   - output: the node that is the network's result.
    /// - Throws: ``GraphError`` that names the first node whose operands do not fit, for some batch size.
    package init(nodes: [Node], output: Int) throws {
        (self.nodes, self.output) = (nodes, output)
        self = try droppingUnused().inferringExtents()
        for index in self.nodes.indices { self.nodes[index].origin = index }
    }
}

extension NetworkGraph {
    /// The same steps with other tensors, each of the shape of the one that it replaces.
    ///
    /// - Parameter transform: from the step, the tensor's place among its operands, the tensor and its path.
    public func replacingTensors(
        _ transform: (_ node: Int, _ operand: Int, _ tensor: Tensor, _ path: String?) throws -> Tensor
    ) rethrows -> NetworkGraph {
        var graph = self
        for index in nodes.indices {
            for (place, operand) in nodes[index].operands.enumerated() {
                guard case .tensor(let tensor, let path) = operand else { continue }
                let replacement = try transform(index, place, tensor, path)
                require(
                    replacement.shape == tensor.shape,
                    "replacingTensors: shape \(replacement.shape) for \(path ?? "a constant") of shape \(tensor.shape)")
                graph.nodes[index].operands[place] = .tensor(replacement, path: path)
            }
        }
        return graph
    }

    /// The same steps with other weights and another bias, which it may have had none of, in a convolution or dense
    /// layer.
    ///
    /// - Parameters:
    ///   - weights: of the shape of those that they replace.
    ///   - bias: [C'].
    public func replacingLayer(_ node: Int, weights: Tensor, bias: Tensor) -> NetworkGraph {
        let old = nodes[node]
        require(
            old.isLinearLayer && old.tensors.first?.shape == weights.shape && weights.shape.last == bias.count,
            "replacingLayer: weights \(weights.shape) and bias \(bias.shape) for \(old.description)")
        var graph = self
        let path: String? =
            if case .tensor(_, let path)? = old.operands.last, old.tensors.count > 1 { path } else { nil }
        guard case .tensor(_, let weightPath) = old.operands[1] else { return self }
        graph.nodes[node].operands = [
            old.operands[0], .tensor(weights, path: weightPath), .tensor(bias, path: path),
        ]
        return graph
    }
}

/// A network cannot be represented or run as a graph. Reads as one line that names the operation.
public struct GraphError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The operation, with the path of its parameter if it has one.
    public let operation: String
    /// What is wrong with it.
    public let reason: String

    /// Creates an error from its two parts.
    public init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    public var description: String { "\(operation): \(reason)" }
}

extension NetworkGraph.Node {
    /// The nodes that it reads, the residual last.
    public var sources: [Int] {
        operands.compactMap { if case .node(let index) = $0 { index } else { nil } } + (residual.map { [$0] } ?? [])
    }

    /// The tensors that it reads, in order.
    public var tensors: [Tensor] {
        operands.compactMap { if case .tensor(let tensor, _) = $0 { tensor } else { nil } }
    }
}

extension NetworkGraph {
    /// The shapes of what a node's operation reads, in order.
    ///
    /// - Parameter batch: images in a batch.
    package func operandShapes(of node: Node, batch: Int = 1) -> [Shape] {
        node.operands.map { operand in
            switch operand {
            case .node(let source): nodes[source].extents.shape(batch: batch) ?? []
            case .tensor(let tensor, _): tensor.shape
            }
        }
    }
}
