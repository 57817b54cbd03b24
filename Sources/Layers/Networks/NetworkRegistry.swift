import TensorCore

/// Networks that differ in a few sizes, made by name: "convnet-16", "mlp-128-64".
public struct NetworkFamily: Sendable {
    /// What names look like, for help and messages: "convnet-WIDTH".
    public let pattern: String
    /// The highest learning rate that suits such networks.
    public let learningRate: Float
    /// Whether there is a network of some sizes.
    let accepts: @Sendable (_ sizes: [Int]) -> Bool
    /// From the sizes in the name, the extents of an image [H, W, C], the number of classes and a seed to the network;
    /// nil for images that it does not take.
    let make: @Sendable (_ sizes: [Int], _ input: Shape, _ classes: Int, _ seed: UInt64) -> (any Module)?
    /// The number of a network's weights.
    let weights: @Sendable (_ sizes: [Int], _ input: Shape, _ classes: Int) -> Int

    /// Describes a family.
    ///
    /// - Parameters:
    ///   - pattern: its name, and behind dashes what the sizes are: "convnet-WIDTH".
    ///   - learningRate: the highest that suits.
    ///   - accepts: whether there is a network of some sizes, each 1 to 4,096.
    ///   - weights: how many a network has, for families where they grow with the images: memory is asked for them
    ///     before the network is made.
    ///   - make: makes a network, or says by nil that it does not take such images.
    public init(
        _ pattern: String, learningRate: Float = 0.2, accepts: @escaping @Sendable (_ sizes: [Int]) -> Bool,
        weights: @escaping @Sendable (_ sizes: [Int], _ input: Shape, _ classes: Int) -> Int = { _, _, _ in 0 },
        make: @escaping @Sendable (_ sizes: [Int], _ input: Shape, _ classes: Int, _ seed: UInt64) -> (any Module)?
    ) {
        self.pattern = pattern
        self.learningRate = learningRate
        self.accepts = accepts
        self.make = make
        self.weights = weights
    }

    /// What names begin with.
    var prefix: String { pattern.split(separator: "-").first.map { $0.lowercased() } ?? pattern }
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

    /// The family that a name belongs to, whatever its case, and the sizes in the name.
    ///
    /// - Throws: `FormatError` for a name that no family begins, or with something that is no size.
    public func family(of name: String) throws -> (family: NetworkFamily, sizes: [Int]) {
        let parts = name.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        let sizes = parts.dropFirst().compactMap { Int($0) }.filter { $0 > 0 && $0 <= 4096 }
        guard let family = families.first(where: { $0.prefix == parts[0] }), sizes.count == parts.count - 1,
            family.accepts(sizes)
        else { throw refusal("'\(name)'") }
        return (family, sizes)
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
        let (family, sizes) = try family(of: name)
        try MachineMemory.require(
            product: [family.weights(sizes, inputShape, classes), MemoryLayout<Float>.size],
            for: "\(name.lowercased()) for images of \(inputShape)")
        guard inputShape.rank == 3, let network = family.make(sizes, inputShape, classes, seed) else {
            throw refusal("'\(name)' for images of \(inputShape)")
        }
        return network
    }

    private func refusal(_ found: String) -> FormatError {
        FormatError(file: "architecture", found: found, expected: patterns.joined(separator: ", "))
    }

    /// The networks of this library.
    public static let standard = NetworkRegistry([ConvNet.family, ResNet.family, MLP.family])
}
