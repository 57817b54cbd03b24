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
        "LeakyRelu": { [try $0.map($0.input(0), LeakyReLUOperation(slope: $0.float("alpha", otherwise: 0.01)))] },
        "Elu": { [try $0.map($0.input(0), ELUOperation(alpha: $0.float("alpha", otherwise: 1)))] },
        "Selu": { call in
            let alpha = try call.float("alpha", otherwise: 1.673_263_2)
            return [
                try call.map(
                    call.input(0), ELUOperation(alpha: alpha, scale: call.float("gamma", otherwise: 1.050_701)))
            ]
        },
        "Celu": { call in
            // α (eˣᐟᵅ − 1) is α · ELU(x / α).
            let alpha = try call.float("alpha", otherwise: 1)
            let scaled = try call.map(call.input(0), ScaleOperation(factor: 1 / alpha))
            return [try call.map(scaled, ELUOperation(alpha: 1, scale: alpha))]
        },
        "HardSigmoid": { call in
            let slope = try call.float("alpha", otherwise: 0.2)
            return [
                try call.map(
                    call.input(0), HardSigmoidOperation(slope: slope, offset: call.float("beta", otherwise: 0.5)))
            ]
        },
        "HardSwish": { [try $0.map($0.input(0), HardSwishOperation())] },
        "Softplus": { [try $0.map($0.input(0), SoftplusOperation())] },
        "Softsign": { call in
            let x = try call.input(0)
            let divisor = try call.map(call.map(x, AbsOperation()), OffsetOperation(term: 1))
            return [try call.binary(x, divisor, DivideOperation()) { left, _ in left }]
        },
        "Mish": { call in
            let x = try call.input(0)
            let gate = try call.map(call.map(x, SoftplusOperation()), TanhOperation())
            return [try call.binary(x, gate, MultiplyOperation()) { left, _ in left }]
        },
        "Gelu": { call in
            let name = try call.string("approximate", otherwise: "none")
            guard let approximation = GELUOperation.Approximation(rawValue: name) else {
                throw OperationError(found: "approximate \(name)", expected: "none or tanh")
            }
            return [try call.map(call.input(0), GELUOperation(approximation: approximation))]
        },
        "PRelu": { [try $0.parametricReLU()] },
        "Floor": { [try $0.rounded(.down)] },
        "Ceil": { [try $0.rounded(.up)] },
        "Round": { [try $0.rounded(.nearest)] },
        "Sign": { call in
            let x = try call.input(0)
            guard case .integers = x.content else { return [try call.map(x, SignOperation())] }
            return [try call.mapKnown(x, { $0 }, integer: { $0.signum() })]
        },
    ]
}

extension NodeCall {
    fileprivate func rounded(_ rule: RoundOperation.Rule) throws -> GraphValue {
        try map(input(0), RoundOperation(rule))
    }

    /// x where it is positive, slope · x elsewhere; the slope is broadcast.
    fileprivate func parametricReLU() throws -> GraphValue {
        var slope = try input(1)
        if version < 7, slope.shape.rank == 1 {
            // Before version 7 it stood at the channels.
            for _ in 2..<max(2, try input(0).shape.rank) { slope = try inserting(slope.shape.rank, in: slope) }
        }
        let (contents, order) = try aligned([input(0), slope])
        guard case .integers = contents[0] else {
            return try apply(PReLUOperation(), contents, type: input(0).type, order: order)
        }
        throw refusal(of: try input(0))
    }

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
