import Autograd
import TensorCore

extension OperatorTable {
    /// Convolutions that widen maps, and normalisation over neighbouring channels.
    static let widening: [String: Evaluate] = [
        "ConvTranspose": { [try $0.transposedConvolution()] },
        "LRN": { [try $0.localResponse()] },
    ]
}

extension NodeCall {
    fileprivate func transposedConvolution() throws -> GraphValue {
        let (x, stored) = (try input(0), try input(1))
        let kernel = try asKernel(stored, rank: x.shape.rank)
        let isSignal = x.shape.rank == 3
        var windows = try windows(ofKernel: Array(stored.shape.dropFirst(2)), image: Array(x.shape.dropFirst(2)))
        var added = try ints("output_padding") ?? [Int](repeating: 0, count: x.shape.rank - 2)
        var wanted = try ints("output_shape")
        if isSignal {
            added.insert(0, at: 0)
            wanted?.insert(1, at: 0)
        }
        guard added.count == 2, added.allSatisfy({ (0...1 << 20).contains($0) }), wanted?.count ?? 2 == 2 else {
            throw OperationError(found: "output_padding \(added)", expected: "one number for each axis")
        }
        let images = try asImages(x)
        let mode = try string("auto_pad", otherwise: "NOTSET")
        if mode.hasPrefix("SAME"), wanted == nil {
            wanted = (0..<2).map { images.content.shape[$0 + 1] * windows.strides[$0] }
        }
        if let wanted {
            // What the result has too much is cut from its sides.
            for axis in 0..<2 {
                let full =
                    windows.strides[axis] * (images.content.shape[axis + 1] - 1) + added[axis]
                    + (windows.kernel[axis] - 1) * windows.dilations[axis] + 1
                let total = full - wanted[axis]
                if total < 0 { added[axis] -= total }
                let cut = max(total, 0)
                windows.before[axis] = mode == "SAME_UPPER" ? cut / 2 : cut - cut / 2
                windows.after[axis] = cut - windows.before[axis]
            }
        }
        let operation = TransposedConvolution2DOperation(
            stride: (windows.strides[0], windows.strides[1]), padding: windows.padding,
            dilation: (windows.dilations[0], windows.dilations[1]), groups: try int("group", otherwise: 1),
            outputPadding: (added[0], added[1]))
        let bias = try optionalInput(2).map { [try inOrder($0).content] } ?? []
        let result = try apply(
            operation, [images.content, kernel.content] + bias, type: x.type, order: imageOrder)
        return try asRank(x.shape.rank, result)
    }

    /// x / (bias + alpha · mean of the squares of the channels around)^beta.
    fileprivate func localResponse() throws -> GraphValue {
        let x = try images(input(0))
        guard let size = try int("size"), (1...1 << 20).contains(size) else {
            throw OperationError(found: "no size", expected: "channels in the mean")
        }
        let extents = x.content.shape
        let squares = try binary(x, x, MultiplyOperation()) { left, _ in left }
        let window = PoolingWindow(
            size: (1, size), stride: (1, 1),
            padding: Padding2D(top: 0, left: (size - 1) / 2, bottom: 0, right: size / 2))
        // The channels are an axis of space here.
        let columns = try reshaped(squares, to: [extents[0], extents[1] * extents[2], extents[3], 1])
        let means = try apply(AveragePool2DOperation(window), [columns.content], type: x.type)
        let back = try reshaped(means, to: extents.extents, order: x.order)
        let (alpha, beta) = (try float("alpha", otherwise: 1e-4), try float("beta", otherwise: 0.75))
        let sum = try map(
            map(back, ScaleOperation(factor: alpha)), OffsetOperation(term: float("bias", otherwise: 1)))
        return try binary(x, map(sum, PowOperation(exponent: -beta)), MultiplyOperation()) { left, _ in left }
    }
}
