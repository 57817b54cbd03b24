import Foundation
import TensorCore

extension OperatorTable {
    /// Functions of one number that no graph needs: of known values only.
    static let functions: [String: Evaluate] = [
        "Sin": { [try $0.mapKnown($0.input(0), { sin($0) })] },
        "Cos": { [try $0.mapKnown($0.input(0), { cos($0) })] },
        "Tan": { [try $0.mapKnown($0.input(0), { tan($0) })] },
        "Asin": { [try $0.mapKnown($0.input(0), { asin($0) })] },
        "Acos": { [try $0.mapKnown($0.input(0), { acos($0) })] },
        "Atan": { [try $0.mapKnown($0.input(0), { atan($0) })] },
        "Sinh": { [try $0.mapKnown($0.input(0), { sinh($0) })] },
        "Cosh": { [try $0.mapKnown($0.input(0), { cosh($0) })] },
        "Asinh": { [try $0.mapKnown($0.input(0), { asinh($0) })] },
        "Acosh": { [try $0.mapKnown($0.input(0), { acosh($0) })] },
        "Atanh": { [try $0.mapKnown($0.input(0), { atanh($0) })] },
        "ThresholdedRelu": { call in
            let least = try call.float("alpha", otherwise: 1)
            return [try call.mapKnown(call.input(0), { $0 > least ? $0 : 0 })]
        },
        "Shrink": { call in
            let (bound, bias) = (try call.float("lambd", otherwise: 0.5), try call.float("bias", otherwise: 0))
            return [
                try call.mapKnown(
                    call.cast(call.input(0), to: .float32), { $0 < -bound ? $0 + bias : $0 > bound ? $0 - bias : 0 })
            ]
        },
        "Not": { [try $0.mapKnown($0.input(0), { $0 }, integer: { 1 - $0 })] },
        "IsNaN": { [try $0.test($0.input(0)) { $0.isNaN }] },
        "IsInf": { call in
            let (positive, negative) = (
                try call.flag("detect_positive", otherwise: true), try call.flag("detect_negative", otherwise: true)
            )
            return [try call.test(call.input(0)) { $0.isInfinite && ($0 > 0 ? positive : negative) }]
        },
    ]
}

extension NodeCall {
    /// Which known numbers have a property.
    fileprivate func test(_ value: GraphValue, _ property: (Float) -> Bool) throws -> GraphValue {
        guard case .tensor(let tensor, _) = value.content else { throw refusal(of: value) }
        return GraphValue(
            .bool, .integers(tensor.scalars.map { property($0) ? 1 : 0 }, tensor.shape), order: value.order)
    }
}
