import Autograd
import TensorCore

extension OperatorTable {
    /// Convolutions.
    static let convolutions: [String: Evaluate] = ["Conv": { [try $0.convolution()] }]
}

extension NodeCall {
    fileprivate func convolution() throws -> GraphValue {
        let (x, stored) = (try input(0), try input(1))
        let (images, weights) = (try asImages(x), try asKernel(stored, rank: x.shape.rank))
        let groups = try int("group", otherwise: 1)
        let windows = try windows(ofKernel: Array(stored.shape.dropFirst(2)), image: Array(x.shape.dropFirst(2)))
        let operation = Convolution2DOperation(
            stride: (windows.strides[0], windows.strides[1]), padding: windows.padding,
            dilation: (windows.dilations[0], windows.dilations[1]), groups: groups)
        let bias = try optionalInput(2).map { [try inOrder($0).content] } ?? []
        let result = try apply(
            operation, [images.content, weights.content] + bias, type: x.type, order: imageOrder)
        builder.note(layer: result.content, weights: stored, axis: 0, bias: optionalInput(2))
        return try asRank(x.shape.rank, result)
    }

    /// Weights [C', C / groups, ...] as a kernel [height, width, C / groups, C'].
    func asKernel(_ weights: GraphValue, rank: Int) throws -> GraphValue {
        guard weights.shape.rank == rank, (3...4).contains(rank) else {
            throw OperationError(
                found: "weights of \(weights.shape)", expected: "as many axes as the input has, 3 or 4")
        }
        let kernel = rank == 3 ? try inserting(2, in: weights) : weights
        return try arranged(kernel, [3, 2, 0, 1])
    }

    /// Windows of two axes; those of signals have a first one of a single place.
    func windows(ofKernel kernel: [Int], image: [Int]) throws -> Windows {
        if let given = try ints("kernel_shape"), given != kernel {
            throw OperationError(found: "kernel_shape \(given)", expected: "\(kernel), as the weights have")
        }
        var windows = try windows(kernel: kernel, image: image)
        if kernel.count == 1 { windows.insertRow() }
        return windows
    }
}
