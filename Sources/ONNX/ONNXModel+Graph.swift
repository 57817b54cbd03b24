import Autograd
import Graph
import TensorCore

extension ONNXModel {
    /// The model as a graph for batches of any size, which infers, trains, is pruned, quantised and exported.
    ///
    /// The model has one input, images [N, C, H, W] or rows [N, C], and its first output is the result. Images of the
    /// graph are [N, H, W, C], as everywhere in Retort. Parameters keep the names that the file gives them.
    ///
    /// - Parameter imageSize: height and width, for a model that leaves them open; nil for those of the file.
    /// - Throws: `FormatError` that names the node which cannot be part of a graph and why; `GraphError` where the
    ///   network mixes the images of a batch.
    public func graph(imageSize: (height: Int, width: Int)? = nil) throws -> NetworkGraph {
        try roundedGraph(imageSize: imageSize).graph()
    }

    /// The same with what a quantised file says of its bytes: where they are rounded, and the integers of its layers.
    ///
    ///     let int8 = try QuantizedModel(model.roundedGraph())
    ///
    /// - Throws: as ``graph(imageSize:)``.
    public func roundedGraph(imageSize: (height: Int, width: Int)? = nil) throws -> RoundedGraph {
        guard inputs.count == 1, let input = inputs.first else {
            throw FormatError(
                file: file.name, found: "inputs \(inputs.map(\.name))", expected: "one, the images of a batch")
        }
        let builder = GraphBuilder(limits: limits)
        let (image, order) = try imageExtents(of: input, imageSize)
        let node = builder.addInput(BatchShape(image: image))
        let value = GraphValue(input.type ?? .float32, .node(node, Shape([1] + image)), order: order)
        let interpreter = Interpreter(file: file, builder: builder)
        let result = try interpreter.run([input.name: value], wanted: [outputs[0].name])[0]
        let call = NodeCall(
            operatorName: "output", version: 0, inputs: [], outputCount: 1, attributes: [:], builder: builder)
        guard case .node(let output, _) = try call.inOrder(result).content, output != node else {
            throw FormatError(
                file: file.name, place: "output \"\(outputs[0].name)\"",
                found: "a value that no operation makes of the input",
                expected: "one that depends on it")
        }
        return RoundedGraph(nodes: builder.nodes, output: output, roles: builder.roles, layers: builder.layers)
    }

    /// Extents of an image as Retort has them, and how the axes of ONNX stand to those of a batch of them.
    private func imageExtents(
        of input: Argument, _ size: (height: Int, width: Int)?
    ) throws -> (image: Shape, order: [Int]) {
        guard input.type?.isFloat != false, let extents = input.extents, (2...4).contains(extents.count) else {
            throw FormatError(
                file: file.name, place: "input \"\(input.name)\"", found: "\(input)",
                expected: "images [N, C, H, W] or rows [N, C] of float32")
        }
        var known = extents
        // Most models have the channels first; those from TensorFlow have them last.
        let isChannelsLast = extents.count == 4 && [1, 3].contains(extents[3]) && ![1, 3].contains(extents[1])
        if extents.count == 4, let size {
            let first = isChannelsLast ? 1 : 2
            for (axis, given) in [(first, size.height), (first + 1, size.width)] {
                guard known[axis] == nil || known[axis] == given else {
                    throw FormatError(
                        file: file.name, place: "input \"\(input.name)\"",
                        problem:
                            "\(size.height)×\(size.width) is asked for, and \(input) takes images of one size alone",
                        advice: "leave --input-size out, or give that size")
                }
                known[axis] = given
            }
        }
        guard known[0] ?? 1 == 1 else {
            throw FormatError(
                file: file.name, place: "input \"\(input.name)\"", found: "a fixed batch of \(known[0] ?? 0)",
                expected: "a free batch size, or 1")
        }
        let image = known.dropFirst().compactMap(\.self)
        guard image.count == known.count - 1 else {
            throw FormatError(
                file: file.name, place: "input \"\(input.name)\"", problem: "\(input) leaves the size of images open",
                advice: "give it by --input-size, such as --input-size 224x224")
        }
        guard let shape = Shape(checking: image), shape.elementCount > 0,
            image.allSatisfy(StoredGraph.sizes.contains), shape.elementCount <= StoredGraph.elementLimit
        else {
            throw FormatError(
                file: file.name, place: "input \"\(input.name)\"", found: "an image \(image) for \(input)",
                expected: "one of 1 to \(StoredGraph.elementLimit) values")
        }
        return extents.count == 4 && !isChannelsLast
            ? (Shape([image[1], image[2], image[0]]), [0, 3, 1, 2]) : (shape, Array(extents.indices))
    }
}
