import Foundation
import Retort

/// A model read from a file, which of the two kinds its content says.
struct StoredModel {
    enum Network {
        case float(any Module)
        case int8(QuantizedModel)
    }

    let url: URL
    let network: Network
    let description: ModelFile.Description

    /// Reads a model.
    ///
    /// - Throws: `FormatError` for a file that is no model, or a damaged one.
    init(_ path: String) throws {
        url = URL(fileURLWithPath: path)
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
    static let descriptionKey = "description"

    /// The network as it was trained.
    ///
    /// - Throws: `FormatError` for an INT8 model, which cannot teach or be quantised again.
    func trained() throws -> any Module {
        guard case .float(let module) = network else {
            throw FormatError(file: url.path, found: "an INT8 model", expected: "a model in FP32")
        }
        return module
    }

    /// Logits [N, classes] of normalised inputs [N, H, W, C].
    func predict(_ inputs: Tensor) -> Tensor {
        switch network {
        case .float(let module): module.predict(inputs)
        case .int8(let model): model.predict(inputs)
        }
    }

    /// How the model does on images that fit it.
    func evaluated(on images: ImageSet) -> ClassReport {
        evaluate(on: images, normalization: description.normalization) { predict($0) }
    }

    /// The extents of its images.
    var imageSize: ImageSize {
        let a = description.architecture
        return ImageSize(height: a.height, width: a.width, channels: a.channels)
    }

    /// Makes sure that images are of the size and the classes that the model knows.
    ///
    /// - Throws: `FormatError` with both.
    func checkFits(_ data: CommandData) throws {
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
    func checkNormalization(_ expected: Normalization, of other: StoredModel) throws {
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

/// The extents of an image.
struct ImageSize: Hashable, CustomStringConvertible {
    let height, width, channels: Int

    init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    init(of images: ImageSet) { self.init(height: images.height, width: images.width, channels: images.channels) }

    var description: String { "\(height)×\(width)×\(channels)" }

    var shape: Shape { [height, width, channels] }
}
