import Autograd
import TensorCore

extension OperatorTable {
    /// Comparisons and logic of known values, and selection by a mask.
    static let comparisons: [String: Evaluate] = [
        "Equal": { [try $0.compare({ $0 == $1 }, { $0 == $1 })] },
        "Greater": { [try $0.compare({ $0 > $1 }, { $0 > $1 })] },
        "GreaterOrEqual": { [try $0.compare({ $0 >= $1 }, { $0 >= $1 })] },
        "Less": { [try $0.compare({ $0 < $1 }, { $0 < $1 })] },
        "LessOrEqual": { [try $0.compare({ $0 <= $1 }, { $0 <= $1 })] },
        "And": { [try $0.compare({ $0 != 0 && $1 != 0 }, { $0 != 0 && $1 != 0 })] },
        "Or": { [try $0.compare({ $0 != 0 || $1 != 0 }, { $0 != 0 || $1 != 0 })] },
        "Xor": { [try $0.compare({ ($0 != 0) != ($1 != 0) }, { ($0 != 0) != ($1 != 0) })] },
        "BitShift": { [try $0.shiftBits()] },
        "Where": { [try $0.select()] },
    ]
}

extension NodeCall {
    fileprivate func compare(
        _ float: (Float, Float) -> Bool, _ integer: (Int, Int) -> Bool
    ) throws -> GraphValue {
        try zipKnown(
            input(0), input(1), type: .bool, { float($0, $1) ? 1 : 0 }, integer: { integer($0, $1) ? 1 : 0 })
    }

    fileprivate func shiftBits() throws -> GraphValue {
        let isLeft = try string("direction", otherwise: "LEFT") == "LEFT"
        return try zipKnown(input(0), input(1), { left, _ in left }) { value, count in
            // Shifts of unsigned numbers: those of 64 bits are kept as signed ones.
            isLeft ? value << count : Int(bitPattern: UInt(bitPattern: value) >> UInt(bitPattern: count))
        }
    }

    fileprivate func select() throws -> GraphValue {
        let (mask, left, right) = (try inOrder(input(0)), try input(1), try input(2))
        guard case .integers(let truths, let shape) = mask.content else { throw refusal(of: mask) }
        if case .integers = left.content {
            let masked = GraphValue(.int64, .integers(truths, shape))
            let whenTrue = try zipKnown(masked, left, type: left.type, { $0 + $1 }, integer: { $0 != 0 ? $1 : 0 })
            let whenFalse = try zipKnown(masked, right, type: left.type, { $0 + $1 }, integer: { $0 == 0 ? $1 : 0 })
            return try zipKnown(whenTrue, whenFalse, { $0 + $1 }, integer: { $0 &+ $1 })
        }
        let factors = GraphValue(ONNXTensor(Tensor(truths.map(Float.init), shape: shape)))
        let (contents, order) = try aligned([factors, left.asConstant, right.asConstant])
        return try apply(SelectOperation(), contents, type: left.type, order: order)
    }
}
