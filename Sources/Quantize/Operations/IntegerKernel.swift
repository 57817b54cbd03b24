import Autograd
import Graph
import TensorCore

/// A tensor of uint8 and what its values stand for.
typealias QuantizedTensor = (bytes: ByteTensor, quantization: AffineQuantization)

/// An operation with a kernel of its own on uint8.
///
/// How the others are computed follows from what they are: a ``QuantizedLayer`` in int8 with sums of 32 bits, an
/// `ElementwiseOperation` as a table of 256 values, and any other in float32, at the end of a network or on request.
protocol IntegerKernel: GraphOperation {
    /// Whether the result's values are some of the operand's, so that it has the same scale and zero point.
    var keepsQuantization: Bool { get }

    /// Whether the kernel takes operands of these shapes, which the operation may broadcast in more ways.
    func hasKernel(for operands: [Shape]) -> Bool

    /// Whether its attributes ask for what has no form in bytes.
    var isFloatOnlyByValue: Bool { get }

    /// The function by whose table each operand comes to the result's scale before the kernel runs; nil where the
    /// kernel does that.
    var tableOfOperands: ((Float) -> Float)? { get }

    /// The result.
    ///
    /// - Parameters:
    ///   - x: the operands.
    ///   - tables: for each operand the table, where ``tableOfOperands`` asks for some.
    ///   - node: the node.
    ///   - output: what the result's values shall stand for.
    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor

    /// Writes the call of a C function that does the same.
    ///
    /// - Throws: ``GraphError`` where there is none.
    func write(_ index: Int, to writer: inout CNodeWriter) throws
}

extension IntegerKernel {
    var keepsQuantization: Bool { false }

    func hasKernel(for operands: [Shape]) -> Bool { true }

    var isFloatOnlyByValue: Bool { false }

    var tableOfOperands: ((Float) -> Float)? { nil }
}

/// A kernel on two operands of one shape, or of which one is repeated along neighbouring axes.
protocol PairKernel: IntegerKernel {}

extension PairKernel {
    func hasKernel(for operands: [Shape]) -> Bool {
        operands.count != 2 || RepeatedRows(operands[0], operands[1]) != nil
    }
}

extension AnyOperation {
    /// The operation as one with a kernel of its own.
    var integerKernel: (any IntegerKernel)? { base as? any IntegerKernel }

    /// Whether the result's values are some of the operand's.
    var keepsQuantization: Bool { integerKernel?.keepsQuantization == true }

    /// The function whose table brings each operand to the result: the operation itself where it is a function of one
    /// number.
    var tableFunction: ((Float) -> Float)? {
        if let elementwise = base as? any ElementwiseOperation { return { elementwise.value(at: $0) } }
        return integerKernel?.tableOfOperands
    }

    /// Whether it can only be computed in float32, given the extents of the nodes that it reads.
    func isFloatOnly(reading operands: [BatchShape]) -> Bool {
        isFloatOnly || integerKernel?.hasKernel(for: operands.compactMap { $0.shape(batch: 2) }) == false
    }

    /// Whether it can only be computed in float32, whatever it reads.
    var isFloatOnly: Bool {
        integerKernel?.isFloatOnlyByValue == true
            || !(base is any IntegerKernel || base is any ElementwiseOperation || base is any QuantizedLayer)
    }
}
