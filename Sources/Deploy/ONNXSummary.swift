import Foundation
import Graph
import ONNX
import TensorCore

/// What an ONNX file holds, whether Retort reads it, and what the model costs.
public struct ONNXSummary: Encodable, Sendable {
    /// An operator of the model.
    public struct Operator: Encodable, Sendable {
        public let name: String
        public let count: Int
        /// Whether it is read.
        public let isRead: Bool
    }

    /// How a quantised file is computed.
    public struct Integers: Encodable, Sendable {
        /// Nodes that are computed in float32 all the same, since the file does not round what they read or give, or
        /// there is no kernel for integers.
        public let floatNodes: [String]
        /// Why all of it is computed in float32; nil where it is not.
        public let refusal: String?
    }

    /// The file.
    public let model: String
    /// Who wrote it.
    public let producer: String
    /// The version of the standard operator set.
    public let operatorSet: Int?
    /// The size of the file.
    public let bytes: Int
    /// Names, types and extents.
    public let inputs, outputs: [String]
    /// By name.
    public let operators: [Operator]
    /// Strings that were stored with it.
    public let metadata: [String: String]
    /// Learnt values; nil where the model is no graph.
    public let parameters: Int?
    /// Products that are summed for one image.
    public let multiplyAdds: Int?
    /// The most that the results of the nodes take together while one image goes through.
    public let peakActivationBytes: Int?
    /// How a quantised file is computed; nil for a file in float32.
    public let integers: Integers?
    /// Why the model cannot be run, trained or quantised; nil if it can.
    public let refusal: String?

    /// Describes a file.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - imageSize: of a model that leaves it open.
    /// - Throws: `FormatError` for a file that is no ONNX model.
    public init(_ url: URL, imageSize: (height: Int, width: Int)? = nil) throws {
        let onnx = try ONNXModel(contentsOf: url)
        model = url.relativePath
        bytes = try OutputFile.size(url)
        (producer, operatorSet, metadata) = (onnx.producer, onnx.operatorSet, onnx.metadata)
        inputs = onnx.inputs.map { "\($0.name): \($0)" }
        outputs = onnx.outputs.map { "\($0.name): \($0)" }
        let unread = Set(onnx.unreadOperators)
        operators = onnx.operators.sorted { $0.key < $1.key }.map {
            Operator(name: $0.key, count: $0.value, isRead: !unread.contains($0.key))
        }
        do {
            let rounded = try onnx.roundedGraph(imageSize: imageSize)
            let graph = try rounded.graph()
            let found = try rounded.integers()
            peakActivationBytes =
                if case .model(let model)? = found {
                    model.peakActivationBytes
                } else {
                    try InferencePlan(graph.foldingBatchNorm().fusingActivations()).peakActivationBytes
                }
            parameters = graph.nodes.reduce(0) { sum, node in
                node.operands.reduce(sum) { if case .tensor(let tensor, _?) = $1 { $0 + tensor.count } else { $0 } }
            }
            multiplyAdds = graph.nodes.reduce(0) { $0 + graph.multiplyAdds(of: $1) }
            (integers, refusal) = (found.map { Integers($0) }, nil)
        } catch {
            if error is MachineError { throw error }
            (parameters, multiplyAdds, peakActivationBytes, integers) = (nil, nil, nil, nil)
            refusal = "\(error)"
        }
    }
}

extension ONNXSummary.Integers {
    fileprivate init(_ found: ImportedIntegers) {
        switch found {
        case .refusal(let reason): self.init(floatNodes: [], refusal: reason)
        case .model(let model):
            let floatNodes = model.nodes.filter(\.isFloat).map { node in
                node.operation + (node.path.map { " (\($0))" } ?? "")
            }
            self.init(floatNodes: floatNodes, refusal: nil)
        }
    }
}
