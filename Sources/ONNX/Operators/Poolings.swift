import Autograd
import TensorCore

extension OperatorTable {
    /// Poolings.
    static let pooling: [String: Evaluate] = [
        "MaxPool": { [try $0.maxPool()] },
        "AveragePool": { [try $0.averagePool()] },
        "GlobalAveragePool": { [try $0.globalAveragePool()] },
        "GlobalMaxPool": { call in
            let x = try call.input(0)
            let axes = (2..<max(2, x.shape.rank)).map { x.order[$0] }
            return [
                try call.apply(
                    MaxOperation(axes: axes, keepsAxes: true), [x.content], type: x.type, order: x.order)
            ]
        },
    ]
}

extension NodeCall {
    private func poolingWindow(_ x: GraphValue) throws -> PoolingWindow {
        guard let kernel = try ints("kernel_shape") else {
            throw OperationError(found: "no kernel_shape", expected: "the window's extents")
        }
        guard try int("storage_order", otherwise: 0) == 0 else {
            throw OperationError(found: "storage_order 1", expected: "0")
        }
        var windows = try windows(kernel: kernel, image: Array(x.shape.dropFirst(2)))
        if kernel.count == 1 { windows.insertRow() }
        guard windows.kernel.count == 2 else {
            throw OperationError(found: "windows of \(kernel)", expected: "one or two axes")
        }
        return PoolingWindow(
            size: (windows.kernel[0], windows.kernel[1]), stride: (windows.strides[0], windows.strides[1]),
            padding: windows.padding, dilation: (windows.dilations[0], windows.dilations[1]),
            ceilMode: try flag("ceil_mode"))
    }

    fileprivate func maxPool() throws -> GraphValue {
        guard outputCount == 1 else {
            throw OperationError(found: "MaxPool that gives places of its maxima", expected: "the maxima alone")
        }
        let x = try input(0)
        // Bytes are the same as float32.
        let images = try asImages(cast(x, to: x.type.isFloat ? x.type : .float32))
        let result = try apply(
            MaxPool2DOperation(poolingWindow(x)), [images.content], type: images.type, order: imageOrder)
        var maxima = try asRank(x.shape.rank, result)
        if maxima.isKnown { return try cast(maxima, to: x.type) }
        maxima.type = x.type
        return maxima
    }

    fileprivate func averagePool() throws -> GraphValue {
        let x = try input(0)
        let operation = AveragePool2DOperation(try poolingWindow(x), countsPadding: try flag("count_include_pad"))
        let result = try apply(operation, [asImages(x).content], type: x.type, order: imageOrder)
        return try asRank(x.shape.rank, result)
    }

    fileprivate func globalAveragePool() throws -> GraphValue {
        let x = try input(0)
        guard x.shape.rank == 4 else {
            let axes = (2..<max(2, x.shape.rank)).map { x.order[$0] }
            return try apply(MeanOperation(axes: axes, keepsAxes: true), [x.content], type: x.type, order: x.order)
        }
        let means = try apply(GlobalAveragePoolOperation(), [images(x).content], type: x.type)
        return try inserting(3, in: inserting(2, in: means))
    }
}
