import Foundation
import TensorCore

/// What ONNX Runtime computes with a model (Scripts/make-onnx-goldens).
struct RuntimeGolden: Decodable {
    struct Output: Decodable {
        let shape: [Int]
        /// Every how many elements one is kept.
        let stride: Int
        let elements: [Float]
        let largest: Float
    }

    /// Extents of the input.
    let input: [Int]
    let outputs: [String: Output]

    /// The input.
    var images: Tensor {
        let shape = Shape(input)
        return Tensor((0..<shape.elementCount).map { Float(sin(0.37 * Double($0) + 0.11)) }, shape: shape)
    }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    /// Where networks from elsewhere are.
    static let models = ProcessInfo.processInfo.environment["RETORT_MODELS"].flatMap {
        $0.isEmpty ? nil : URL(filePath: $0)
    }

    /// By names of models.
    static func read(_ name: String = "models.json") throws -> [String: RuntimeGolden] {
        struct File: Decodable { let models: [String: RuntimeGolden] }
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: folder.appending(path: name))).models
    }
}
