import TensorCore

/// Networks that differ in a few sizes, made by name: "convnet-16", "mlp-128-64".
public struct NetworkFamily: Sendable {
    /// What names look like, for help and messages: "convnet-WIDTH".
    public let pattern: String
    /// The highest learning rate that suits such networks.
    public let learningRate: Float
    /// The pattern, with what sizes may be where it does not say it.
    let rule: String
    /// What names begin with, before a dash or the end: "convnet", "mobilenetv3-small".
    let prefix: String
    /// Which images its networks take, for a message: "sides of 2 pixels or more".
    let images: String
    /// From what follows in a name, parted at dashes, to the network; nil where there is none.
    let member: @Sendable (_ parts: [Substring]) -> Member?

    /// A network that is not made yet.
    struct Member: Sendable {
        /// The number of its weights, or 0 where it is small for any image.
        let weights: @Sendable (_ input: Shape, _ classes: Int) -> Int
        let make: @Sendable (_ input: Shape, _ classes: Int, _ seed: UInt64) -> (any Module)?
    }

    /// Describes a family of networks that differ in whole sizes.
    ///
    /// - Parameters:
    ///   - pattern: its name, and behind dashes what the sizes are, in capitals: "convnet-WIDTH".
    ///   - learningRate: the highest that suits.
    ///   - images: which images they take, for messages: "sides of 2 pixels or more".
    ///   - accepts: whether there is a network of some sizes, each 1 to 4,096.
    ///   - weights: how many a network has, for families where they grow with the images: memory is asked for them
    ///     before the network is made.
    ///   - make: from the sizes in the name, the extents of an image [H, W, C], the number of classes and a seed to the
    ///     network, or nil for images that it does not take.
    public init(
        _ pattern: String, learningRate: Float = 0.2, images: String = "images of another size",
        accepts: @escaping @Sendable (_ sizes: [Int]) -> Bool,
        weights: @escaping @Sendable (_ sizes: [Int], _ input: Shape, _ classes: Int) -> Int = { _, _, _ in 0 },
        make: @escaping @Sendable (_ sizes: [Int], _ input: Shape, _ classes: Int, _ seed: UInt64) -> (any Module)?
    ) {
        self.init(pattern, learningRate, images, sizes: "from 1 to 4096") { parts in
            let sizes = parts.compactMap { Int($0) }.filter { $0 > 0 && $0 <= 4096 }
            guard sizes.count == parts.count, accepts(sizes) else { return nil }
            return Member(weights: { weights(sizes, $0, $1) }, make: { make(sizes, $0, $1, $2) })
        }
    }

    /// Describes a family of networks that differ in a factor on their channels, which a name may leave out for 1.
    ///
    /// - Parameters:
    ///   - pattern: its name, and what the factor is: "mobilenetv2[-WIDTH]".
    ///   - learningRate: the highest that suits.
    ///   - acceptsWidth: whether there is a network of a factor, written with digits and a point.
    ///   - make: from the factor, the extents of an image [H, W, C], the number of classes and a seed to the network,
    ///     or nil for images that it does not take.
    public init(
        _ pattern: String, learningRate: Float = 0.2, acceptsWidth: @escaping @Sendable (_ width: Double) -> Bool,
        make: @escaping @Sendable (_ width: Double, _ input: Shape, _ classes: Int, _ seed: UInt64) -> (any Module)?
    ) {
        self.init(pattern, learningRate) { parts in
            let isPlain = parts.allSatisfy { text in
                text.allSatisfy { "0123456789.".contains($0) } && text.first != "." && text.last != "."
            }
            guard parts.count <= 1, isPlain, let width = parts.isEmpty ? 1 : Double(parts[0]), acceptsWidth(width)
            else { return nil }
            return Member(weights: { _, _ in 0 }, make: { make(width, $0, $1, $2) })
        }
    }

    private init(
        _ pattern: String, _ learningRate: Float, _ images: String = "images of another size",
        sizes: String? = nil, member: @escaping @Sendable (_ parts: [Substring]) -> Member?
    ) {
        self.pattern = pattern
        self.learningRate = learningRate
        self.images = images
        self.member = member
        let words = pattern.prefix { $0 != " " && $0 != "[" }.split(separator: "-")
        let name = words.prefix(1) + words.dropFirst().prefix { $0 != $0.uppercased() }
        prefix = name.joined(separator: "-").lowercased()
        let isPlain = pattern.contains("(") || pattern.lowercased() == prefix
        rule = sizes.flatMap { isPlain ? nil : "\(pattern), sizes \($0)," } ?? pattern
    }
}

/// Networks by name, for those who choose one in text; a program can add its own.
///
///     let networks = NetworkRegistry.standard.adding(
///         NetworkFamily("wide-WIDTH", accepts: { $0.count == 1 }) { sizes, input, classes, seed in
///             ConvNet(width: 4 * sizes[0], channels: input[2], classes: classes, seed: seed)
///         })
public struct NetworkRegistry: Sendable {
    private var families: [NetworkFamily]

    /// Knows the given families.
    public init(_ families: [NetworkFamily]) { self.families = families }

    /// The same, and one more, which replaces one that begins alike.
    public func adding(_ family: NetworkFamily) -> NetworkRegistry {
        NetworkRegistry(families.filter { $0.prefix != family.prefix } + [family])
    }

    /// What names look like, for help and messages.
    public var patterns: [String] { families.map(\.pattern) }

    /// The family that a name belongs to, whatever its case.
    ///
    /// - Throws: `FormatError` for a name that no family begins, or with something that is no size of it.
    public func family(of name: String) throws -> NetworkFamily { try find(name).family }

    private func find(_ name: String) throws -> (family: NetworkFamily, member: NetworkFamily.Member) {
        let text = name.lowercased()
        let alike = families.filter { text == $0.prefix || text.hasPrefix($0.prefix + "-") }
        for family in alike {
            let parts = text.dropFirst(family.prefix.count).split(separator: "-", omittingEmptySubsequences: false)
            if let member = family.member(Array(parts.dropFirst())) { return (family, member) }
        }
        // Of a family that is known its rule alone is of use.
        let known = alike.isEmpty ? patterns.joined(separator: ", ") : alike.map(\.rule).joined(separator: ", ")
        throw FormatError(file: "architecture", found: "'\(name)'", expected: known)
    }

    /// Makes a network with fresh weights; the same seed gives the same.
    ///
    /// - Parameters:
    ///   - name: of the network, whatever its case.
    ///   - inputShape: extents of an image, [H, W, C].
    ///   - classes: outputs.
    /// - Throws: `FormatError` for a name that no family has, and for images that the network does not take;
    ///   `MachineError` where there is no memory for its weights.
    public func makeNetwork(named name: String, inputShape: Shape, classes: Int, seed: UInt64) throws -> any Module {
        let (family, member) = try find(name)
        try MachineMemory.require(
            product: [member.weights(inputShape, classes), MemoryLayout<Float>.size],
            for: "\(name.lowercased()) for images of \(inputShape)")
        guard inputShape.rank == 3, let network = member.make(inputShape, classes, seed) else {
            throw FormatError(
                file: "architecture", found: "'\(name)' for images of \(inputShape)", expected: family.images,
                advice: "take another architecture, or images of another size")
        }
        return network
    }

    /// The networks of this library.
    public static let standard = NetworkRegistry(
        [ConvNet.family, ResNet.family, MLP.family] + ImageNetResNet.families
            + [MobileNetV2.family] + MobileNetV3.families + [EfficientNetLite.family, ShuffleNetV2.family]
            + VisionTransformer.families)
}
