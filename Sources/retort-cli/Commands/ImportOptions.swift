import ArgumentParser
import Foundation
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
    /// - Throws: ``UsageFault`` for a normalisation that is missing or does not fit the model.
    func open(_ path: String) throws -> StoredModel {
        let settings = ImportSettings(normalization: normalization, imageSize: size)
        let model: StoredModel
        do { model = try StoredModel(URL(fileURLWithPath: path), importing: settings) } catch let fault
            as ConfigurationError where fault.path == ["normalization"]
        { throw UsageFault(fault.path, fault.problem) }
        if let refusal = model.integerRefusal {
            StandardStream.say("\(path): its INT8 is computed in float32: \(refusal)")
        }
        return model
    }
}
