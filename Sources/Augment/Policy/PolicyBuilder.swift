import TensorCore

/// Collects the operations and groups of a policy, or of a group, from a closure; `if` and `for` work inside.
@resultBuilder
public enum PolicyBuilder {
    public static func buildExpression(_ element: some PolicyElement) -> [AugmentationStep] { [element.step] }
    public static func buildBlock(_ parts: [AugmentationStep]...) -> [AugmentationStep] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [AugmentationStep]?) -> [AugmentationStep] { part ?? [] }
    public static func buildEither(first part: [AugmentationStep]) -> [AugmentationStep] { part }
    public static func buildEither(second part: [AugmentationStep]) -> [AugmentationStep] { part }
    public static func buildArray(_ parts: [[AugmentationStep]]) -> [AugmentationStep] { parts.flatMap { $0 } }
}

/// Does one of its members, each equally likely or by weights; the chosen member's own probability then counts.
public struct OneOf: PolicyElement {
    public let step: AugmentationStep

    /// Creates a group from the operations in the closure, one or more.
    public init(@PolicyBuilder _ members: () -> [AugmentationStep]) {
        let members = members()
        require(!members.isEmpty, "OneOf: no member given, one or more expected")
        step = AugmentationStep(content: .oneOf(members, weights: nil))
    }

    /// Creates a group whose members are not equally likely.
    ///
    /// - Parameters:
    ///   - weights: one for each member, finite, 0 or more: its probability is its share of their sum, which is
    ///     positive.
    ///   - members: the operations in the closure, one or more.
    public init(weights: [Double], @PolicyBuilder _ members: () -> [AugmentationStep]) {
        let members = members()
        if let mismatch = Self.mismatch(weights, of: members.count) {
            fatalError("OneOf: \(mismatch.found) given, \(mismatch.expected) expected")
        }
        step = AugmentationStep(content: .oneOf(members, weights: weights))
    }

    /// What is wrong with the weights of so many members.
    static func mismatch(_ weights: [Double], of members: Int) -> Mismatch? {
        guard weights.count == members else {
            return Mismatch(found: weights.count.counted("weight"), expected: "\(members), one for each member")
        }
        if let wrong = weights.first(where: { !($0 >= 0 && $0.isFinite) }) {
            return Mismatch(found: wrong.text, expected: "finite weights, 0 or more")
        }
        let sum = weights.reduce(0, +)
        return sum > 0 && sum.isFinite
            ? nil : Mismatch(found: "weights that sum to \(sum.text)", expected: "a positive, finite sum")
    }
}

/// Does all of its members in order: what gives several operations one probability, or makes them one choice of
/// ``OneOf``.
///
/// Not called `Sequence`: a public type of that name would hide Swift's own wherever this module is imported.
public struct AllOf: PolicyElement {
    public let step: AugmentationStep

    /// Creates a group from the operations in the closure.
    public init(@PolicyBuilder _ members: () -> [AugmentationStep]) {
        step = AugmentationStep(content: .allOf(members()))
    }
}

/// Does some of its members, in their order: how many is drawn evenly from a range, which is drawn without repetition,
/// each equally likely. A chosen member's own probability then counts.
public struct SomeOf: PolicyElement {
    public let step: AugmentationStep

    /// Creates a group.
    ///
    /// - Parameters:
    ///   - count: how many members are done, within 0 ... their number.
    ///   - members: the operations in the closure.
    public init(_ count: ClosedRange<Int>, @PolicyBuilder _ members: () -> [AugmentationStep]) {
        let members = members()
        require(
            count.lowerBound >= 0 && count.upperBound <= members.count,
            "SomeOf: \(count.lowerBound)…\(count.upperBound) of \(members.count) members, 0…\(members.count) expected")
        step = AugmentationStep(content: .someOf(members, count: count))
    }

    /// Creates a group of which so many members are done.
    public init(_ count: Int, @PolicyBuilder _ members: () -> [AugmentationStep]) { self.init(count...count, members) }
}
