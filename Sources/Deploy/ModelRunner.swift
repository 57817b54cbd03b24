import Foundation
import ONNX
import TensorCore

/// Computes a model of any kind on named tensors in its own layout.
public struct ModelRunner: Sendable {
    private enum Kind {
        case onnx(ONNXModel)
        case own(ModelFile)
    }

    private let kind: Kind
    private let name: String

    /// Reads a model.
    ///
    /// - Throws: `FormatError` for a file that is no model.
    public init(_ url: URL) throws {
        name = url.relativePath
        kind =
            if try ONNXModel.isONNX(url) { .onnx(try ONNXModel(contentsOf: url)) } else {
                .own(try ModelFile.read(url))
            }
    }

    /// Names of the inputs, all of which a call must give.
    public var inputs: [String] {
        switch kind {
        case .onnx(let model): model.inputs.map(\.name)
        case .own: ["image"]
        }
    }

    /// A tensor from an NPY file, of the type that an input has.
    ///
    /// - Throws: `FormatError` for a file that is no NPY file, and numbers that are no whole ones where the input wants
    ///   these.
    public func tensor(from url: URL, for input: String) throws -> ONNXTensor {
        let tensor = try NPY.read(url)
        guard tensor.shape.rank < 2 || tensor.shape[0] > 0 else {
            throw FormatError(
                file: url.relativePath, found: "an array \(tensor.shape), of no image,", expected: "1 image or more")
        }
        guard case .onnx(let model) = kind, let type = model.inputs.first(where: { $0.name == input })?.type else {
            return ONNXTensor(tensor)
        }
        do { return try ONNXTensor(tensor, as: type) } catch {
            throw FormatError(file: url.relativePath, found: error.found, expected: "\(type), as input \(input) is")
        }
    }

    /// The outputs, in the model's order.
    ///
    /// - Throws: `FormatError` for inputs that do not fit.
    public func run(_ inputs: [String: ONNXTensor]) throws -> [(name: String, tensor: ONNXTensor)] {
        switch kind {
        case .onnx(let model):
            let results = try model.run(inputs)
            return model.outputs.compactMap { output in results[output.name].map { (output.name, $0) } }
        case .own(let file):
            guard let images = inputs["image"]?.tensor else {
                throw FormatError(file: name, problem: "no value for the input \"image\" was given")
            }
            guard images.shape.rank > 0, Shape(Array(images.shape.dropFirst())) == file.inputShape else {
                throw FormatError(
                    file: name, place: "input \"image\"", found: "a tensor of \(images.shape)",
                    expected: "images [N, \(file.inputShape.map(String.init).joined(separator: ", "))]",
                    advice: images.shape.dropFirst().elementsEqual([file.inputShape[2]] + file.inputShape.prefix(2))
                        ? "array.transpose(0, 2, 3, 1) has channels last" : nil)
            }
            return [("logits", ONNXTensor(file.predict(images)))]
        }
    }
}
