import TensorCore

/// What a policy is built of: an operation, a group of them, or either with a probability.
public protocol PolicyElement: Sendable {
    /// This element with its probability, as a policy keeps it.
    var step: AugmentationStep { get }
}

extension PolicyElement {
    /// The same element, done with the given probability and skipped otherwise; where it has one already, the product
    /// of both counts. An element without a probability is always done.
    ///
    /// - Parameter probability: in 0 ... 1.
    public func probability(_ probability: Double) -> AugmentationStep {
        require(
            probability >= 0 && probability <= 1, "probability: \(probability) given, a number within 0…1 expected")
        var step = step
        step.probability *= probability
        return step
    }
}

/// An operation or a group of them, and how probable it is.
public struct AugmentationStep: PolicyElement {
    /// A policy has fewer places than this, so that draws of one place never meet those of another.
    static let placeLimit = 1000

    enum Content: Sendable {
        case operation(any PixelOperation)
        case oneOf([AugmentationStep], weights: [Double]?)
        case allOf([AugmentationStep])
        case someOf([AugmentationStep], count: ClosedRange<Int>)
    }

    let content: Content
    var probability: Double
    /// The places that this element takes in a policy: its own, and its members'. It is kept, since a policy is walked
    /// for every image.
    let placeCount: Int

    init(content: Content, probability: Double = 1) {
        self.content = content
        self.probability = probability
        placeCount = Self.members(of: content).reduce(1) { $0 + $1.placeCount }
    }

    public var step: AugmentationStep { self }

    /// The members of a group; none of an operation.
    var members: [AugmentationStep] { Self.members(of: content) }

    private static func members(of content: Content) -> [AugmentationStep] {
        switch content {
        case .operation: []
        case .oneOf(let members, _), .allOf(let members), .someOf(let members, _): members
        }
    }

    /// The members, those that are never chosen with probability 0.
    var choices: [AugmentationStep] {
        guard case .oneOf(let members, let weights?) = content else { return members }
        return zip(members, weights).map { $1 > 0 ? $0 : $0.probability(0) }
    }

    /// The same group of other members, or the operation itself.
    func replacingMembers(with members: [AugmentationStep]) -> AugmentationStep {
        switch content {
        case .operation: self
        case .oneOf(_, let weights):
            AugmentationStep(content: .oneOf(members, weights: weights), probability: probability)
        case .allOf: AugmentationStep(content: .allOf(members), probability: probability)
        case .someOf(_, let count): AugmentationStep(content: .someOf(members, count: count), probability: probability)
        }
    }

    func scaled(by factor: Double) -> AugmentationStep {
        let scaled: Content =
            switch content {
            case .operation(let operation): .operation(operation.scaled(by: factor))
            case .oneOf(let members, let weights):
                .oneOf(members.map { $0.scaled(by: factor) }, weights: weights)
            case .allOf(let members): .allOf(members.map { $0.scaled(by: factor) })
            case .someOf(let members, let count): .someOf(members.map { $0.scaled(by: factor) }, count: count)
            }
        return AugmentationStep(content: scaled, probability: probability)
    }
}

extension AugmentationStep: Hashable {
    public static func == (left: AugmentationStep, right: AugmentationStep) -> Bool {
        left.probability == right.probability && left.identity == right.identity
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(probability)
        hasher.combine(identity)
    }

    private var identity: [AnyHashable] {
        switch content {
        case .operation(let operation): [AnyHashable(operation)]
        case .oneOf(let members, let weights): ["oneOf", AnyHashable(weights), AnyHashable(members)]
        case .allOf(let members): ["allOf", AnyHashable(members)]
        case .someOf(let members, let count): ["someOf", AnyHashable(count), AnyHashable(members)]
        }
    }
}
