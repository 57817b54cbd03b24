import Datasets
import Foundation
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
        guard QuantizedModel.isQuantized(try SafetensorsFile.read(url)) else {
            let file = try ModelFile.read(url)
            network = .float(file.model)
            description = file.description
            return
        }
        let (model, metadata) = try QuantizedModel.read(url)
        guard let text = metadata[Self.descriptionKey] else {
            throw FormatError(
                file: url.path, place: "metadata", found: "no \(Self.descriptionKey)",
                expected: "architecture, normalization and class names")
        }
        network = .int8(model)
        description = try .init(decoding: text, from: url.path)
        let a = description.architecture
        let input: Shape = [a.height, a.width, a.channels]
        guard model.inputShape == input,
            model.predict(.zeros(Shape([1] + input.extents))).shape == [1, a.classes]
        else {
            throw FormatError(
                file: url.path, place: "metadata: \(Self.descriptionKey)",
                found: "images of \(input), \(a.classes) classes",
                expected: "what the steps take and give (images of \(model.inputShape))")
        }
    }

    /// The key of the description in a quantised model's metadata.
    private static let descriptionKey = "description"

    /// Writes a quantised model and what is needed to feed it, as ``init(_:)`` reads them.
    ///
    /// - Throws: `FileWriteError` where the file cannot be written.
    public static func write(_ model: QuantizedModel, description: ModelFile.Description, to url: URL) throws {
        try model.write(to: url, metadata: [descriptionKey: description.encoded()])
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
