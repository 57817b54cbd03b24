import TensorCore

/// Convolution. Operands: x [N, H, W, C], or rows [N, C] as images of one pixel; weights [kernel height, kernel width,
/// C / groups, C']; and the bias [C'] if there is one.
public struct Convolution2DOperation: GraphOperation {
    public static let name = "convolution2D"

    /// Step between output pixels in input pixels.
    public let strideHeight, strideWidth: Int
    /// Zero pixels added on each side.
    public let padding: Padding2D
    /// Distance between taps in input pixels.
    public let dilationHeight, dilationWidth: Int
    /// Blocks of channels that do not mix.
    public let groups: Int

    /// Describes a convolution; the sizes come from its operands.
    public init(
        stride: (Int, Int) = (1, 1), padding: Padding2D = Padding2D(0, 0), dilation: (Int, Int) = (1, 1),
        groups: Int = 1
    ) {
        (strideHeight, strideWidth) = stride
        self.padding = padding
        (dilationHeight, dilationWidth) = dilation
        self.groups = groups
    }

    /// That of a geometry.
    public init(_ geometry: Conv2DGeometry) {
        self.init(
            stride: (geometry.strideHeight, geometry.strideWidth), padding: geometry.padding,
            dilation: (geometry.dilationHeight, geometry.dilationWidth), groups: geometry.groups)
    }

    private enum Key: String, CodingKey { case stride, pad, dilation, groups }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        (strideHeight, strideWidth) = try fields.pair(.stride, otherwise: 1)
        padding = try fields.padding(.pad)
        (dilationHeight, dilationWidth) = try fields.pair(.dilation, otherwise: 1)
        groups = try fields.decodeIfPresent(Int.self, forKey: .groups) ?? 1
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encodePair(strideHeight, strideWidth, forKey: .stride, unless: 1)
        try fields.encode(padding, forKey: .pad)
        try fields.encodePair(dilationHeight, dilationWidth, forKey: .dilation, unless: 1)
        if groups != 1 { try fields.encode(groups, forKey: .groups) }
    }

    /// Sizes up to this, padding up to a thousandth of it: products of a few of them do not overflow, and a small file
    /// cannot ask for much memory.
    private static let limit = 1 << 20

    /// The geometry for operands of these shapes.
    ///
    /// - Throws: ``OperationError`` for operands or attributes that do not fit.
    public func geometry(input: Shape, weights: Shape) throws(OperationError) -> Conv2DGeometry {
        let isFlat = input.rank == 2
        let image = isFlat ? [1, 1, input[1]] : Array(input.dropFirst())
        let misfit = OperationError(
            found: "weights \(weights), groups \(groups) for an input of \(input)", expected: "a convolution that fits")
        guard weights.rank == 4, image.count == 3,
            (weights.extents + image).allSatisfy({ (1...Self.limit).contains($0) }),
            groups >= 1, weights[3] % groups == 0,
            weights[2].multipliedReportingOverflow(by: groups) == (image[2], false),
            (1...Self.limit).contains(strideHeight), (1...Self.limit).contains(strideWidth),
            (1...Self.limit).contains(dilationHeight), (1...Self.limit).contains(dilationWidth),
            padding.sides.allSatisfy({ (0..<1 << 10).contains($0) })
        else { throw misfit }
        let padded = (image[0] + padding.top + padding.bottom, image[1] + padding.left + padding.right)
        let spans = ((weights[0] - 1) * dilationHeight + 1, (weights[1] - 1) * dilationWidth + 1)
        guard padded.0 >= spans.0, padded.1 >= spans.1,
            // The most multiply-adds that there could be, which a geometry counts.
            Shape(checking: [padded.0, padded.1, weights.elementCount]) != nil
        else { throw misfit }
        let geometry = Conv2DGeometry(
            input: (image[0], image[1], image[2]), kernel: (weights[0], weights[1]), outputChannels: weights[3],
            stride: (strideHeight, strideWidth), padding: padding,
            dilation: (dilationHeight, dilationWidth), groups: groups)
        guard !isFlat || geometry.outputPixels == 1 else {
            throw OperationError(found: "\(geometry.outputPixels) pixels of an input of \(input)", expected: "one")
        }
        return geometry
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...3, for: label)
        let geometry = try geometry(input: operands[0], weights: operands[1])
        if let bias = operands.dropFirst(2).first, bias != [geometry.outputChannels] {
            throw OperationError(found: "a bias of \(bias)", expected: "[\(geometry.outputChannels)]")
        }
        return operands[0].rank == 2
            ? [operands[0][0], geometry.outputChannels] : geometry.outputShape(batch: operands[0][0])
    }

    /// The geometry for operands that are known to fit.
    private func fitted(to input: Shape, _ weights: Shape) -> Conv2DGeometry {
        do { return try geometry(input: input, weights: weights) } catch { fatalError("convolution2D: \(error)") }
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        let (x, geometry) = (operands[0], fitted(to: operands[0].shape, operands[1].shape))
        let bias = operands.count > 2 ? operands[2] : nil
        guard x.shape.rank == 2 else { return convolution2D(x, operands[1], bias: bias, geometry) }
        let images = x.reshaped(to: geometry.inputShape(batch: x.shape[0]))
        return convolution2D(images, operands[1], bias: bias, geometry)
            .reshaped(to: [x.shape[0], geometry.outputChannels])
    }

    public func record(_ operands: [Variable]) -> Variable {
        let shape = operands[0].shape
        let geometry = fitted(to: shape, operands[1].shape)
        let input =
            shape.rank == 2
            ? operands[0].value.reshaped(to: geometry.inputShape(batch: shape[0])) : operands[0].value
        let (kernel, wantsInput, hasBias) = (operands[1].value, operands[0].node != nil, operands.count > 2)
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            let upstream = upstream.reshaped(to: geometry.outputShape(batch: shape[0]))
            // The first layer's input is data: its gradient, a third of the layer's work, is not wanted.
            return [
                wantsInput
                    ? convolution2DGradientToInput(upstream, kernel, geometry).reshaped(to: shape) : nil,
                convolution2DGradientToWeights(input, upstream, geometry),
            ] + (hasBias ? [sumOverLeadingAxes(upstream)] : [])
        }
    }

    /// A depthwise convolution has as many groups as its input has channels.
    public func fitting(_ operands: [Shape]) -> Convolution2DOperation {
        guard operands.count > 1, let channels = operands[0].last, operands[1].rank == 4, operands[1][2] > 0,
            channels / operands[1][2] != groups
        else { return self }
        return Convolution2DOperation(
            stride: (strideHeight, strideWidth), padding: padding,
            dilation: (dilationHeight, dilationWidth), groups: channels / operands[1][2])
    }

    public func multiplyAdds(of operands: [Shape]) -> Int {
        guard operands.count > 1, let geometry = try? geometry(input: operands[0], weights: operands[1]) else {
            return 0
        }
        return operands[0][0] * geometry.multiplyAdds
    }
}

