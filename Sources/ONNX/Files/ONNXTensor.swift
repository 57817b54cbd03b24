import Autograd
import Foundation
import SwiftProtobuf
import TensorCore

/// A tensor of an ONNX model, of any type that is read: what ``ONNXModel/run(_:)`` takes and gives.
///
/// Axes are in the model's own order, so images are [N, C, H, W] in most models.
public struct ONNXTensor: Sendable {
    /// The type that the model gives its elements.
    public let type: ElementType
    /// Its extents.
    public let shape: Shape

    let elements: Elements

    enum Elements: Sendable {
        /// Floating-point numbers of any width, as float32.
        case floats(Tensor)
        /// Integers and truth values (0 and 1).
        case integers([Int])
    }

    /// A tensor of float32.
    public init(_ tensor: Tensor) { self.init(tensor, type: .float32) }

    /// A tensor of integers or truth values.
    ///
    /// - Parameters:
    ///   - integers: the elements in row-major order, each a number of the type; truth values are 0 and 1.
    ///   - shape: its extents, of as many elements.
    ///   - type: an integer type, or `bool`.
    public init(_ integers: [Int], shape: Shape, type: ElementType = .int64) {
        require(
            shape.elementCount == integers.count,
            "ONNXTensor: \(integers.count) elements for shape \(shape)")
        require(type.integerRange != nil, "ONNXTensor: integers as \(type)")
        (self.type, self.shape, elements) = (type, shape, .integers(integers))
    }

    init(_ tensor: Tensor, type: ElementType) { (self.type, shape, elements) = (type, tensor.shape, .floats(tensor)) }

    /// The elements as float32.
    public var tensor: Tensor {
        switch elements {
        case .floats(let tensor): tensor
        case .integers(let values): Tensor(values.map(Float.init), shape: shape)
        }
    }

    /// The elements of an integer or truth-value type; nil for floating-point numbers.
    public var integers: [Int]? {
        if case .integers(let values) = elements { values } else { nil }
    }
}

extension ONNXTensor {
    /// Reads a tensor that lies in a file of its own (`TensorProto`), as the inputs of the ONNX project's tests do.
    ///
    /// - Throws: `FormatError` for what is no tensor of numbers.
    public init(contentsOf url: URL) throws {
        let path = FilePath(url)
        let stored: Onnx_TensorProto
        do { stored = try Onnx_TensorProto(serializedBytes: InputFile.read(path)) } catch is BinaryDecodingError {
            throw FormatError(file: "\(path)", problem: "no intact ONNX tensor", advice: "copy it again")
        }
        self = try TensorReader(file: "\(path)", folder: nil).read(stored)
    }
}

extension ONNXTensor {
    /// A tensor of numbers as a type.
    ///
    /// - Throws: `OperationError` for an integer type and numbers that are none of its own.
    public init(_ tensor: Tensor, as type: ElementType) throws(OperationError) {
        guard let range = type.integerRange else {
            self.init(tensor, type: type)
            return
        }
        let integers = tensor.scalars.map { Int(clamping: $0) }
        if let place = integers.indices.first(where: {
            Float(integers[$0]) != tensor.scalars[$0] || !range.contains(integers[$0])
        }) {
            throw OperationError(found: "\(tensor.scalars[place])", expected: "\(type)")
        }
        self.init(integers, shape: tensor.shape, type: type)
    }

    /// The bytes of an NPY file: float32, or int64 for integers and truth values.
    public var npy: Data {
        switch elements {
        case .floats(let tensor): NPY.encode(tensor)
        case .integers(let values): NPY.encode(values, shape: shape)
        }
    }
}
