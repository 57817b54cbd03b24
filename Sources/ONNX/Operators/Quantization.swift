import Autograd
import TensorCore

extension OperatorTable {
    /// Integers for numbers and back, and layers of integers, of known values.
    static let quantization: [String: Evaluate] = [
        "QuantizeLinear": { [try $0.quantize()] },
        "DequantizeLinear": { [try $0.dequantize()] },
        "DynamicQuantizeLinear": { try $0.quantizeDynamically() },
        "MatMulInteger": { [try $0.integerProduct()] },
        "ConvInteger": { [try $0.integerConvolution()] },
        "QLinearMatMul": { [try $0.quantizedProduct()] },
        "QLinearConv": { [try $0.quantizedConvolution()] },
    ]
}

/// Scales and zero points: one of each, or one for each place of an axis.
private struct Scales {
    let scales: [Float]
    let zeroPoints: [Int]
    let type: ElementType
    private let stride, extent: Int

    /// Reads those at two inputs of a node, for a value of some shape.
    init(_ call: NodeCall, scale: Int, zeroPoint: Int, of shape: Shape, axis: Int?) throws {
        guard let stored = try call.optionalFloats(scale, "scale"), stored.count > 0 else {
            throw OperationError(found: "no scale", expected: "input \(scale)")
        }
        scales = stored.scalars
        zeroPoints = try call.optionalIntegers(zeroPoint, "zero_point") ?? [Int](repeating: 0, count: stored.count)
        type = call.optionalInput(zeroPoint)?.type ?? .uint8
        guard zeroPoints.count == scales.count else {
            throw OperationError(
                found: "\(zeroPoints.count) zero points for \(scales.count) scales", expected: "as many")
        }
        guard scales.count > 1 else {
            (stride, extent) = (1, 1)
            return
        }
        guard let axis, axis < shape.rank, shape[axis] == scales.count else {
            throw OperationError(
                found: "\(scales.count) scales of \(shape)", expected: "one for each place of axis \(axis ?? 0)")
        }
        (stride, extent) = (shape.strides[axis], shape[axis])
    }

    func scale(at place: Int) -> Float { scales[place / stride % extent] }

    func zeroPoint(at place: Int) -> Int { zeroPoints[place / stride % extent] }

    /// The integer that stands for a number: round to nearest, ties to even, and saturate.
    func integer(_ value: Float, at place: Int) -> Int {
        let range = type.integerRange ?? 0...255
        return min(
            max(
                Int(clamping: (value / scale(at: place)).rounded(.toNearestOrEven)) &+ zeroPoint(at: place),
                range.lowerBound), range.upperBound)
    }
}

extension NodeCall {
    private func quantizationAxis(of shape: Shape) throws -> Int? {
        shape.rank == 0 ? nil : try? axis(int("axis", otherwise: 1), of: shape.rank)
    }

    /// Known integers in the order of ONNX.
    private func integerElements(_ place: Int) throws -> (values: [Int], shape: Shape) {
        let x = try inOrder(input(place))
        guard case .integers(let values, let shape) = x.content else { throw refusal(of: x) }
        return (values, shape)
    }

    func quantize() throws -> GraphValue {
        let x = try input(0)
        guard case .tensor(let tensor, _) = try x.isKnown ? inOrder(x).content : x.content else {
            return try quantized(x, scale: 1, zeroPoint: 2, axis: quantizationAxis(of: x.shape) ?? 0)
        }
        let scales = try Scales(
            self, scale: 1, zeroPoint: 2, of: tensor.shape, axis: quantizationAxis(of: tensor.shape))
        let values = tensor.scalars.enumerated().map { scales.integer($1, at: $0) }
        return GraphValue(scales.type, .integers(values, tensor.shape))
    }

    /// (x − zero point) · scale.
    func dequantize() throws -> GraphValue {
        if try !input(0).isKnown {
            return try dequantized(0, scale: 1, zeroPoint: 2, axis: quantizationAxis(of: input(0).shape) ?? 0)
        }
        let (values, shape) = try integerElements(0)
        let scales = try Scales(self, scale: 1, zeroPoint: 2, of: shape, axis: quantizationAxis(of: shape))
        let numbers = values.enumerated().map { place, value in
            Float(value &- scales.zeroPoint(at: place)) * scales.scale(at: place)
        }
        // Stored weights stay parameters.
        var result = GraphValue(.float32, .tensor(Tensor(numbers, shape: shape), path: try input(0).path))
        result.rounding = GraphValue.Rounding(
            scales: scales.scales, axis: try quantizationAxis(of: shape) ?? 0,
            integers: shape.rank > 1 ? nil : values.enumerated().map { $1 &- scales.zeroPoint(at: $0) })
        return result
    }

