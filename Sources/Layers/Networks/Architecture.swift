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
    /// Channels of what can be cut by itself, as ``Family-swift.enum/widths`` has them; nil where they are the family's
    /// own.
    public let widths: [Int]?

    /// Describes a network.
    ///
    /// - Parameter widths: of a pruned one, as many as the family has, each 1 ... that of the family.
    public init(_ family: Family, height: Int, width: Int, channels: Int, classes: Int, widths: [Int]? = nil) {
        self.family = family
        self.height = height
        self.width = width
        self.channels = channels
        self.classes = classes
        self.widths = widths
    }

    /// The same with the channels that a network of the family has: fewer where it was pruned.
    ///
    /// - Parameter network: a ``ConvNet``, ``ResNet`` or ``MLP`` of this description, pruned or not.
    public func keeping(widthsOf network: any Module) -> Architecture {
        let found: [Int]
        switch (family, network) {
        case (.convNet, let network as ConvNet): found = network.widths
        case (.resNet, let network as ResNet): found = network.widths
        case (.mlp, let network as MLP): found = network.widths
        default: fatalError("Architecture.keeping: a \(type(of: network)) given, \(family.name) expected")
        }
        return Architecture(
            family, height: height, width: width, channels: channels, classes: classes,
            widths: found == family.widths ? nil : found)
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

    /// The family's text form, and what pruning left of its channels.
    public var name: String {
        family.name + (widths.map { " (\($0.map(String.init).joined(separator: "-")))" } ?? "")
    }

    /// How many weights the network has, without biases and normalisations; known without building it.
    public var weightCount: Int {
        let widths = widths ?? family.widths
        switch family {
        case .convNet:
            let blocks = zip([channels] + widths, widths).reduce(0) { $0 + 9 * $1.0 * $1.1 }
            return blocks + widths[3] * classes
        case .resNet(let depth):
            let blocks = (depth - 2) / 6
            var count = 9 * channels * widths[0] + widths[2] * classes
            for (number, inner) in widths.dropFirst(3).enumerated() {
                let stage = number / blocks
                let isWider = stage > 0 && number % blocks == 0
                let (inputs, outputs) = (widths[isWider ? stage - 1 : stage], widths[stage])
                count += 9 * inner * (inputs + outputs) + (isWider ? inputs * outputs : 0)
            }
            return count
        case .mlp:
            return zip([height * width * channels] + widths, widths + [classes]).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    /// The network with fresh weights.
    public func makeNetwork(seed: UInt64) -> any Module {
        let widths = widths ?? family.widths
        switch family {
        case .convNet: return ConvNet(widths: widths, channels: channels, classes: classes, seed: seed)
        case .resNet(let depth):
            return ResNet(depth: depth, widths: widths, channels: channels, classes: classes, seed: seed)
        case .mlp: return MLP(inputs: height * width * channels, hidden: widths, classes: classes, seed: seed)
        }
    }
}

extension Architecture.Family {
    /// The text form that ``Architecture/family(named:)`` reads.
    public var name: String {
        switch self {
        case .convNet(let width): "convnet-\(width)"
        case .resNet(let depth): "resnet-\(depth)"
        case .mlp(let hidden): (["mlp"] + hidden.map(String.init)).joined(separator: "-")
        }
    }

    /// Output channels of what can be cut by itself, in this order: the blocks of a ``ConvNet``; the stages of a
    /// ``ResNet``, whose blocks are added to one another, and then the first convolution of each block; the hidden
    /// layers of an ``MLP``.
    public var widths: [Int] {
        switch self {
        case .convNet(let width): [width, width, 2 * width, 2 * width]
        case .resNet(let depth): ResNet.widths(depth: depth)
        case .mlp(let hidden): hidden
        }
    }
}
