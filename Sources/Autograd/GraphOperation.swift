import TensorCore

/// An operation of a network as a value: what it is called, its attributes, and what it computes.
///
/// A traced network is written in such values, so that inference, quantisation, pruning and files see it as data. One
/// file holds an operation: this conformance, and the method of ``Variable`` that records it. What another part of the
/// library must know beyond that (how its channels are tied, how it is computed on uint8) is a conformance there.
/// Attributes do not depend on the size of an image or of a batch: those come with the operands.
///
/// An operation of one's own conforms in the same way, or to ``ElementwiseOperation``, and is read from files by
/// readers that are given an ``OperationRegistry`` with it.
public protocol GraphOperation: Hashable, Sendable, Codable {
    /// The name in files and messages, such as "maxPool2D". Names of one's own have a prefix: "example.swish".
    static var name: String { get }

    /// The result's shape, given those of the operands.
    ///
    /// Operands and attributes may come from a file: whatever does not fit is an error, never a stop.
    ///
    /// - Parameter operands: with the batch axis; tensors of the network among them, in the order that the operation
    ///   documents.
    /// - Throws: ``OperationError`` for operands or attributes that do not fit.
    func shape(of operands: [Shape]) throws(OperationError) -> Shape

    /// The result, without a tape.
    func forward(_ operands: [Tensor]) -> Tensor

    /// The result on the operands' tape, recorded as this operation, with the gradients to each operand.
    func record(_ operands: [Variable]) -> Variable

    /// What an operand that is a tensor of the network is for. Unless implemented, matrices and kernels are weights and
    /// vectors are not.
    func role(ofOperand place: Int, shape: Shape) -> TensorRole

    /// Products that are summed for operands of these shapes; 0 unless implemented.
    func multiplyAdds(of operands: [Shape]) -> Int

    /// Products, sums and comparisons for operands of these shapes, about, beyond one for each element that is read or
    /// written; ``multiplyAdds(of:)`` unless implemented. What a file's graph costs is judged by it.
    func work(of operands: [Shape]) -> Double

    /// The same operation for operands that lost channels to pruning; itself unless implemented.
    func fitting(_ operands: [Shape]) -> Self

    /// What messages call it: its name unless implemented.
    var label: String { get }
}

extension GraphOperation {
    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { shape.rank > 1 ? .weight : .bias }

    public func multiplyAdds(of operands: [Shape]) -> Int { 0 }

    public func work(of operands: [Shape]) -> Double { Double(multiplyAdds(of: operands)) }

    public func fitting(_ operands: [Shape]) -> Self { self }

    public var label: String { Self.name }

    fileprivate func isEqual(to other: any GraphOperation) -> Bool { (other as? Self) == self }
}

/// What a tensor of a network is for.
public enum TensorRole: Sendable, Hashable {
    /// Learnt, and shrunk by weight decay.
    case weight
    /// Learnt, not a factor: biases and the scale and shift of a normalisation.
    case bias
    /// Kept, not learnt: running mean and variance.
    case statistic
}

/// Operands or attributes do not fit an operation.
public struct OperationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is there, such as "inputs of [3, 4] and [4, 3]".
    public let found: String
    /// What should be, such as "one shape".
    public let expected: String
    /// What to do about it; nil where that shows by itself.
    public let advice: String?

    /// Creates an error from its parts.
    public init(found: String, expected: String, advice: String? = nil) {
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    public var description: String { "\(found) found, \(expected) expected\(advice.map { "; \($0)" } ?? "")" }
}

extension [Shape] {
    /// Makes sure of the number of operands.
    ///
    /// - Parameters:
    ///   - counts: how many there may be.
    ///   - name: of the operation.
    /// - Throws: ``OperationError``.
    public func require(_ counts: ClosedRange<Int>, for name: String) throws(OperationError) {
        guard !counts.contains(count) else { return }
        throw OperationError(
            found: "\(count.counted("operand")) of \(name)",
            expected: counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)")
    }
}

/// Any operation: a box that can be compared.
public struct AnyOperation: Hashable, Sendable, CustomStringConvertible {
    /// The operation.
    public let base: any GraphOperation

    /// Boxes an operation.
    public init(_ base: any GraphOperation) { self.base = base }

    /// Something that only training does (losses, dropout), by the name that messages give it. It has a place in no
    /// graph.
    public static func learning(_ label: String) -> AnyOperation { AnyOperation(TrainingOperation(label)) }

    /// Its name in files and messages.
    public var description: String { base.label }

    /// The operation as one of a type; nil if it is another.
    public func `as`<O: GraphOperation>(_ type: O.Type) -> O? { base as? O }

    /// Whether it is an operation of a type.
    public func `is`<O: GraphOperation>(_ type: O.Type) -> Bool { base is O }

    public static func == (left: AnyOperation, right: AnyOperation) -> Bool { left.base.isEqual(to: right.base) }

    public func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(base)) }
}

/// What only training does, such as a loss: it has a name for messages, and no graph takes it.
public struct TrainingOperation: GraphOperation {
    public static let name = "training"
    public let label: String

    init(_ label: String) { self.label = label }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        throw OperationError(found: label, expected: "an operation of inference")
    }

    public func forward(_ operands: [Tensor]) -> Tensor { fatalError("\(label) is no operation of inference") }

    public func record(_ operands: [Variable]) -> Variable { fatalError("\(label) is no operation of inference") }
}
