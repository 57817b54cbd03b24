import Autograd
import TensorCore

// Quantised steps on values that depend on the network's input, in float32: integers are kept as the floating-point
// numbers that they are, and layers compute on what integers stand for.

extension OperatorTable {
    /// Operators of ONNX Runtime that its quantisation writes (domain com.microsoft).
    static let runtime: [String: Evaluate] = [
        "QLinearAdd": { call in
            let sum = try call.binary(
                call.dequantized(0, scale: 1, zeroPoint: 2), call.dequantized(3, scale: 4, zeroPoint: 5), AddOperation()
            ) { left, _ in left }
            return [try call.quantized(sum, scale: 6, zeroPoint: 7)]
        },
        "QLinearMul": { call in
            let product = try call.binary(
                call.dequantized(0, scale: 1, zeroPoint: 2), call.dequantized(3, scale: 4, zeroPoint: 5),
                MultiplyOperation()
            ) { left, _ in left }
            return [try call.quantized(product, scale: 6, zeroPoint: 7)]
        },
        "QLinearAveragePool": { try $0.quantizedPool("AveragePool") },
        "QLinearGlobalAveragePool": { call in
            guard try !call.flag("channels_last") else {
                throw OperationError(found: "channels_last 1", expected: "channels first")
            }
            return try call.quantizedPool("GlobalAveragePool")
        },
        "QLinearSigmoid": { call in
            let x = try call.dequantized(0, scale: 1, zeroPoint: 2)
            return [try call.quantized(call.map(x, SigmoidOperation()), scale: 3, zeroPoint: 4)]
        },
        "QGemm": { [try $0.quantizedGemm()] },
    ]
}

extension NodeCall {
    /// The numbers that integers stand for, with scale and zero point at other inputs.
    ///
    /// - Parameter axis: of the scales, where there are several.
    func dequantized(_ place: Int, scale: Int, zeroPoint: Int, axis: Int = 0) throws -> GraphValue {
        let x = try cast(asFloats(input(place)), to: .float32)
        let zeros = try optionalInput(zeroPoint).map { try cast($0.isKnown ? inOrder($0) : $0, to: .float32) }
        let centred = try zeros.map {
            try binary(x, along($0, axis, rank: x.shape.rank), SubtractOperation()) { left, _ in left }
        }
        let numbers = try binary(
            centred ?? x, along(input(scale).asConstant, axis, rank: x.shape.rank), MultiplyOperation()
        ) { left, _ in left }
        // Stored weights stay parameters.
        return try input(place).path.map { numbers.named($0) } ?? numbers
    }

    /// The integers that stand for numbers: to nearest, of two the even one, and saturated.
    func quantized(_ x: GraphValue, scale: Int, zeroPoint: Int, axis: Int = 0) throws -> GraphValue {
        let type = optionalInput(zeroPoint)?.type ?? .uint8
        guard let range = type.integerRange else {
            throw OperationError(found: "a zero point of type \(type)", expected: "integers")
        }
        let scale = try along(input(scale).asConstant, axis, rank: x.shape.rank)
        let rounded = try map(binary(x, scale, DivideOperation()) { left, _ in left }, RoundOperation())
        let shifted = try optionalInput(zeroPoint).map {
            let zeros = try along(cast(inOrder($0), to: .float32), axis, rank: x.shape.rank)
            return try binary(rounded, zeros, AddOperation()) { left, _ in left }
        }
        var result = try map(
            shifted ?? rounded, ClampOperation(lower: Float(range.lowerBound), upper: Float(range.upperBound)))
        guard !result.isKnown else { return try cast(result, to: type) }
        result.type = type
        return result
    }

    /// A vector along an axis of a rank; a single number for all.
    private func along(_ vector: GraphValue, _ axis: Int, rank: Int) throws -> GraphValue {
        let count = vector.shape.elementCount
        guard count > 1 else { return try reshaped(vector, to: []) }
        return try reshaped(vector, to: (0..<rank).map { $0 == axis ? count : 1 })
    }

    /// Integers as floating-point numbers, which they already are where they depend on the input.
    private func asFloats(_ value: GraphValue) throws -> GraphValue {
        guard case .node = value.content else { return value }
        var floats = value
        floats.type = .float32
        return floats
    }

    /// The same operator with other inputs.
    func calling(_ name: String, _ inputs: [GraphValue?]) -> NodeCall {
        NodeCall(
            operatorName: name, version: version, inputs: inputs, outputCount: 1, attributes: attributes,
            builder: builder)
    }

    fileprivate func quantizedPool(_ name: String) throws -> [GraphValue] {
        guard let pool = OperatorTable.standard[name] else { return [] }
        let result = try pool(calling(name, [dequantized(0, scale: 1, zeroPoint: 2)]))
        return [try quantized(result[0], scale: 3, zeroPoint: 4)]
    }

    /// A convolution whose integers depend on the input.
    func quantizedLayer() throws -> GraphValue {
        let x = try dequantized(0, scale: 1, zeroPoint: 2)
        let weights = try dequantized(3, scale: 4, zeroPoint: 5, axis: 0)
        var bias: GraphValue?
        if optionalInput(8) != nil {
            let scale = try binary(input(1).asConstant, input(4).asConstant, MultiplyOperation()) { left, _ in left }
            bias = try binary(cast(input(8), to: .float32), scale, MultiplyOperation()) { left, _ in left }
        }
        guard let convolution = OperatorTable.standard["Conv"] else { return x }
        let result = try convolution(calling("Conv", [x, weights, bias]))
        return try quantized(result[0], scale: 6, zeroPoint: 7)
    }

    /// Products of matrices of integers with a bias, in the form of ONNX Runtime.
    fileprivate func quantizedGemm() throws -> GraphValue {
        let a = try dequantized(0, scale: 1, zeroPoint: 2)
        let isTransposed = try flag("transB")
        let b = try dequantized(3, scale: 4, zeroPoint: 5, axis: isTransposed ? 0 : 1)
        var c: GraphValue?
        if let stored = optionalInput(6) {
            let scale = try binary(input(1).asConstant, input(4).asConstant, MultiplyOperation()) { left, _ in left }
            c = try binary(cast(stored, to: .float32), scale, MultiplyOperation()) { left, _ in left }
        }
        guard let gemm = OperatorTable.standard["Gemm"] else { return a }
        let result = try gemm(calling("Gemm", [a, b, c]))[0]
        return optionalInput(7) == nil ? result : try quantized(result, scale: 7, zeroPoint: 8)
    }
}
