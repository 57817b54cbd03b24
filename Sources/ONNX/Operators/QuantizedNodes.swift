import Autograd
import TensorCore

// Quantised steps on values that depend on the network's input, in float32: integers are kept as the floating-point
// numbers that they are, and layers compute on what integers stand for.

extension NodeCall {
    /// The numbers that integers stand for, with scale and zero point at other inputs.
    ///
    /// - Parameter axis: of the scales, where there are several.
    func dequantized(_ place: Int, scale: Int, zeroPoint: Int, axis: Int = 0) throws -> GraphValue {
        let (stored, scales) = (try input(place), try input(scale).asConstant)
        let x = try cast(asFloats(stored), to: .float32)
        let zeros = try optionalInput(zeroPoint).map { try cast($0.isKnown ? inOrder($0) : $0, to: .float32) }
        let centred = try zeros.map {
            try binary(x, along($0, axis, rank: x.shape.rank), SubtractOperation()) { left, _ in left }
        }
        var numbers = try binary(centred ?? x, along(scales, axis, rank: x.shape.rank), MultiplyOperation()) {
            left, _ in left
        }
        if case .node(let source, _) = stored.content,
            let (quantization, _) = try bytes(scale: scale, zeroPoint: zeroPoint, type: stored.type)
        {
            builder.note(numbers.content, .numbers(of: source, quantization))
        }
        // Stored weights stay parameters.
        numbers = stored.path.map { numbers.named($0) } ?? numbers
        if case .integers = stored.content, case .tensor(let scales, _) = scales.content {
            let whole = (centred ?? x).content
            numbers.rounding = GraphValue.Rounding(
                scales: scales.scalars, axis: axis,
                integers: stored.shape.rank > 1 ? nil : whole.tensorScalars?.map { Int($0) })
        }
        return numbers
    }

    /// What bytes with scale and zero point at two inputs stand for; nil where there are several, or more bits.
    private func bytes(
        scale: Int, zeroPoint: Int, type: ElementType
    ) throws -> (AffineQuantization, lowest: Int)? {
        func number(_ place: Int) throws -> Float? {
            guard let value = optionalInput(place) else { return 0 }
            guard value.isKnown, value.shape.elementCount == 1 else { return nil }
            return try optionalNumber(place, "a scale or zero point")
        }
        guard type == .uint8 || type == .int8, let range = type.integerRange,
            let step = try number(scale), step.isNormal, step > 0, let zero = try number(zeroPoint),
            let byte = UInt8(exactly: zero - Float(range.lowerBound))
        else { return nil }
        return (AffineQuantization(scale: step, zeroPoint: byte), range.lowerBound)
    }

    /// The integers that stand for numbers: to nearest, of two the even one, and saturated.
    func quantized(_ x: GraphValue, scale: Int, zeroPoint: Int, axis: Int = 0) throws -> GraphValue {
        let type = optionalInput(zeroPoint)?.type ?? .uint8
        guard let range = type.integerRange else {
            throw OperationError(found: "a zero point of type \(type)", expected: "integers")
        }
        let known = try bytes(scale: scale, zeroPoint: zeroPoint, type: type)
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
        if case .node(let source, _) = x.content, let (quantization, lowest) = known {
            builder.note(result.content, .bytes(of: source, quantization, lowest: lowest))
        }
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

    /// The result of a standard operator with the attributes of this one.
    ///
    /// - Parameter version: of its operator set; that of this one when omitted.
    func calling(_ name: String, _ inputs: [GraphValue?], version: Int? = nil) throws -> GraphValue {
        let call = NodeCall(
            operatorName: name, version: version ?? self.version, inputs: inputs, outputCount: 1,
            attributes: attributes, builder: builder)
        guard let evaluate = OperatorTable.standard[name] else {
            throw OperationError(found: "operator \(name)", expected: "a standard one")
        }
        return try evaluate(call)[0]
    }

    /// A bias of integers, whose scale is that of the layer's input times that of its weights.
    func biasOfLayer(_ place: Int, input scale: Int, weights scales: Int) throws -> GraphValue {
        let stored = try inOrder(input(place))
        let steps = try binary(input(scale).asConstant, input(scales).asConstant, MultiplyOperation()) { left, _ in
            left
        }
        var bias = try binary(cast(stored, to: .float32), steps, MultiplyOperation()) { left, _ in left }
        if case .integers(let integers, _) = stored.content {
            bias.rounding = GraphValue.Rounding(
                scales: steps.content.tensorScalars ?? [], axis: 0, integers: integers)
        }
        return bias
    }

    /// A convolution whose integers depend on the input.
    func quantizedLayer() throws -> GraphValue {
        let x = try dequantized(0, scale: 1, zeroPoint: 2)
        let weights = try dequantized(3, scale: 4, zeroPoint: 5, axis: 0)
        var bias: GraphValue?
        if optionalInput(8) != nil {
            bias = try biasOfLayer(8, input: 1, weights: 4)
        }
        return try quantized(calling("Conv", [x, weights, bias]), scale: 6, zeroPoint: 7)
    }

    /// Products of matrices of integers that depend on the input.
    func quantizedMatrices() throws -> GraphValue {
        let a = try dequantized(0, scale: 1, zeroPoint: 2)
        let b = try dequantized(3, scale: 4, zeroPoint: 5, axis: max(0, input(3).shape.rank - 1))
        return try quantized(product(a, b), scale: 6, zeroPoint: 7)
    }
}
