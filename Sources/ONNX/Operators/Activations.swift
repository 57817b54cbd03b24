import Autograd
import TensorCore

extension OperatorTable {
    /// Functions of one number that a graph computes.
    static let activations: [String: Evaluate] = [
        "Relu": { call in
            let x = try call.input(0)
            guard case .integers = x.content else { return [try call.map(x, ReLUOperation())] }
            return [try call.mapKnown(x, { $0 }, integer: { max($0, 0) })]
        },
        "Sigmoid": { [try $0.map($0.input(0), SigmoidOperation())] },
        "Tanh": { [try $0.map($0.input(0), TanhOperation())] },
        "Erf": { [try $0.map($0.input(0), ErfOperation())] },
        "Exp": { [try $0.map($0.input(0), ExpOperation())] },
        "Log": { [try $0.map($0.input(0), LogOperation())] },
        "Sqrt": { [try $0.map($0.input(0), SqrtOperation())] },
        "Abs": { call in
            let x = try call.input(0)
            guard case .integers = x.content else { return [try call.map(x, AbsOperation())] }
            return [try call.mapKnown(x, { $0 }, integer: { $0 < 0 ? 0 &- $0 : $0 })]
        },
        "Neg": { call in
            let x = try call.input(0)
            guard case .integers = x.content else { return [try call.map(x, NegateOperation())] }
            return [try call.mapKnown(x, { $0 }, integer: { 0 &- $0 })]
        },
        "Reciprocal": { [try $0.map($0.input(0), PowOperation(exponent: -1))] },
        "Clip": { [try $0.clip()] },
    ]
}

extension NodeCall {
    /// Clip: bounds are attributes before version 11 and inputs from then on.
    fileprivate func clip() throws -> GraphValue {
        let x = try input(0)
        if case .integers = x.content {
            let (lower, upper) = (try optionalIntegers(1, "min")?.first, try optionalIntegers(2, "max")?.first)
            return try mapKnown(x, { $0 }, integer: { min(max($0, lower ?? .min), upper ?? .max) })
        }
        let isOld = version < 11
        let lower = isOld ? try float("min") : try optionalNumber(1, "min")
        let upper = isOld ? try float("max") : try optionalNumber(2, "max")
        guard lower?.isNaN != true, upper?.isNaN != true else {
            throw OperationError(found: "bounds that are NaN", expected: "numbers")
        }
        // Exporters write the largest number where there is no bound.
        func bound(_ value: Float?) -> Float? { value.flatMap { $0.magnitude >= .greatestFiniteMagnitude ? nil : $0 } }
        if let lower, let upper, lower > upper {
            // As the specification says: the greater one wins.
            return try map(x, ClampOperation(lower: bound(upper), upper: bound(upper)))
        }
        return try map(x, ClampOperation(lower: bound(lower), upper: bound(upper)))
    }
}
