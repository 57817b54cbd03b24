import Autograd
import Datasets
import Foundation
import Graph
import Layers
import ONNX
import Quantize
import TensorCore

/// A trained network in a file: a graph with its weights, float32 or int8, and what is needed to feed it.
///
/// The graph is the model: nothing of the network's Swift type is needed to read it, whether it was written in Swift,
/// pruned or imported.
///
///     try ModelFile(network, inputShape: [28, 28, 1], description: description).write(to: url)
///     let file = try ModelFile.read(url)
///     let logits = file.predict(images)
public struct ModelFile: Sendable {
    /// What a file says besides the graph.
    public struct Description: Hashable, Sendable, Codable {
        /// What people call the network: "convnet-16". Nothing depends on it.
        public var architecture: String
        /// How its inputs are normalised.
        public var normalization: Normalization
        /// What its outputs mean.
        public var classNames: [String]
        /// How images of a folder were held out from its training; whoever tests it later does the same. Nil where
        /// nobody knows, as of a model from elsewhere.
        public var heldOut: HeldOut?
        /// Whether it read images padded and not stretched, see `ImageSize`; nil where nobody knows.
        public var keepsAspect: Bool?

        private enum CodingKeys: String, CodingKey {
            case architecture, normalization, classNames, heldOut, keepsAspect
        }

        /// Describes a model.
        public init(
            architecture: String, normalization: Normalization, classNames: [String], heldOut: HeldOut? = .byName,
            keepsAspect: Bool? = false
        ) {
            self.architecture = architecture
            self.normalization = normalization
            self.classNames = classNames
            self.heldOut = heldOut
            self.keepsAspect = keepsAspect
        }

