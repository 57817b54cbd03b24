import Autograd
import Graph
import TensorCore

/// A function of one number that is one operator of ONNX with the same meaning.
private protocol SingleOperator: ONNXForm {
    static var operatorName: String { get }
}

extension SingleOperator {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add(Self.operatorName, [$0]) }
    }
}

extension ExportWriter {
    /// A function of single numbers, wherever the axes are.
    mutating func map(
        _ operand: ExportOperand, _ shape: Shape, _ body: (_ name: String, inout ExportWriter) -> String
    ) -> ExportValue {
        guard case .value(let value) = operand else {
            let name = body(name(of: operand), &self)
            return ExportValue(name: name, shape: shape, order: Array(shape.indices))
        }
        return ExportValue(name: body(value.name, &self), shape: shape, order: value.order)
    }

    /// A number as a stored tensor.
    mutating func number(_ value: Float) -> String { store(Tensor(value), path: "\(value)") }
}

extension ReLUOperation: SingleOperator { static var operatorName: String { "Relu" } }
extension SigmoidOperation: SingleOperator { static var operatorName: String { "Sigmoid" } }
extension TanhOperation: SingleOperator { static var operatorName: String { "Tanh" } }
extension ErfOperation: SingleOperator { static var operatorName: String { "Erf" } }
extension ExpOperation: SingleOperator { static var operatorName: String { "Exp" } }
extension LogOperation: SingleOperator { static var operatorName: String { "Log" } }
extension SqrtOperation: SingleOperator { static var operatorName: String { "Sqrt" } }
extension AbsOperation: SingleOperator { static var operatorName: String { "Abs" } }
extension NegateOperation: SingleOperator { static var operatorName: String { "Neg" } }

extension ClampOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { x, writer in
            let bounds = [lower, upper].map { $0.map { writer.number($0) } ?? "" }
            return writer.add("Clip", [x] + bounds)
        }
    }
}

extension PowOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add("Pow", [$0, $1.number(exponent)]) }
    }
}

extension ScaleOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add("Mul", [$0, $1.number(factor)]) }
    }
}

extension OffsetOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add("Add", [$0, $1.number(term)]) }
    }
}

/// An operation of two operands, broadcast, that is one operator of ONNX.
private protocol BroadcastOperator: ONNXForm {
    static var operatorName: String { get }
}

extension BroadcastOperator {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let (names, order) = writer.aligned(operands, rank: shape.rank)
        return ExportValue(name: writer.add(Self.operatorName, names), shape: shape, order: order)
    }
}

extension AddOperation: BroadcastOperator { static var operatorName: String { "Add" } }
extension SubtractOperation: BroadcastOperator { static var operatorName: String { "Sub" } }
extension MultiplyOperation: BroadcastOperator { static var operatorName: String { "Mul" } }
extension DivideOperation: BroadcastOperator { static var operatorName: String { "Div" } }
extension MinimumOperation: BroadcastOperator { static var operatorName: String { "Min" } }
extension MaximumOperation: BroadcastOperator { static var operatorName: String { "Max" } }

extension SelectOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let (names, order) = writer.aligned(operands, rank: shape.rank)
        let mask = writer.add("Cast", [names[0]], ["to": .int(ElementType.bool.rawValue)])
        return ExportValue(name: writer.add("Where", [mask, names[1], names[2]]), shape: shape, order: order)
    }
}

extension SoftmaxOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        return ExportValue(name: writer.add("Softmax", [x], ["axis": .int(-1)]), shape: shape, order: [0, 1])
    }
}

extension LogSoftmaxOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        return ExportValue(name: writer.add("LogSoftmax", [x], ["axis": .int(-1)]), shape: shape, order: [0, 1])
    }
}
