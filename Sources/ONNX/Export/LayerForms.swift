import Autograd
import Graph
import TensorCore

extension Convolution2DOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        guard case .value(let value) = operands[0] else {
            throw GraphError(operation: label, reason: "convolves a stored tensor, which is not written to ONNX")
        }
        let weights = operands[1]
        let isFlat = value.shape.rank == 2
        var images = value
        if isFlat {
            // Rows as images of one pixel.
            let axes = writer.store(integers: [2, 3], wanted: "axes")
            let name = writer.add("Unsqueeze", [writer.arranged(value, [0, 1]).name, axes])
            images = ExportValue(name: name, shape: [1, 1, 1, value.shape[1]], order: ExportWriter.imageOrder)
        }
        // [height, width, C / groups, C'] as [C', C / groups, height, width].
        let kernel = writer.name(of: weights, order: [2, 3, 1, 0])
        let bias = operands.dropFirst(2).first.map { [writer.name(of: $0)] } ?? []
        let name = writer.add(
            "Conv", [writer.arranged(images, ExportWriter.imageOrder).name, kernel] + bias,
            [
                "kernel_shape": .ints([weights.shape[0], weights.shape[1]]),
                "strides": .ints([strideHeight, strideWidth]), "dilations": .ints([dilationHeight, dilationWidth]),
                "pads": .ints([paddingHeight, paddingWidth, paddingHeight, paddingWidth]), "group": .int(groups),
            ])
        guard isFlat else { return ExportValue(name: name, shape: shape, order: ExportWriter.imageOrder) }
        return ExportValue(name: writer.add("Flatten", [name]), shape: shape, order: [0, 1])
    }
}

extension DenseOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        let weights = writer.name(of: operands[1], channelAxis: 1)
        let bias = operands.dropFirst(2).first.map { [writer.name(of: $0)] } ?? []
        return ExportValue(name: writer.add("Gemm", [x, weights] + bias), shape: shape, order: [0, 1])
    }
}

extension BatchNormOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let rank = shape.rank
        // Channels are axis 1 in ONNX.
        let order = [0] + (1..<max(1, rank - 1)).map { $0 + 1 } + (rank > 1 ? [1] : [])
        let names = [writer.name(of: operands[0], order: order)] + operands.dropFirst().map { writer.name(of: $0) }
        return ExportValue(
            name: writer.add("BatchNormalization", names, ["epsilon": .float(epsilon)]), shape: shape, order: order)
    }
}

extension MaxPool2DOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        return ExportValue(
            name: writer.add("MaxPool", [x], window.onnxAttributes), shape: shape, order: ExportWriter.imageOrder)
    }
}

extension AveragePool2DOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        var attributes = window.onnxAttributes
        attributes["count_include_pad"] = .int(countsPadding ? 1 : 0)
        return ExportValue(
            name: writer.add("AveragePool", [x], attributes), shape: shape, order: ExportWriter.imageOrder)
    }
}

extension PoolingWindow {
    fileprivate var onnxAttributes: [String: NodeCall.Attribute] {
        [
            "kernel_shape": .ints([height, width]), "strides": .ints([strideHeight, strideWidth]),
            "pads": .ints([paddingHeight, paddingWidth, paddingHeight, paddingWidth]),
        ]
    }
}

extension GlobalAveragePoolOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        let means = writer.add("GlobalAveragePool", [x])
        return ExportValue(name: writer.add("Flatten", [means]), shape: shape, order: [0, 1])
    }
}

extension BatchedMatmulOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let names = operands.map { writer.name(of: $0) }
        return ExportValue(name: writer.add("MatMul", names), shape: shape, order: Array(shape.indices))
    }
}