        /// Reads a description; one that does not say how images were held out or brought to their size is of the time
        /// when there was one way.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            architecture = try values.decode(String.self, forKey: .architecture)
            normalization = try values.decode(Normalization.self, forKey: .normalization)
            classNames = try values.decode([String].self, forKey: .classNames)
            heldOut =
                values.contains(.heldOut) ? try values.decodeIfPresent(HeldOut.self, forKey: .heldOut) : .byPlace
            keepsAspect =
                values.contains(.keepsAspect) ? try values.decodeIfPresent(Bool.self, forKey: .keepsAspect) : false
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(architecture, forKey: .architecture)
            try container.encode(normalization, forKey: .normalization)
            try container.encode(classNames, forKey: .classNames)
            // null where they are not known, and not left out
            try container.encode(heldOut, forKey: .heldOut)
            if keepsAspect != false { try container.encode(keepsAspect, forKey: .keepsAspect) }
        }
    }

    /// What computes the outputs.
    public enum Network: Sendable {
        /// A network in float32, which can be trained on.
        case float(any Module)
        /// A quantised network.
        case int8(QuantizedModel)
    }

    /// What computes the outputs.
    public let network: Network
    /// Extents of one image, [H, W, C].
    public let inputShape: Shape
    /// What is needed to feed it.
    public let description: Description

    /// What a quantised network from elsewhere computes, in float32.
    private let floatForm: (any Module)?
    /// Why a quantised network from elsewhere is computed in float32; nil for any other and for one that is not.
    public let integerRefusal: String?
    /// Whether the names of classes are known; those of a model from elsewhere may be mere numbers.
    public let namesClasses: Bool

    /// Bundles a network and its description.
    ///
    /// - Parameter inputShape: extents of one image, [H, W, C].
    public init(_ network: any Module, inputShape: Shape, description: Description) {
        self.init(network, inputShape: inputShape, description: description, namesClasses: true)
    }

    /// - Parameter integers: what there is of the network in integers, where it is quantised.
    init(
        _ network: any Module, integers: ImportedIntegers? = nil, inputShape: Shape, description: Description,
        namesClasses: Bool
    ) {
        switch integers {
        case .model(let model)?: (self.network, floatForm, integerRefusal) = (.int8(model), network, nil)
        case .refusal(let reason)?: (self.network, floatForm, integerRefusal) = (.float(network), nil, reason)
        case nil: (self.network, floatForm, integerRefusal) = (.float(network), nil, nil)
        }
        self.inputShape = inputShape
        self.description = description
        self.namesClasses = namesClasses
    }

    /// Bundles a quantised network and its description.
    public init(_ network: QuantizedModel, description: Description) {
        self.network = .int8(network)
        (floatForm, integerRefusal) = (nil, nil)
        inputShape = network.inputShape
        self.description = description
        namesClasses = true
    }

    /// The key of the description in a file's metadata.
    static let key = "description"

    /// Reads a model of any kind: a graph in float32 or int8, a file of an earlier version, or an ONNX file.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - operations: those that its graph may name, with one's own.
    ///   - limits: what the network may cost; nothing of it runs here.
    ///   - settings: what an ONNX file does not say.
    /// - Returns: the model; a float32 graph comes as a `TracedNetwork`.
    /// - Throws: `FormatError` for a file that is not a model, or a damaged one; `ConfigurationError` for settings that
    ///   do not fit it.
    public static func read(
        _ url: URL, operations: OperationRegistry = .standard, limits: GraphLimits = .init(),
        importing settings: ImportSettings = .init()
    ) throws -> ModelFile {
        if try ONNXModel.isONNX(url) {
            return try ModelFile(
                importing: ONNXModel(contentsOf: url, limits: limits), name: url.relativePath, settings)
        }
        let file = try SafetensorsFile.read(url, expecting: "a model (safetensors or ONNX)")
        guard StoredGraph.isGraph(file) else {
            let earlier = try EarlierDescription(file)
            try earlier.check(limits, file)
            return try checked(earlier.model(of: file), outputs: [earlier.classNames.count], file)
        }
        let stored = try StoredGraph(file, operations: operations, limits: limits)
        // An int8 file may be older than the description's present form.
        let earlier = stored.isInt8 ? try? EarlierDescription(file) : nil
        let description = try earlier?.present ?? Self.description(of: file)
        let (model, outputs): (ModelFile, Shape)
        if stored.isInt8 {
            let network = try QuantizedModel(stored)
            (model, outputs) = (ModelFile(network, description: description), network.outputShape)
        } else {
            let network = try TracedNetwork(NetworkGraph(stored))
            model = ModelFile(network, inputShape: network.inputShape, description: description)
            outputs = network.outputShape
        }
        if let input = earlier?.inputShape, input != model.inputShape { throw model.misfit(file, input, outputs) }
        return try checked(model, outputs: outputs, file)
    }

    private static func description(of file: SafetensorsFile) throws -> Description {
        let place = "metadata: \(key)"
        let expected = "architecture, normalization and class names"
        guard let text = file.metadata[key] else {
            throw FormatError(file: file.source, place: "metadata", found: "no \(key)", expected: expected)
        }
        do { return try JSONDecoder().decode(Description.self, from: Data(text.utf8)) } catch {
            throw FormatError(
                file: file.source, place: place, found: "text that cannot be decoded", expected: expected)
        }
    }

    /// Makes sure that the description fits the network.
    ///
    /// - Parameter outputs: extents of the network's output for one image.
    private static func checked(_ model: ModelFile, outputs: Shape, _ file: SafetensorsFile) throws -> ModelFile {
        let (own, channels) = (model.description, model.inputShape.last ?? 0)
        guard own.normalization.mean.count == channels, own.normalization.deviation.count == channels,
            own.normalization.mean.allSatisfy(\.isFinite),
            own.normalization.deviation.allSatisfy({ $0 > 0 && $0.isFinite })
        else {
            throw FormatError(
                file: file.source, place: "metadata: \(key)",
                found:
                    "a normalization of \(own.normalization.mean.count.counted("channel")), or one that is not finite",
                expected: "\(channels.counted("channel")), each with a positive deviation")
        }
        guard outputs == [own.classNames.count] else { throw model.misfit(file, model.inputShape, outputs) }
        return model
    }

    private func misfit(_ file: SafetensorsFile, _ input: Shape, _ outputs: Shape) -> FormatError {
        FormatError(
            file: file.source, place: "metadata: \(Self.key)",
            found: "images of \(input), \(description.classNames.count.counted("class", "classes"))",
            expected: "what the network takes and gives (images of \(inputShape) to \(outputs))")
    }

    /// Writes the model, whole or not at all. The same model gives the same bytes.
    ///
    /// - Throws: `GraphError` for a network that no graph represents, `FileWriteError` where the file cannot be
    ///   written.
    public func write(to url: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let metadata = [Self.key: String(decoding: try encoder.encode(description), as: UTF8.self)]
        switch network {
        case .float(let module):
            try NetworkGraph(tracing: module, inputShape: inputShape).file(metadata: metadata).write(to: url)
        case .int8(let model): try model.write(to: url, metadata: metadata)
        }
    }

    /// The network in float32; nil for an int8 model of Retort's, which cannot be trained on.
    public var module: (any Module)? { if case .float(let module) = network { module } else { floatForm } }

    /// Logits [N, classes] of normalised inputs [N, H, W, C].
    public func predict(_ inputs: Tensor) -> Tensor {
        switch network {
        case .float(let module): module.predict(inputs)
        case .int8(let model): model.predict(inputs)
        }
    }
}
