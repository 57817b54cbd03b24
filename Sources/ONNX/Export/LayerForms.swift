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
                "pads": .ints(padding.sides), "group": .int(groups),
            ])
        guard isFlat else { return ExportValue(name: name, shape: shape, order: ExportWriter.imageOrder) }
        return ExportValue(name: writer.flattened(name), shape: shape, order: [0, 1])
    }
}

extension DenseOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        let weights = writer.name(of: operands[1], channelAxis: 1)
        let bias = operands.dropFirst(2).first.map { [writer.name(of: $0)] } ?? []
        guard shape.rank != 2 else {
            return ExportValue(name: writer.add("Gemm", [x, weights] + bias), shape: shape, order: [0, 1])
        }
        // Gemm takes matrices alone.
        let product = writer.add("MatMul", [x, weights])
        let name = bias.isEmpty ? product : writer.add("Add", [product] + bias)
        return ExportValue(name: name, shape: shape, order: Array(shape.indices))
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
        var attributes = window.onnxAttributes
        attributes["dilations"] = .ints([window.dilationHeight, window.dilationWidth])
        return ExportValue(
            name: writer.add("MaxPool", [x], attributes), shape: shape, order: ExportWriter.imageOrder)
    }
}

extension AveragePool2DOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        guard window.dilationHeight == 1, window.dilationWidth == 1 else {
            // Averages have dilations from operator set 19 on.
            throw GraphError(operation: label, reason: "has a dilation, which ONNX has no form of before version 19")
        }
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
            "pads": .ints(padding.sides), "ceil_mode": .int(ceilMode ? 1 : 0),
        ]
    }
}

extension GlobalAveragePoolOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        let means = writer.add("GlobalAveragePool", [x])
        return ExportValue(name: writer.flattened(means), shape: shape, order: [0, 1])
    }
}

extension BatchedMatmulOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let names = operands.map { writer.name(of: $0) }
        return ExportValue(name: writer.add("MatMul", names), shape: shape, order: Array(shape.indices))
    }
}

extension LayerNormOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let names = operands.map { writer.name(of: $0) }
        let axes = Array(shape.rank - operands[1].shape.rank..<shape.rank)
        let order = Array(shape.indices)
        guard writer.version < 17 else {
            let name = writer.add(
                "LayerNormalization", names, ["axis": .int(axes[0]), "epsilon": .float(epsilon)])
            return ExportValue(name: name, shape: shape, order: order)
        }
        // What the operator of version 17 is defined as.
        func mean(_ name: String) -> String {
            writer.add("ReduceMean", [name], ["axes": .ints(axes), "keepdims": .int(1)])
        }
        let centred = writer.add("Sub", [names[0], mean(names[0])])
        let variance = mean(writer.add("Mul", [centred, centred]))
        let deviation = writer.add("Sqrt", [writer.add("Add", [variance, writer.number(epsilon)])])
        var name = writer.add("Mul", [writer.add("Div", [centred, deviation]), names[1]])
        if names.count > 2 { name = writer.add("Add", [name, names[2]]) }
        return ExportValue(name: name, shape: shape, order: order)
    }
}

extension BroadcastOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let row = writer.name(of: operands[0])
        let other = writer.value(operands[1])
        // The batch size, and 1 for the other axes.
        let extents = writer.add("Shape", [other.name])
        let place = writer.store(integers: [other.order[0]])
        let batch = writer.add("Gather", [extents, place])
        let ones = writer.store(integers: [Int](repeating: 1, count: shape.rank - 1))
        let wanted = shape.rank > 1 ? writer.add("Concat", [batch, ones], ["axis": .int(0)]) : batch
        return ExportValue(name: writer.add("Expand", [row, wanted]), shape: shape, order: Array(shape.indices))
    }
}
