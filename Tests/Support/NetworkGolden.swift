import Foundation
import TensorCore

/// What torchvision or timm computes for a network whose weights are made by a formula; Scripts/make-network-goldens
/// writes it and says what the fields are.
public struct NetworkGolden: Decodable {
    /// A tensor of the network, in the order of its state dictionary.
    public struct Entry: Decodable {
        /// PyTorch's.
        public let name: String
        public let shape: [Int]
        /// What is added to each element: a hexadecimal digit, less 8, in 32nds.
        let shift: String?
        /// What is known of its gradient, or of it after a pass in training.
        public let values: [Double]

        /// The layer that it belongs to.
        public var layer: Substring { name.lastIndex(of: ".").map { name[..<$0] } ?? name[...] }
    }

    /// Extents of the four images.
    public let height, width: Int
    private let images: Int
    /// How far PyTorch's single precision is from its double precision.
    public let single: Double
    /// Logits in use, and in training.
    public let evaluation, training: [Double]
    public let tensors: [Entry]

    /// Reads that of a network.
    public init(_ name: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "LayersTests/Golden/Networks/\(name).json")
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
    private static func filled(_ number: Int, _ shape: Shape) -> Tensor {
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
    public var file: SafetensorsFile {
        SafetensorsFile(
            tensors: tensors.enumerated().map {
                let weights = Self.weights($0, $1.name, Shape($1.shape))
                return ($1.name, $1.shift.map { weights + Self.shift($0) } ?? weights)
            })
    }

    /// The four images: made as [N, C, H, W].
    public var batch: Tensor { Self.filled(images, [4, 3, height, width]).transposed([0, 2, 3, 1]) }

    /// Factors of the logits in the sum that is differentiated.
    public var factors: Tensor { Self.filled(2000, [4, 10]) }
}
