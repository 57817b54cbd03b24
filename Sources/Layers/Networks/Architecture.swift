import TensorCore

/// Which network a file or a command line means: enough to build one, without its weights.
///
/// In text: `convnet-16`, `resnet-20`, `mlp-128-64`.
public struct Architecture: Hashable, Sendable, Codable {
    /// The family, with its size.
    public enum Family: Hashable, Sendable, Codable {
        /// ``ConvNet`` of a width.
        case convNet(width: Int)
        /// ``ResNet`` of a depth.
        case resNet(depth: Int)
        /// ``MLP`` with hidden layers.
        case mlp(hidden: [Int])
    }

    /// The family, with its size.
    public let family: Family
    /// Extents of the images that it was made for.
    public let height, width, channels: Int
    /// The number of classes.
    public let classes: Int

    /// Describes a network.
    public init(_ family: Family, height: Int, width: Int, channels: Int, classes: Int) {
        self.family = family
        self.height = height
        self.width = width
        self.channels = channels
        self.classes = classes
    }

    /// Reads a family's text form.
    ///
    /// - Throws: `FormatError` for an unknown family or a size that it does not have.
    public static func family(named text: String) throws -> Family {
        let parts = text.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        let sizes = parts.dropFirst().compactMap { Int($0) }.filter { $0 > 0 && $0 <= 4096 }
        if sizes.count == parts.count - 1 {
            switch (parts.first, sizes.count) {
            case ("convnet", 1): return .convNet(width: sizes[0])
            case ("resnet", 1) where sizes[0] >= 8 && sizes[0] <= 1202 && (sizes[0] - 2) % 6 == 0:
                return .resNet(depth: sizes[0])
            case ("mlp", 1...8): return .mlp(hidden: sizes)
            default: break
            }
        }
        throw FormatError(
            file: "architecture", found: "'\(text)'",
            expected: "convnet-WIDTH, resnet-DEPTH (8, 20, 32, 56: 6n + 2) or mlp-HIDDEN[-HIDDEN…]")
    }

    /// Its text form.
    public var name: String {
        switch family {
        case .convNet(let width): "convnet-\(width)"
        case .resNet(let depth): "resnet-\(depth)"
        case .mlp(let hidden): (["mlp"] + hidden.map(String.init)).joined(separator: "-")
        }
    }

    /// How many weights the network has, without biases and normalisations; known without building it.
    public var weightCount: Int {
        switch family {
        case .convNet(let width): 9 * width * (channels + width + 2 * width + 4 * width) + 2 * width * classes
        case .resNet(let depth):
            // Stem; n blocks of two convolutions a stage, the first of a stage narrower; two projections; dense.
            9 * 16 * channels + ((depth - 2) / 6) * 2 * 9 * (16 * 16 + 32 * 32 + 64 * 64)
                - 9 * (32 * 16 + 64 * 32) + 32 * 16 + 64 * 32 + 64 * classes
        case .mlp(let hidden):
            zip([height * self.width * channels] + hidden, hidden + [classes]).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    /// The network with fresh weights.
    public func makeNetwork(seed: UInt64) -> any Module {
        switch family {
        case .convNet(let width): ConvNet(width: width, channels: channels, classes: classes, seed: seed)
        case .resNet(let depth): ResNet(depth: depth, channels: channels, classes: classes, seed: seed)
        case .mlp(let hidden):
            MLP(inputs: height * self.width * channels, hidden: hidden, classes: classes, seed: seed)
        }
    }
}
