import Datasets
import Foundation
import Graph
import Layers
import Quantize
import TensorCore
import Training

/// A model read from a file, float32 or int8: its content says which.
public struct StoredModel {
    /// What computes the model's outputs.
    public enum Network {
        /// A network in float32, as it was trained.
        case float(any Module)
        /// A quantised network.
        case int8(QuantizedModel)
    }

    /// The file that the model was read from.
    public let url: URL
    /// What computes the model's outputs.
    public let network: Network
    /// The architecture, the normalization of inputs and the names of classes.
    public let description: ModelFile.Description

    /// Reads a model.
    ///
    /// - Throws: `FormatError` for a file that is no model, or a damaged one.
    public init(_ url: URL) throws {
        self.url = url
        let content = try SafetensorsFile.read(url)
        guard StoredGraph.isGraph(content) else {
            let file = try ModelFile.read(url)
            network = .float(file.model)
            description = file.description
            return
        }
        let (input, metadata): (Shape, [String: String])
        if try StoredGraph(content, operations: .standard).isInt8 {
            let model: QuantizedModel
            (model, metadata) = try QuantizedModel.decode(content)
            (network, input) = (.int8(model), model.inputShape)
        } else {
            let graph: NetworkGraph
            (graph, metadata) = try NetworkGraph.decode(content)
            (network, input) = (.float(try TracedNetwork(graph)), graph.inputShape)
        }
        guard let text = metadata[Self.descriptionKey] else {
            throw FormatError(
                file: url.path, place: "metadata", found: "no \(Self.descriptionKey)",
                expected: "architecture, normalization and class names")
        }
        description = try .init(decoding: text, from: url.path)
        let (size, classes) = (imageSize.shape, description.architecture.classes)
        guard input == size, predict(.zeros(Shape([1] + size.extents))).shape == [1, classes] else {
            throw FormatError(
                file: url.path, place: "metadata: \(Self.descriptionKey)",
                found: "images of \(size), \(classes) classes",
                expected: "what the nodes take and give (images of \(input))")
        }
    }

    /// The key of the description in the metadata of a graph's file.
    private static let descriptionKey = "description"

    /// Writes a quantised model and what is needed to feed it, as ``init(_:)`` reads them.
    ///
    /// - Throws: `FileWriteError` where the file cannot be written.
    public static func write(_ model: QuantizedModel, description: ModelFile.Description, to url: URL) throws {
        try model.write(to: url, metadata: [descriptionKey: description.encoded()])
    }

    /// Writes a network in float32 and what is needed to feed it, as ``init(_:)`` reads them.
    ///
    /// - Parameter network: a `TracedNetwork`, which is written as a graph, or a network of the description's
    ///   architecture, whose layers may have fewer channels.
    /// - Throws: `FileWriteError` where the file cannot be written.
    public static func write(_ network: any Module, description: ModelFile.Description, to url: URL) throws {
        guard let traced = network as? TracedNetwork else {
            var description = description
            description.architecture = description.architecture.keeping(widthsOf: network)
            return try ModelFile(network, description: description).write(to: url)
        }
        try traced.graph().file(metadata: [descriptionKey: description.encoded()]).write(to: url)
    }

    /// The network as it was trained.
    ///
    /// - Throws: `FormatError` for an INT8 model, which cannot teach or be quantised again.
    public func trained() throws -> any Module {
        guard case .float(let module) = network else {
            throw FormatError(file: url.path, found: "an INT8 model", expected: "a model in FP32")
        }
        return module
    }

    /// Logits [N, classes] of normalised inputs [N, H, W, C].
    public func predict(_ inputs: Tensor) -> Tensor {
        switch network {
        case .float(let module): module.predict(inputs)
        case .int8(let model): model.predict(inputs)
        }
    }

    /// Tests the model on labelled images that fit it.
    public func evaluated(on images: ImageSet) -> ClassReport {
        evaluate(on: images, normalization: description.normalization) { predict($0) }
    }

    /// The extents of the model's images.
    public var imageSize: ImageSize {
        let a = description.architecture
        return ImageSize(height: a.height, width: a.width, channels: a.channels)
    }

    /// Makes sure that images are of the size and the classes that the model knows.
    ///
    /// - Throws: `FormatError` with both.
    public func checkFits(_ data: DividedData) throws {
        let size = ImageSize(of: data.train)
        guard size == imageSize else {
            throw FormatError(
                file: url.path, found: "a model for images of \(imageSize)", expected: "\(size), as in \(data.name)")
        }
        guard description.classNames == data.train.classNames else {
            throw FormatError(
                file: url.path, found: "a model of \(Self.list(description.classNames))",
                expected: "\(Self.list(data.train.classNames)), as in \(data.name)")
        }
    }

    /// Makes sure that two models can be shown the same inputs.
    ///
    /// - Throws: `FormatError` with both normalisations.
    public func checkNormalization(_ expected: Normalization, of other: StoredModel) throws {
        let own = description.normalization
        guard own == expected else {
            func text(_ value: Normalization) -> String { "mean \(value.mean), deviation \(value.deviation)" }
            throw FormatError(
                file: url.path, found: "inputs normalised by \(text(own))",
                expected: "\(text(expected)), as \(other.url.lastPathComponent) has,")
        }
    }

    private static func list(_ names: [String]) -> String {
        let first = names.prefix(3).joined(separator: ", ")
        return "\(names.count) classes (\(first)\(names.count > 3 ? ", …" : ""))"
    }
}
