import Datasets
import Foundation
import Graph
import Layers
import Quantize
import TensorCore
import Training

/// A model read from a file, float32 or int8: its content says which.
public struct StoredModel {
    /// The file that the model was read from.
    public let url: URL
    private let file: ModelFile

    /// Reads a model.
    ///
    /// - Throws: `FormatError` for a file that is no model, or a damaged one.
    public init(_ url: URL) throws {
        self.url = url
        file = try ModelFile.read(url)
        guard file.inputShape.rank == 3 else {
            throw FormatError(
                file: url.path, found: "a model for inputs of \(file.inputShape)", expected: "images [H, W, C]")
        }
    }

    /// What computes the model's outputs.
    public var network: ModelFile.Network { file.network }

    /// The normalization of inputs and the names of classes.
    public var description: ModelFile.Description { file.description }

    /// The network as it was trained.
    ///
    /// - Throws: `FormatError` for an INT8 model, which cannot teach or be quantised again.
    public func trained() throws -> any Module {
        guard let module = file.module else {
            throw FormatError(file: url.path, found: "an INT8 model", expected: "a model in FP32")
        }
        return module
    }

    /// Logits [N, classes] of normalised inputs [N, H, W, C].
    public func predict(_ inputs: Tensor) -> Tensor { file.predict(inputs) }

    /// Tests the model on labelled images that fit it.
    public func evaluated(on images: ImageSet) -> ClassReport {
        evaluate(on: images, normalization: description.normalization) { predict($0) }
    }

    /// The extents of the model's images.
    public var imageSize: ImageSize {
        let input = file.inputShape
        return ImageSize(height: input[0], width: input[1], channels: input[2])
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
