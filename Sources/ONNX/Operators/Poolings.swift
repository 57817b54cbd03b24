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
    private func poolingWindows(_ x: GraphValue) throws -> Windows {
        guard let kernel = try ints("kernel_shape") else {
            throw OperationError(found: "no kernel_shape", expected: "the window's extents")
        }
        guard try int("storage_order", otherwise: 0) == 0 else {
            throw OperationError(found: "storage_order 1", expected: "0")
        }
        var windows = try windows(
            kernel: kernel, image: Array(x.shape.dropFirst(2)), isCeiling: flag("ceil_mode"))
        if kernel.count == 1 { windows.insertRow() }
        return windows
    }

    private func window(_ windows: Windows, padding: [Int]) -> PoolingWindow {
        PoolingWindow(
            window: (windows.kernel[0], windows.kernel[1]), stride: (windows.strides[0], windows.strides[1]),
            padding: (padding[0], padding[1]))
    }

    fileprivate func maxPool() throws -> GraphValue {
        guard outputCount == 1 else {
            throw OperationError(found: "MaxPool that gives places of its maxima", expected: "the maxima alone")
        }
        var x = try input(0)
        if case .integers = x.content {
            // Bytes are the same as float32.
            x = try cast(x, to: .float32)
        }
        let windows = try poolingWindows(x)
        guard windows.dilations == [1, 1] else {
            throw OperationError(found: "dilations \(windows.dilations)", expected: "1")
        }
        let isSymmetric = windows.before == windows.after
        // Less than any number that an image has.
        let images = isSymmetric ? try asImages(x) : try bordered(asImages(x), windows, with: -.greatestFiniteMagnitude)
        let window = window(windows, padding: isSymmetric ? windows.before : [0, 0])
        let result = try apply(MaxPool2DOperation(window), [images.content], type: x.type, order: imageOrder)
        return try cast(asRank(x.shape.rank, result), to: input(0).type)
    }

    fileprivate func averagePool() throws -> GraphValue {
        let x = try input(0)
        let windows = try poolingWindows(x)
        let countsPadding = try flag("count_include_pad")
        guard windows.dilations == [1, 1] else {
            throw OperationError(found: "dilations \(windows.dilations)", expected: "1")
        }
        let isSymmetric = windows.before == windows.after
        guard isSymmetric || countsPadding else {
            throw OperationError(
                found: "padding \(windows.before) before and \(windows.after) behind that does not count",
                expected: "the same on both sides")
        }
        let images = isSymmetric ? try asImages(x) : try bordered(asImages(x), windows)
        let window = window(windows, padding: isSymmetric ? windows.before : [0, 0])
        let result = try apply(
            AveragePool2DOperation(window, countsPadding: countsPadding), [images.content], type: x.type,
            order: imageOrder)
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
