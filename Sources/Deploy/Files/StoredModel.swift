import Datasets
import Foundation
import Graph
import Layers
import ONNX
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
    /// - Parameters:
    ///   - url: the file.
    ///   - settings: what an ONNX file does not say.
    /// - Throws: `FormatError` for a file that is no model, or a damaged one.
    public init(_ url: URL, importing settings: ImportSettings = .init()) throws {
        self.url = url
        file = try ModelFile.read(url, importing: settings)
        guard file.inputShape.rank == 3 else {
            throw FormatError(
                file: url.relativePath, found: "a model for inputs of \(file.inputShape)", expected: "images [H, W, C]")
        }
    }

    /// What computes the model's outputs.
    public var network: ModelFile.Network { file.network }

    /// Why a quantised model from elsewhere is computed in float32; nil for any other and for one that is not.
    public var integerRefusal: String? { file.integerRefusal }

    /// The normalization of inputs and the names of classes.
    public var description: ModelFile.Description { file.description }

    /// The network as it was trained.
    ///
    /// - Throws: `FormatError` for an INT8 model, which cannot teach or be quantised again.
    public func trained() throws -> any Module {
        guard let module = file.module else { throw isInt8 }
        return module
    }

    /// The network, for whoever changes its weights.
    ///
    /// - Throws: `FormatError` for a model in INT8, also one from elsewhere that is computed in float32.
    public func unquantized() throws -> any Module {
        guard case .float(let module) = file.network, integerRefusal == nil else { throw isInt8 }
        return module
    }

    private var isInt8: FormatError {
        FormatError(
            file: url.relativePath, found: "an INT8 model", expected: "a model in FP32",
            advice: "give the one that it was made from")
    }

    /// Logits [N, classes] of normalised inputs [N, H, W, C].
    public func predict(_ inputs: Tensor) -> Tensor { file.predict(inputs) }

    /// The model as an ONNX file, as ``ModelFile/onnx(operatorSet:)``.
    public func onnx(operatorSet: Int = 13) throws -> ONNXExport { try file.onnx(operatorSet: operatorSet) }

    /// Tests the model on labelled images that fit it.
    ///
    /// - Throws: what their source throws; nothing where they are in memory.
    public func evaluated<Source: ImageSource>(on images: Source) throws(Source.Failure) -> ClassReport {
        try evaluate(on: images, normalization: description.normalization) { predict($0) }
    }

    /// The extents of the model's images, and whether their aspect is kept.
    public var imageSize: ImageSize {
        let input = file.inputShape
        return ImageSize(
            height: input[0], width: input[1], channels: input[2], keepsAspect: description.keepsAspect ?? false)
    }

    /// The data with the model's classes in the model's order: classes are matched by their names.
    ///
    /// - Throws: `FormatError` as ``checkFits(_:)``.
    public func fitting(_ data: DividedData) throws -> DividedData {
        let ordered = ordering(data)
        try checkFits(ordered)
        return ordered
    }

    /// The data with the model's classes in the model's order, where they are the model's.
    public func ordering(_ data: DividedData) -> DividedData {
        file.namesClasses ? data.withClasses(inOrderOf: description.classNames) ?? data : data
    }

    /// Whether the file names the classes; else they are known by their numbers.
    package var namesClasses: Bool { file.namesClasses }

    /// Makes sure that images are of the size and the classes that the model knows, in its order, and that they were
    /// held out as those that it was trained on.
    ///
    /// - Throws: `FormatError` with both.
    public func checkFits(_ data: DividedData) throws {
        var (size, own) = (data.train.size, imageSize)
        // What nobody knows is not compared.
        if description.keepsAspect == nil { own.keepsAspect = size.keepsAspect }
        guard size == own else {
            throw FormatError(
                file: url.relativePath, found: "a model for images of \(imageSize)",
                expected: "one for \(size), as in \(data.name),", advice: Self.remedy)
        }
        let (names, others) = (description.classNames, data.train.classNames)
        guard names == others || !file.namesClasses && names.count == others.count else {
            let (known, given) = (Set(names), Set(others))
            let difference =
                if names.count != others.count {
                    ""
                } else if let odd = known.symmetricDifference(given).min() {
                    " (\(odd) is in \(known.contains(odd) ? "the model" : data.name) alone)"
                } else {
                    " (the order is another)"
                }
            // Numbers are no names.
            let classes = file.namesClasses ? Self.list(names) : names.count.counted("class", "classes")
            throw FormatError(
                file: url.relativePath, found: "a model of \(classes)",
                expected: "one of \(Self.list(others)) as in \(data.name)\(difference)", advice: Self.remedy)
        }
        try checkHeldOut(data)
    }

    /// Makes sure that images were held out as those that the model was trained on.
    ///
    /// - Throws: `FormatError` with both rules.
    public func checkHeldOut(_ data: DividedData) throws {
        if let rule = data.heldOut, let own = description.heldOut, rule != own {
            throw FormatError(
                file: url.relativePath,
                problem:
                    "its images were held out \(own.words), those of this run \(rule.words): it was trained on some of "
                    + "the test images",
                advice: "take models and --group-by that hold out the same images")
        }
    }

    /// What a file made of the model on data says: how the data's images were held out and brought to their size, where
    /// the model does not know.
    public func description(on data: DividedData) -> ModelFile.Description {
        var description = description
        description.heldOut = description.heldOut ?? data.heldOut
        description.keepsAspect = description.keepsAspect ?? data.train.size.keepsAspect
        return description
    }

    private static let remedy = "give --data the images that the model is for, or another model"

    static func list(_ names: [String]) -> String {
        let first = names.prefix(3).joined(separator: ", ")
        return "\(names.count.counted("class", "classes")) (\(first)\(names.count > 3 ? ", …" : ""))"
    }
}
