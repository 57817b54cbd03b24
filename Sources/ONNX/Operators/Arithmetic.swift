import Autograd
import Foundation
import TensorCore

extension OperatorTable {
    /// Sums, products and the like of two or more values, broadcast.
    static let arithmetic: [String: Evaluate] = [
        "Add": { [try $0.binary(AddOperation(), learnt: true) { $0 &+ $1 }] },
        "Sub": { [try $0.binary(SubtractOperation()) { $0 &- $1 }] },
        "Mul": { [try $0.binary(MultiplyOperation(), learnt: true) { $0 &* $1 }] },
        "Div": { call in
            [
                try call.binary(DivideOperation()) { left, right in
                    guard right != 0 else { throw OperationError(found: "a division by 0", expected: "another number") }
                    return left.dividedReportingOverflow(by: right).partialValue
                }
            ]
        },
        "Pow": { [try $0.power()] },
        "Mod": { [try $0.remainder()] },
        "Min": { call in
            [try call.fold { try call.binary($0, $1, MinimumOperation()) { min($0, $1) } }]
        },
        "Max": { call in
            [try call.fold { try call.binary($0, $1, MaximumOperation()) { max($0, $1) } }]
        },
        "Sum": { call in
            [try call.fold { try call.binary($0, $1, AddOperation()) { $0 &+ $1 } }]
        },
        "Mean": { call in
            let sum = try call.fold { try call.binary($0, $1, AddOperation()) { $0 &+ $1 } }
            return [try call.map(sum, ScaleOperation(factor: 1 / Float(call.inputs.count)))]
        },
    ]
}

extension NodeCall {
    /// Two operands, broadcast.
    ///
    /// - Parameter learnt: whether a stored operand is a parameter that training may change.
    fileprivate func binary(
        _ operation: some GraphOperation, learnt: Bool = false, _ integer: (Int, Int) throws -> Int
    ) throws -> GraphValue {
        var operands = [try input(0), try input(1)]
        // Before version 7 the second operand's axes stood at one of the first's.
        if version < 7, try flag("broadcast"), let given = try int("axis") {
            let behind = try operands[0].shape.rank - axis(given, of: operands[0].shape.rank) - operands[1].shape.rank
            for _ in 0..<max(0, behind) { operands[1] = try inserting(operands[1].shape.rank, in: operands[1]) }
        }
        // A single number is part of a function's formula.
        operands = operands.map { learnt && $0.shape.rank > 0 ? $0 : $0.asConstant }
        return try binary(operands[0], operands[1], operation, integer)
    }

    /// The same of two given values.
    func binary(
        _ left: GraphValue, _ right: GraphValue, _ operation: some GraphOperation, _ integer: (Int, Int) throws -> Int
    ) throws -> GraphValue {
        if case .integers = left.content {
            return try zipKnown(left, right, { left, _ in left }, integer: integer)
        }
        let (contents, order) = try aligned([left, right])
        return try apply(operation, contents, type: left.type, order: order)
    }

    /// All inputs, joined from the first to the last.
    fileprivate func fold(_ join: (GraphValue, GraphValue) throws -> GraphValue) throws -> GraphValue {
        let values = try allInputs().map(\.asConstant)
        return try values.dropFirst().reduce(values[0], join)
    }

    fileprivate func power() throws -> GraphValue {
        let (base, exponent) = (try input(0), try input(1))
        // A single exponent is part of the operation, and a graph has no other.
        if case .tensor(let tensor, _) = exponent.content, tensor.count == 1, exponent.shape.rank <= base.shape.rank,
            base.type.isFloat
        {
            return try map(base, PowOperation(exponent: tensor.scalars[0]))
        }
        if case .integers(let values, _) = exponent.content, base.type.isFloat {
            if values.count == 1, exponent.shape.rank <= base.shape.rank {
                return try map(base, PowOperation(exponent: Float(values[0])))
            }
            return try binary(base, cast(exponent, to: .float32), PowerOperation()) { left, _ in left }
        }
        if case .tensor(let tensor, _) = exponent.content, case .integers(let values, let shape) = base.content {
            let floats = GraphValue(ONNXTensor(Tensor(values.map(Float.init), shape: shape)))
            let result = try zipKnown(floats, GraphValue(ONNXTensor(tensor)), powf) { left, _ in left }
            guard case .tensor(let powers, _) = result.content else { return result }
            return GraphValue(base.type, .integers(powers.scalars.map { Int(clamping: $0) }, powers.shape))
        }
        return try binary(base, exponent, PowerOperation()) {
            Int(clamping: Float(Foundation.pow(Double($0), Double($1))))
        }
    }

    fileprivate func remainder() throws -> GraphValue {
        let isC = try flag("fmod")
        return try zipKnown(input(0), input(1), fmodf) { left, right in
            guard right != 0, !(left == .min && right == -1) else {
                throw OperationError(found: "the remainder of a division by \(right)", expected: "another number")
            }
            let remainder = left % right
            return !isC && remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
        }
    }
}

extension Int {
    /// The nearest number towards zero; the ends of the range for what is beyond them, 0 for NaN.
    init(clamping value: Float) {
        guard !value.isNaN else {
            self = 0
            return
        }
        self = value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int(value)
    }
}

extension GraphValue {
    /// The same without a path, so that it is no parameter.
    var asConstant: GraphValue {
        guard case .tensor(let tensor, _) = content else { return self }
        return GraphValue(type, .tensor(tensor, path: nil), order: order)
    }
}
