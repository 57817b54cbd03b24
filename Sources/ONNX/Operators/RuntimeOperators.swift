import Autograd
import TensorCore

// Operators of ONNX Runtime (domain com.microsoft) that its quantisation writes: the standard operator of what integers
// stand for, rounded again.

extension OperatorTable {
    /// Those that are read; a name of the standard domain that is not among them may mean something else there.
    static let runtime: [String: Evaluate] = [
        "QLinearAdd": { [try $0.quantizedPair(AddOperation())] },
        "QLinearMul": { [try $0.quantizedPair(MultiplyOperation())] },
        "QLinearAveragePool": { [try $0.quantizedSingle("AveragePool")] },
        "QLinearGlobalAveragePool": { [try $0.quantizedSingle("GlobalAveragePool")] },
        "QLinearSigmoid": { [try $0.quantizedSingle("Sigmoid")] },
        "QLinearLeakyRelu": { [try $0.quantizedSingle("LeakyRelu")] },
        "QLinearSoftmax": { call in
            guard let version = try call.int("opset") else {
                throw OperationError(found: "no attribute opset", expected: "the version of the Softmax that is meant")
            }
            return [try call.quantizedSingle("Softmax", version: version)]
        },
        "QLinearConcat": { [try $0.quantizedConcat()] },
        "QLinearConv": { call in
            try call.requireChannelsFirst()
            return [try call.quantizedConvolution()]
        },
        "QGemm": { [try $0.quantizedGemm()] },
        "QuantizeLinear": { [try $0.quantize()] },
        "DequantizeLinear": { [try $0.dequantize()] },
        "Gelu": { [try $0.map($0.input(0), GELUOperation(approximation: .none))] },
    ]
}

extension NodeCall {
    fileprivate func requireChannelsFirst() throws {
        guard try !flag("channels_last") else {
            throw OperationError(found: "channels_last 1", expected: "channels first")
        }
    }

    /// Inputs: integers, their scale and zero point, those of a second operand, and scale and zero point of the result.
    fileprivate func quantizedPair(_ operation: some GraphOperation) throws -> GraphValue {
        let result = try binary(
            dequantized(0, scale: 1, zeroPoint: 2), dequantized(3, scale: 4, zeroPoint: 5), operation
        ) { left, _ in left }
        return try quantized(result, scale: 6, zeroPoint: 7)
    }

    /// Inputs: integers, their scale and zero point, and scale and zero point of the result.
    ///
    /// - Parameter version: of the standard operator.
    fileprivate func quantizedSingle(_ name: String, version: Int? = nil) throws -> GraphValue {
        try requireChannelsFirst()
        let result = try calling(name, [dequantized(0, scale: 1, zeroPoint: 2)], version: version)
        return try quantized(result, scale: 3, zeroPoint: 4)
    }

    /// Inputs: scale and zero point of the result, and for each part its integers, their scale and zero point.
    fileprivate func quantizedConcat() throws -> GraphValue {
        guard inputs.count >= 5, inputs.count % 3 == 2 else {
            throw OperationError(
                found: "\(inputs.count) inputs", expected: "scale and zero point of the result, and three for each part"
            )
        }
        let parts = try stride(from: 2, to: inputs.count, by: 3).map {
            try dequantized($0, scale: $0 + 1, zeroPoint: $0 + 2)
        }
        return try quantized(calling("Concat", parts), scale: 0, zeroPoint: 1)
    }

    /// Products of matrices of integers with a bias, in the form of ONNX Runtime.
    fileprivate func quantizedGemm() throws -> GraphValue {
        let a = try dequantized(0, scale: 1, zeroPoint: 2)
        let isTransposed = try flag("transB")
        let b = try dequantized(3, scale: 4, zeroPoint: 5, axis: isTransposed ? 0 : 1)
        var c: GraphValue?
        if optionalInput(6) != nil { c = try biasOfLayer(6, input: 1, weights: 4) }
        let result = try calling("Gemm", [a, b, c])
        return optionalInput(7) == nil ? result : try quantized(result, scale: 7, zeroPoint: 8)
    }
}
