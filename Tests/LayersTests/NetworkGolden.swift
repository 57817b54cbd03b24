import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

/// What torchvision or timm computes for a network whose weights are made by a formula; Scripts/make-network-goldens
/// writes it and says what the fields are.
struct NetworkGolden: Decodable {
    struct Entry: Decodable {
        let name: String
        let shape: [Int]
        /// What is added to each element: a hexadecimal digit, less 8, in 32nds.
        let shift: String?
        let values: [Double]

        /// The layer that it belongs to.
        var layer: Substring { name.lastIndex(of: ".").map { name[..<$0] } ?? name[...] }
    }

    let height, width, images: Int
    /// How far PyTorch's single precision is from its double precision.
    let single: Double
    let evaluation, training: [Double]
    let tensors: [Entry]

    init(_ name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/Networks/\(name).json")
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
    }

    /// Numbers in −1...1 with 24 bits, by a linear congruential generator.
    private static let table: [Float] = {
        var state: UInt32 = 1
        return (0..<10_007).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state >> 8) / 0x1p23 - 1
        }
    }()

    /// The table again and again, from a place that depends on the tensor's number.
    static func filled(_ number: Int, _ shape: Shape) -> Tensor {
        var (values, left) = ([Float](), shape.elementCount)
        values.reserveCapacity(left)
        var start = number * 3571 % table.count
        while left > 0 {
            let part = table[start..<min(table.count, start + left)]
            values += part
            (start, left) = (0, left - part.count)
        }
        return Tensor(values, shape: shape)
    }

    private static func weights(_ number: Int, _ name: String, _ shape: Shape) -> Tensor {
        let filled = filled(number, shape)
        return switch shape.rank {
        case 2, 4: filled * (6 / Float(shape.dropFirst().reduce(1, *))).squareRoot()
        case 3: filled * 0.5
        default:
            name.hasSuffix("running_var")
                ? filled * 0.5 + 1
                : name.hasSuffix("bn3.weight")
                    ? filled * 0.0625 + 0.25 : name.hasSuffix("weight") ? filled * 0.25 + 1 : filled * 0.25
        }
    }

    private static func shift(_ digits: String) -> Tensor {
        Tensor(digits.compactMap(\.hexDigitValue).map { Float($0 - 8) / 32 })
    }

    /// A file as it would be published.
    var file: SafetensorsFile {
        SafetensorsFile(
            tensors: tensors.enumerated().map {
                let weights = Self.weights($0, $1.name, Shape($1.shape))
                return ($1.name, $1.shift.map { weights + Self.shift($0) } ?? weights)
            })
    }

    /// The four images: made as [N, C, H, W].
    var batch: Tensor { Self.filled(images, [4, 3, height, width]).transposed([0, 2, 3, 1]) }

    /// Factors of the logits in the sum that is differentiated.
    var factors: Tensor { Self.filled(2000, [4, 10]) }
}

/// What a published tensor's golden values are compared with.
struct TensorSummary {
    /// Largest magnitude, mean, Euclidean norm, and three elements.
    let values: [Double]
    let shape: [Int]

    /// - Parameter tensor: in our layout.
    init(_ tensor: Tensor, role: Parameter.Role) {
        let published =
            switch (role, tensor.shape.rank) {
            case (.weight, 4): tensor.transposed([3, 2, 0, 1])
            case (.weight, 2): tensor.transposed([1, 0])
            default: tensor
            }
        let (scalars, count) = (published.scalars, published.count)
        let largest = max(scalars.max() ?? 0, -(scalars.min() ?? 0))
        let norm = Double((published * published).sum()).squareRoot()
        let elements = (1...3).map { Double(scalars[count * $0 / 4]) }
        values = [Double(largest), Double(published.sum()) / Double(count), norm] + elements
        shape = published.shape.extents
    }
}

/// Largest difference, relative to the largest golden magnitude.
func relativeDistance(_ found: some Collection<Double>, _ golden: some Collection<Double>) -> Double {
    let largest = golden.map(abs).max() ?? 0
    return zip(found, golden).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(largest, 1e-30)
}
