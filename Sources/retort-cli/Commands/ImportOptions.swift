import ArgumentParser
import Foundation
import ONNX
import Retort

/// What the file of an ONNX model does not say.
struct ImportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How inputs of an ONNX model are normalised.",
            discussion: """
                imagenet, cifar, 0-1, -1-1, 0-255, or MEAN,…/DEVIATION,… of pixel / 255 with a number for each \
                channel. Models that Retort wrote say it themselves.
                """, valueName: "NAME"))
    var normalization: String?

    @Option(
        help: ArgumentHelp("Image size for an ONNX model that leaves it open.", valueName: "HEIGHTxWIDTH"))
    var inputSize: String?

    func validate() throws {
        guard inputSize == nil || size != nil else {
            throw ValidationError("--input-size: \(inputSize ?? "") found, two whole numbers such as 224x224 expected")
        }
    }

    /// The size that was asked for.
    var size: (height: Int, width: Int)? {
        let numbers = inputSize?.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard let numbers, numbers.count == 2, let height = numbers[0], let width = numbers[1], height > 0, width > 0
        else { return nil }
        return (height, width)
    }

    /// Reads a model of any kind.
    ///
    /// - Throws: as ``open(_:)-([String])``.
    func open(_ path: String) throws -> StoredModel { try open([path])[0] }

    /// Reads models of any kind.
    ///
    /// - Throws: `ConfigurationError` for a normalisation that is missing or does not fit a model, and for options
    ///   without effect.
    func open(_ paths: [String]) throws -> [StoredModel] {
        try checkEffect(on: paths)
        let settings = ImportSettings(normalization: normalization, imageSize: size)
        return try paths.map { path in
            let model = try StoredModel(URL(fileURLWithPath: path), importing: settings)
            if let refusal = model.integerRefusal {
                StandardStream.say("\(path): INT8, computed in FP32, since it has no integer form (\(refusal))")
            }
            return model
        }
    }

    /// Refuses what is said of ONNX files where there is none.
    func checkEffect(on paths: [String]) throws {
        for (name, isGiven) in [("normalization", normalization != nil), ("input-size", inputSize != nil)] where isGiven
        {
            guard try !paths.contains(where: { try ONNXModel.isONNX(URL(fileURLWithPath: $0)) }) else { return }
            throw ConfigurationError(
                [.name(name)], "has no effect: it is for ONNX files, and other models say it themselves; leave it out")
        }
    }
}
