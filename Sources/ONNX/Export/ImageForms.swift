import Autograd
import Graph
import TensorCore

extension TransposedConvolution2DOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        // [height, width, C' / groups, C] as [C, C' / groups, height, width].
        let kernel = writer.name(of: operands[1], order: [2, 3, 1, 0])
        let bias = operands.dropFirst(2).first.map { [writer.name(of: $0)] } ?? []
        let name = writer.add(
            "ConvTranspose", [x, kernel] + bias,
            [
                "kernel_shape": .ints([operands[1].shape[0], operands[1].shape[1]]),
                "strides": .ints([strideHeight, strideWidth]), "dilations": .ints([dilationHeight, dilationWidth]),
                "pads": .ints(padding.sides), "group": .int(groups),
                "output_padding": .ints([outputPaddingHeight, outputPaddingWidth]),
            ])
        return ExportValue(name: name, shape: shape, order: ExportWriter.imageOrder)
    }
}

extension ResizeOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        guard !interpolation.antialias else {
            throw GraphError(operation: label, reason: "antialiases, which ONNX has a form of from version 18 on")
        }
        let x = writer.name(of: operands[0], order: ExportWriter.imageOrder)
        var attributes: [String: NodeCall.Attribute] = [
            "coordinate_transformation_mode": .string(interpolation.coordinates.rawValue)
        ]
        if interpolation.coordinates == .halfPixelSymmetric {
            throw GraphError(operation: label, reason: "has coordinates that ONNX has a form of from version 19 on")
        }
        switch interpolation.kernel {
        case .nearest(let rounding):
            (attributes["mode"], attributes["nearest_mode"]) = (.string("nearest"), .string(rounding.rawValue))
        case .linear: attributes["mode"] = .string("linear")
        case .cubic(let coefficient):
            (attributes["mode"], attributes["cubic_coeff_a"]) = (.string("cubic"), .float(coefficient))
        }
        if interpolation.excludesOutside { attributes["exclude_outside"] = .int(1) }
        let inputs: [String]
        switch target {
        case .scales(let vertical, let horizontal):
            inputs = [x, "", writer.store(Tensor([1, 1, vertical, horizontal]), path: "scales")]
        case .size(let height, let width):
            // Extents of the batch are not known: those that the image has, and the new ones.
            let extents = writer.add("Shape", [x])
            let places = writer.store(integers: [0, 1])
            let leading = writer.add("Gather", [extents, places])
            let sizes = writer.store(integers: [height, width])
            inputs = [x, "", "", writer.add("Concat", [leading, sizes], ["axis": .int(0)])]
        }
        return ExportValue(
            name: writer.add("Resize", inputs, attributes), shape: shape, order: ExportWriter.imageOrder)
    }
}
