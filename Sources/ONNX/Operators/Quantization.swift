import Autograd
import TensorCore

extension OperatorTable {
    /// Integers for numbers and back.
    static let quantization: [String: Evaluate] = [
        "DequantizeLinear": { [try $0.dequantize()] }
    ]
    static let selections: [String: Evaluate] = [:]
    static let rearrangements: [String: Evaluate] = [:]
}

extension NodeCall {
    /// (x − zero point) · scale, with one of each for all or for each place of an axis.
    fileprivate func dequantize() throws -> GraphValue {
        let x = try inOrder(input(0))
        guard case .integers(let values, let shape) = x.content, let scale = try optionalFloats(1, "scale") else {
            throw refusal(of: x)
        }
        let zeroPoint = try optionalIntegers(2, "zero_point") ?? [Int](repeating: 0, count: scale.count)
        guard zeroPoint.count == scale.count else {
            throw OperationError(found: "\(zeroPoint.count) zero points for \(scale.count) scales", expected: "as many")
        }
        let scales = scale.scalars
        var channel: (Int) -> Int = { _ in 0 }
        if scale.count > 1 {
            let axis = try axis(int("axis", otherwise: 1), of: shape.rank)
            guard shape[axis] == scale.count else {
                throw OperationError(
                    found: "\(scale.count) scales for axis \(axis) of \(shape)", expected: "\(shape[axis])")
            }
            let (stride, extent) = (shape.strides[axis], shape[axis])
            channel = { $0 / stride % extent }
        }
        let numbers = values.enumerated().map { place, value in
            Float(value &- zeroPoint[channel(place)]) * scales[channel(place)]
        }
        return GraphValue(.float32, .tensor(Tensor(numbers, shape: shape), path: nil))
    }
}
