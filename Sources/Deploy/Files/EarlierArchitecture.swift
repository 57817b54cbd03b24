import Foundation
import Layers
import TensorCore

/// What float32 files said of their network before files held graphs: enough to build it, without its weights.
struct EarlierArchitecture: Hashable, Sendable, Codable {
    /// The family, with its size.
    enum Family: Hashable, Sendable, Codable {
        /// ``ConvNet`` of a width.
        case convNet(width: Int)
        /// ``ResNet`` of a depth.
        case resNet(depth: Int)
        /// ``MLP`` with hidden layers.
        case mlp(hidden: [Int])
    }

    /// The family, with its size.
    let family: Family
    /// Extents of the images that it was made for.
    let height, width, channels: Int
    /// The number of classes.
    let classes: Int
    /// Channels of what can be cut by itself, as ``Family-swift.enum/widths`` has them; nil where they are the family's
    /// own.
    let widths: [Int]?

    /// Describes a network.
    ///
    /// - Parameter widths: of a pruned one, as many as the family has, each 1 ... that of the family.
    init(_ family: Family, height: Int, width: Int, channels: Int, classes: Int, widths: [Int]? = nil) {
        self.family = family
        self.height = height
        self.width = width
        self.channels = channels
        self.classes = classes
        self.widths = widths
    }

    /// The family's text form, and what pruning left of its channels.
    var name: String {
        family.name + (widths.map { " (\($0.map(String.init).joined(separator: "-")))" } ?? "")
    }

    /// How many weights the network has, without biases and normalisations; known without building it.
    var weightCount: Int {
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
    func makeNetwork(seed: UInt64) -> any Module {
        let widths = widths ?? family.widths
        switch family {
        case .convNet: return ConvNet(widths: widths, channels: channels, classes: classes, seed: seed)
        case .resNet(let depth):
            return ResNet(depth: depth, widths: widths, channels: channels, classes: classes, seed: seed)
        case .mlp: return MLP(inputs: height * width * channels, hidden: widths, classes: classes, seed: seed)
        }
    }
}

extension EarlierArchitecture.Family {
    /// The text form: convnet-16, resnet-20, mlp-128-64.
    var name: String {
        switch self {
        case .convNet(let width): "convnet-\(width)"
        case .resNet(let depth): "resnet-\(depth)"
        case .mlp(let hidden): (["mlp"] + hidden.map(String.init)).joined(separator: "-")
        }
    }

    /// Output channels of what can be cut by itself, in this order: the blocks of a ``ConvNet``; the stages of a
    /// ``ResNet``, whose blocks are added to one another, and then the first convolution of each block; the hidden
    /// layers of an ``MLP``.
    var widths: [Int] {
        switch self {
        case .convNet(let width): [width, width, 2 * width, 2 * width]
        case .resNet(let depth): ResNet.channels(depth: depth)
        case .mlp(let hidden): hidden
        }
    }
}

extension EarlierArchitecture {
    /// Whether it describes a network that there is, for images that it takes.
    var isSound: Bool {
        let sizes = [height, width, channels, classes]
        let least = if case .convNet = family { 2 } else { 1 }
        let own = family.isKnown ? family.widths : []
        let hasKnownWidths = widths.map { $0.count == own.count && zip($0, own).allSatisfy { $0 > 0 && $0 <= $1 } }
        return family.isKnown && sizes.allSatisfy { $0 > 0 && $0 <= 65_536 } && min(height, width) >= least
            && hasKnownWidths ?? true
    }
}

extension EarlierArchitecture.Family {
    /// Whether there is a network of this size.
    fileprivate var isKnown: Bool {
        let sizes =
            switch self {
            case .convNet(let width): [width]
            case .resNet(let depth): [depth]
            case .mlp(let hidden): hidden
            }
        return sizes.allSatisfy { $0 > 0 && $0 <= 4096 } && (try? NetworkRegistry.standard.family(of: name)) != nil
    }
}
