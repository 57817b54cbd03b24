import Autograd
import Datasets
import Foundation
import Graph
import ONNX
import Quantize
import TensorCore

/// What the file of another library does not say of its model.
public struct ImportSettings: Sendable {
    /// How its inputs are normalised, as `Normalization.init(_:channels:)` reads it; nil for what the file says.
    public var normalization: String?
    /// The size of images of a model that leaves it open.
    public var imageSize: (height: Int, width: Int)?

    /// Describes an import.
    public init(normalization: String? = nil, imageSize: (height: Int, width: Int)? = nil) {
        self.normalization = normalization
        self.imageSize = imageSize
    }

    /// That of a model that takes the inputs of another.
    public init(taking normalization: Normalization) {
        func text(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ",") }
        self.init(normalization: "\(text(normalization.mean))/\(text(normalization.deviation))")
    }
}

extension ModelFile {
    /// Bundles a network from an ONNX file: its first output's logits.
    ///
    /// A softmax at the end is left out, as losses and predictions bring their own. A quantised file is computed in
    /// integers where these have its arithmetic, and all in float32 where they have not; as a teacher it is in float32.
    /// A file that Retort wrote says how inputs are normalised and what classes mean; of others the normalisation must
    /// be given, and classes are numbers.
    ///
    /// - Parameters:
    ///   - model: the network.
    ///   - name: the file, for messages.
    ///   - settings: what the file does not say.
    /// - Throws: `FormatError` for a model that is no graph of one input, and one without a known
    ///   normalisation (`ConfigurationError`).
    init(importing model: ONNXModel, name: String, _ settings: ImportSettings) throws {
        let rounded = try model.roundedGraph(imageSize: settings.imageSize).droppingFinalSoftmax()
        let network = try TracedNetwork(rounded.graph())
        // Before the normalisation is asked for, which would not help.
        let classes = network.outputShape.rank == 1 ? network.outputShape[0] : 0
        guard classes > 0 else {
            throw FormatError(
                file: name, found: "a model whose first output has extents \(network.outputShape) for an image",
                expected: "a classifier: one number for each class")
        }
        let channels = network.inputShape.last ?? 0
        let stored = model.metadata[ModelFile.key].flatMap {
            try? JSONDecoder().decode(Description.self, from: Data($0.utf8))
        }
        let normalization: Normalization
        if let text = settings.normalization {
            do { normalization = try Normalization(text, channels: channels) } catch {
                throw ConfigurationError(["normalization"], error.problem)
            }
        } else if let known = stored?.normalization, known.mean.count == channels {
            normalization = known
        } else {
            throw ConfigurationError(
                ["normalization"],
                "missing: \(name) does not say how its inputs are normalised; give one of "
                    + "\(Normalization.names.joined(separator: ", ")) or MEAN,…/DEVIATION,…")
        }
        let names = stored?.classNames ?? []
        let namesClasses = names.count == classes
        self.init(
            network, integers: try rounded.integers(), inputShape: network.inputShape,
            description: Description(
                architecture: stored?.architecture ?? "onnx", normalization: normalization,
                classNames: namesClasses ? names : (0..<classes).map(String.init), heldOut: stored?.heldOut,
                keepsAspect: stored?.keepsAspect),
            namesClasses: namesClasses)
    }
}

/// A quantised network from elsewhere in integers, or why it is computed in float32.
enum ImportedIntegers {
    case model(QuantizedModel)
    case refusal(String)
}

extension RoundedGraph {
    /// The network in integers; nil where nothing of it is of 8 bits.
    ///
    /// - Throws: `MachineError` where the machine has no memory for it.
    func integers() throws -> ImportedIntegers? {
        guard isRounded else { return nil }
        do { return .model(try QuantizedModel(self)) } catch let error as GraphError { return .refusal("\(error)") }
    }

    /// The same without a softmax that gives the result.
    func droppingFinalSoftmax() -> RoundedGraph {
        var graph = self
        while true {
            var node = graph.output
            while let role = roles[node] {
                switch role {
                case .bytes(let source, _, _), .numbers(let source, _): node = source
                }
            }
            guard let operation = nodes[node].operation,
                operation.is(SoftmaxOperation.self) || operation.is(LogSoftmaxOperation.self),
                case .node(let source)? = nodes[node].operands.first, source > 0
            else { return graph }
            graph.output = source
        }
    }
}