extension Variable {
    /// Convolution with a kernel, and a bias if there is one.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'].
    ///   - bias: [C'].
    ///   - geometry: the sizes; self has shape [N, H, W, C].
    /// - Returns: [N, H', W', C'].
    public func convolved(with weights: Variable, bias: Variable? = nil, _ geometry: Conv2DGeometry) -> Variable {
        let expected = (geometry.inputShape(batch: shape.first ?? 0), geometry.weightShape)
        require(
            shape == expected.0 && weights.shape == expected.1,
            "convolved: input \(shape) and weights \(weights.shape), \(expected.0) and \(expected.1) expected by the geometry"
        )
        return Convolution2DOperation(geometry).record([self, weights] + (bias.map { [$0] } ?? []))
    }

    /// Convolution, batch normalisation with given statistics, a residual added and negative values cut, in one pass
    /// over the map; nil on a tape that trains or traces, which wants the steps one by one.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'].
    ///   - bias: [C'].
    ///   - geometry: the sizes; self has shape [N, H, W, C].
    ///   - coefficients: of the normalisation; computed only if wanted.
    ///   - residual: [N, H', W', C'].
    ///   - relu: whether max(·, 0) follows.
    public func convolved(
        with weights: Tensor, bias: Tensor?, _ geometry: Conv2DGeometry,
        normalizedBy coefficients: @autoclosure () -> BatchNormCoefficients, residual: Tensor?, relu: Bool
    ) -> Variable? {
        guard tape.mode == .evaluation, tape.trace == nil else { return nil }
        let folded = coefficients().folded(weights: weights, bias: bias)
        return tape.constant(
            PreparedConvolution2D(folded.weights, bias: folded.bias, geometry)(value, residual: residual, relu: relu))
    }
}
