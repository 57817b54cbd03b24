import Foundation
import TensorCore

extension OperatorTable {
    /// Functions of one number that no graph needs: of known values only.
    static let functions: [String: Evaluate] = [
        "Floor": { [try $0.mapKnown($0.input(0), { $0.rounded(.down) })] },
        "Ceil": { [try $0.mapKnown($0.input(0), { $0.rounded(.up) })] },
        "Round": { [try $0.mapKnown($0.input(0), { $0.rounded(.toNearestOrEven) })] },
        "Sign": { call in
            [try call.mapKnown(call.input(0), { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }, integer: { $0.signum() })]
        },
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
