import TensorCore

/// Transposed convolution: each input pixel adds a multiple of the kernel to the output. It is the gradient of a
/// convolution with respect to its input, as a layer (Zeiler et al., CVPR 2010), and widens maps by its stride.
///
/// Operands: x [N, H, W, C]; weights [kernel height, kernel width, C' / groups, C], those of the convolution from C'
/// channels to C whose gradient it is; and the bias [C'] if there is one. The result is [N, H', W', C'] with
///
/// ```text
/// H' = (H − 1) · stride + (kernel height − 1) · dilation + 1 + output padding − padding above − padding below
/// ```
public struct TransposedConvolution2DOperation: GraphOperation {
    public static let name = "transposedConvolution2D"

    /// Step between the places in the output that neighbouring input pixels add to.
    public let strideHeight, strideWidth: Int
    /// Pixels that are cut from each side of the output.
    public let padding: Padding2D
    /// Distance between taps in output pixels.
    public let dilationHeight, dilationWidth: Int
    /// Blocks of channels that do not mix.
    public let groups: Int
    /// Rows added below the output and columns added at its right, fewer than the stride: inputs of several sizes would
    /// come from outputs of one.
    public let outputPaddingHeight, outputPaddingWidth: Int

    /// Describes a transposed convolution; the sizes come from its operands.
    public init(
        stride: (Int, Int) = (1, 1), padding: Padding2D = Padding2D(0, 0), dilation: (Int, Int) = (1, 1),
        groups: Int = 1, outputPadding: (Int, Int) = (0, 0)
    ) {
        (strideHeight, strideWidth) = stride
        self.padding = padding
        (dilationHeight, dilationWidth) = dilation
        self.groups = groups
        (outputPaddingHeight, outputPaddingWidth) = outputPadding
    }

    private enum Key: String, CodingKey { case stride, pad, dilation, groups, outputPad }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            stride: try fields.pair(.stride, otherwise: 1), padding: try fields.padding(.pad),
            dilation: try fields.pair(.dilation, otherwise: 1),
            groups: try fields.decodeIfPresent(Int.self, forKey: .groups) ?? 1,
            outputPadding: try fields.pair(.outputPad, otherwise: 0))
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encodePair(strideHeight, strideWidth, forKey: .stride, unless: 1)
        try fields.encode(padding, forKey: .pad)
        try fields.encodePair(dilationHeight, dilationWidth, forKey: .dilation, unless: 1)
        if groups != 1 { try fields.encode(groups, forKey: .groups) }
        try fields.encodePair(outputPaddingHeight, outputPaddingWidth, forKey: .outputPad, unless: 0)
    }

    /// The convolution whose gradient it is: from this operation's result to its input.
    ///
    /// - Throws: ``OperationError`` for operands or attributes that do not fit.
    public func geometry(input: Shape, weights: Shape) throws(OperationError) -> Conv2DGeometry {
        guard input.rank == 4, weights.rank == 4, input[3] == weights[3],
            let height = extent(
                input[1], weights[0], strideHeight, dilationHeight, padding.top, padding.bottom, outputPaddingHeight),
            let width = extent(
                input[2], weights[1], strideWidth, dilationWidth, padding.left, padding.right, outputPaddingWidth),
            (1...Self.limit).contains(groups), weights[2] <= Self.limit
        else {
            throw OperationError(
                found:
                    "weights \(weights), stride (\(strideHeight), \(strideWidth)), padding \(padding), output padding "
                    + "(\(outputPaddingHeight), \(outputPaddingWidth)) for an input of \(input)",
                expected: "a transposed convolution that fits")
        }
        // Output padding is what the convolution's last step does not reach.
        return try Convolution2DOperation(
            stride: (strideHeight, strideWidth), padding: padding, dilation: (dilationHeight, dilationWidth),
            groups: groups
        ).geometry(input: [input[0], height, width, weights[2] * groups], weights: weights)
    }

    private static let limit = 1 << 20

    /// The result's extent along an axis; nil where none is positive and countable.
    private func extent(
        _ input: Int, _ taps: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int, _ more: Int
    ) -> Int? {
        let sizes = 1...Self.limit
        guard [input, taps, stride, dilation].allSatisfy(sizes.contains), (0..<stride).contains(more),
            [before, after].allSatisfy({ (0..<Self.limit).contains($0) })
        else { return nil }
        let extent = (input - 1) * stride + (taps - 1) * dilation + 1 + more - before - after
        return sizes.contains(extent) ? extent : nil
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...3, for: label)
        let geometry = try geometry(input: operands[0], weights: operands[1])
        if let bias = operands.dropFirst(2).first, bias != [geometry.inputChannels] {
            throw OperationError(found: "a bias of \(bias)", expected: "[\(geometry.inputChannels)]")
        }
        return geometry.inputShape(batch: operands[0][0])
    }

    /// The geometry for operands that are known to fit.
    private func fitted(_ operands: [Shape]) -> Conv2DGeometry {
        do { return try geometry(input: operands[0], weights: operands[1]) } catch { fatalError("\(label): \(error)") }
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        let result = convolution2DGradientToInput(operands[0], operands[1], fitted(operands.map(\.shape)))
        return operands.count > 2 ? result + operands[2] : result
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let geometry = fitted(operands.map(\.shape))
        let (input, kernel, hasBias) = (operands[0].value, operands[1].value, operands.count > 2)
        let wantsInput = operands[0].node != nil
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            [
                wantsInput ? convolution2D(upstream, kernel, geometry) : nil,
                convolution2DGradientToWeights(upstream, input, geometry),
            ] + (hasBias ? [sumOverLeadingAxes(upstream)] : [])
        }
    }

    public func multiplyAdds(of operands: [Shape]) -> Int {
        guard operands.count > 1, let geometry = try? geometry(input: operands[0], weights: operands[1]) else {
            return 0
        }
        return operands[0][0] * geometry.multiplyAdds
    }
}

extension Variable {
    /// Transposed convolution with a kernel, and a bias if there is one: each pixel of self adds a multiple of the
    /// kernel to the result.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C' / groups, C]; self has shape [N, H, W, C].
    ///   - bias: [C'].
    ///   - operation: stride, padding and the other attributes.
    /// - Returns: [N, H', W', C'], sizes as ``TransposedConvolution2DOperation`` says.
    public func transposedConvolved(
        with weights: Variable, bias: Variable? = nil, _ operation: TransposedConvolution2DOperation
    ) -> Variable {
        operation.record([self, weights] + (bias.map { [$0] } ?? []))
    }
}