    /// To uint8 by the extremes of the values themselves.
    fileprivate func quantizeDynamically() throws -> [GraphValue] {
        let x = try inOrder(input(0))
        guard case .tensor(let tensor, _) = x.content else {
            throw x.isKnown
                ? refusal(of: x)
                : OperationError(
                    found: "dynamic quantisation (other scales for each image)",
                    expected: "static quantisation",
                    advice: "give the model in FP32, and `retort quantize` makes INT8 of it")
        }
        let values = tensor.scalars
        let (low, high) = (min(0, values.min() ?? 0), max(0, values.max() ?? 0))
        let scale = high == low ? 1 : (high - low) / 255
        let zeroPoint = Int(clamping: min(max(-low / scale, 0), 255).rounded(.toNearestOrEven))
        let integers = values.map { value in
            min(max(Int(clamping: (value / scale).rounded(.toNearestOrEven)) &+ zeroPoint, 0), 255)
        }
        return [
            GraphValue(.uint8, .integers(integers, tensor.shape)), GraphValue(ONNXTensor(Tensor(scale))),
            .integers([zeroPoint], [], type: .uint8),
        ]
    }

    /// Sums of products of integers, [..., M, K] · [..., K, N].
    private func product(
        _ a: [Int], _ aShape: Shape, _ b: [Int], _ bShape: Shape
    ) throws -> (values: [Int], shape: Shape) {
        guard aShape.rank >= 2, bShape.rank >= 2, let inner = aShape.last, inner == bShape[bShape.rank - 2],
            let leading = Shape(Array(aShape.dropLast(2))).broadcast(with: Shape(Array(bShape.dropLast(2)))),
            let columns = bShape.last,
            let shape = Shape(checking: leading.extents + [aShape[aShape.rank - 2], columns])
        else {
            throw OperationError(found: "inputs of \(aShape) and \(bShape)", expected: "matrices that fit")
        }
        try builder.charge(Double(shape.elementCount) * Double(inner), shape)
        try builder.chargeMemory(of: shape)
        let rows = aShape[aShape.rank - 2]
        let left = Self.places(of: Shape(Array(aShape.dropLast(2))), in: leading).map { $0 * rows * inner }
        let right = Self.places(of: Shape(Array(bShape.dropLast(2))), in: leading).map { $0 * inner * columns }
        var values = [Int](repeating: 0, count: shape.elementCount)
        for pair in left.indices {
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum = 0
                    for k in 0..<inner {
                        sum &+= a[left[pair] + row * inner + k] &* b[right[pair] + k * columns + column]
                    }
                    values[(pair * rows + row) * columns + column] = sum
                }
            }
        }
        return (values, shape)
    }

    /// Integers less their zero point, which may differ along an axis.
    private func centred(_ place: Int, zeroPoint: Int, axis: (Shape) -> Int) throws -> (values: [Int], shape: Shape) {
        let (values, shape) = try integerElements(place)
        let zeros = try optionalIntegers(zeroPoint, "zero_point") ?? [0]
        guard zeros.count > 1 else { return (values.map { $0 &- zeros[0] }, shape) }
        let axis = axis(shape)
        guard shape.indices.contains(axis), shape[axis] == zeros.count else {
            throw OperationError(
                found: "\(zeros.count) zero points of \(shape)", expected: "one, or one for each channel")
        }
        let (stride, extent) = (shape.strides[axis], shape[axis])
        return (values.enumerated().map { $1 &- zeros[$0 / stride % extent] }, shape)
    }

    fileprivate func integerProduct() throws -> GraphValue {
        let (a, aShape) = try centred(0, zeroPoint: 2) { $0.rank - 2 }
        let (b, bShape) = try centred(1, zeroPoint: 3) { $0.rank - 1 }
        let (values, shape) = try product(a, aShape, b, bShape)
        return GraphValue(.int32, .integers(values.map { ElementType.int32.wrapped($0) }, shape))
    }

    fileprivate func quantizedProduct() throws -> GraphValue {
        if try !input(0).isKnown || !input(3).isKnown { return try quantizedMatrices() }
        let (a, aShape) = try centred(0, zeroPoint: 2) { $0.rank - 2 }
        let (b, bShape) = try centred(3, zeroPoint: 5) { $0.rank - 1 }
        let (sums, shape) = try product(a, aShape, b, bShape)
        let left = try Scales(self, scale: 1, zeroPoint: 2, of: shape, axis: shape.rank - 2)
        let right = try Scales(self, scale: 4, zeroPoint: 5, of: shape, axis: shape.rank - 1)
        let result = try Scales(self, scale: 6, zeroPoint: 7, of: shape, axis: nil)
        return requantized(sums, shape, left, right, result)
    }

    private func requantized(
        _ sums: [Int], _ shape: Shape, _ left: Scales, _ right: Scales, _ result: Scales
    ) -> GraphValue {
        let values = sums.enumerated().map { place, sum in
            result.integer(Float(sum) * left.scale(at: place) * right.scale(at: place), at: place)
        }
        return GraphValue(result.type, .integers(values, shape))
    }

    /// Sums of products of integers in windows: of images as matrices of their windows.
    private func convolution(
        _ x: [Int], _ xShape: Shape, _ w: [Int], _ wShape: Shape
    ) throws -> (values: [Int], shape: Shape) {
        let groups = try int("group", otherwise: 1)
        guard xShape.rank == 4, wShape.rank == 4, groups >= 1, wShape[0] % groups == 0,
            wShape[1].multipliedReportingOverflow(by: groups) == (xShape[1], false)
        else {
            throw OperationError(found: "weights of \(wShape) for \(xShape)", expected: "a convolution that fits")
        }
        let windows = try windows(ofKernel: Array(wShape.dropFirst(2)), image: Array(xShape.dropFirst(2)))
        let extents = (0..<2).map { axis -> Int in
            let padded = xShape[axis + 2] + windows.before[axis] + windows.after[axis]
            let span = (windows.kernel[axis] - 1) * windows.dilations[axis] + 1
            return padded < span ? 0 : (padded - span) / windows.strides[axis] + 1
        }
        guard extents.allSatisfy({ $0 > 0 }), let shape = Shape(checking: [xShape[0], wShape[0]] + extents) else {
            throw OperationError(found: "a kernel of \(wShape) for \(xShape)", expected: "one that fits")
        }
        let window = wShape[1] * wShape[2] * wShape[3]
        try builder.charge(Double(shape.elementCount) * Double(window), shape)
        try builder.chargeMemory(of: shape)
        let (strides, outputs) = (xShape.strides, wShape[0] / groups)
        var values = [Int](repeating: 0, count: shape.elementCount)
        for place in values.indices {
            let (column, row) = (place % extents[1], place / extents[1] % extents[0])
            let channel = place / (extents[0] * extents[1]) % wShape[0]
            let image = place / (extents[0] * extents[1] * wShape[0])
            var sum = 0
            for input in 0..<wShape[1] {
                let plane = image * strides[0] + (channel / outputs * wShape[1] + input) * strides[1]
                for y in 0..<wShape[2] {
                    let line = row * windows.strides[0] + y * windows.dilations[0] - windows.before[0]
                    guard (0..<xShape[2]).contains(line) else { continue }
                    for z in 0..<wShape[3] {
                        let pixel = column * windows.strides[1] + z * windows.dilations[1] - windows.before[1]
                        guard (0..<xShape[3]).contains(pixel) else { continue }
                        sum &+=
                            x[plane + line * strides[2] + pixel]
                            &* w[((channel * wShape[1] + input) * wShape[2] + y) * wShape[3] + z]
                    }
                }
            }
            values[place] = sum
        }
        return (values, shape)
    }

    fileprivate func integerConvolution() throws -> GraphValue {
        let (x, xShape) = try centred(0, zeroPoint: 2) { _ in 1 }
        let (w, wShape) = try centred(1, zeroPoint: 3) { _ in 0 }
        let (values, shape) = try convolution(x, xShape, w, wShape)
        return GraphValue(.int32, .integers(values.map { ElementType.int32.wrapped($0) }, shape))
    }

    func quantizedConvolution() throws -> GraphValue {
        if try !input(0).isKnown { return try quantizedLayer() }
        let (x, xShape) = try centred(0, zeroPoint: 2) { _ in 1 }
        let (w, wShape) = try centred(3, zeroPoint: 5) { _ in 0 }
        var (sums, shape) = try convolution(x, xShape, w, wShape)
        if let bias = try optionalIntegers(8, "bias") {
            guard bias.count == shape[1] else {
                throw OperationError(found: "a bias of \(bias.count)", expected: "\(shape[1])")
            }
            let pixels = shape[2] * shape[3]
            for place in sums.indices { sums[place] &+= bias[place / pixels % shape[1]] }
        }
        let left = try Scales(self, scale: 1, zeroPoint: 2, of: shape, axis: nil)
        let right = try Scales(self, scale: 4, zeroPoint: 5, of: shape, axis: 1)
        let result = try Scales(self, scale: 6, zeroPoint: 7, of: shape, axis: nil)
        return requantized(sums, shape, left, right, result)
    }
}
