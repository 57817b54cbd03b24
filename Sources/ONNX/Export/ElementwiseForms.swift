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

extension SoftplusOperation: SingleOperator { static var operatorName: String { "Softplus" } }
extension SignOperation: SingleOperator { static var operatorName: String { "Sign" } }

extension RoundOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add(rule == .up ? "Ceil" : rule == .down ? "Floor" : "Round", [$0]) }
    }
}

extension LeakyReLUOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add("LeakyRelu", [$0], ["alpha": .float(slope)]) }
    }
}

extension ELUOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { x, writer in
            scale == 1
                ? writer.add("Elu", [x], ["alpha": .float(alpha)])
                : writer.add("Selu", [x], ["alpha": .float(alpha), "gamma": .float(scale)])
        }
    }
}

extension HardSigmoidOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) {
            $1.add("HardSigmoid", [$0], ["alpha": .float(slope), "beta": .float(offset)])
        }
    }
}

extension HardSwishOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { x, writer in
            guard writer.version < 14 else { return writer.add("HardSwish", [x]) }
            let gate = writer.add("HardSigmoid", [x], ["alpha": .float(1 / 6), "beta": .float(0.5)])
            return writer.add("Mul", [x, gate])
        }
    }
}

extension SiLUOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { $1.add("Mul", [$0, $1.add("Sigmoid", [$0])]) }
    }
}

extension GELUOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        writer.map(operands[0], shape) { x, writer in
            let inner: String
            switch approximation {
            case .none:
                inner = writer.add("Erf", [writer.add("Mul", [x, writer.number(Float(0.5).squareRoot())])])
            case .tanh:
                let cube = writer.add("Pow", [x, writer.number(3)])
                let sum = writer.add("Add", [x, writer.add("Mul", [cube, writer.number(0.044715)])])
                inner = writer.add("Tanh", [writer.add("Mul", [sum, writer.number((2 / Float.pi).squareRoot())])])
            }
            let half = writer.add("Mul", [x, writer.number(0.5)])
            return writer.add("Mul", [half, writer.add("Add", [inner, writer.number(1)])])
        }
    }
}

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

extension PowerOperation: BroadcastOperator { static var operatorName: String { "Pow" } }
extension PReLUOperation: BroadcastOperator { static var operatorName: String { "PRelu" } }

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
        let name = writer.add("Softmax", [x], ["axis": .int(-1)])
        return ExportValue(name: name, shape: shape, order: Array(shape.indices))
    }
}

extension LogSoftmaxOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        let name = writer.add("LogSoftmax", [x], ["axis": .int(-1)])
        return ExportValue(name: name, shape: shape, order: Array(shape.indices))
    }
}
