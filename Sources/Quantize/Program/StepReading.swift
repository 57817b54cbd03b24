import Autograd
import TensorCore

// What a single step means, given what it reads: attributes are checked before a geometry, which would stop the program, is
// made of them.
extension ProgramReader {
    func function(_ record: ProgramRecord.Step, _ input: Shape, at index: Int) throws -> Autograd.Operation {
        switch record.op {
        case "relu": return .relu
        case "sigmoid": return .sigmoid
        case "tanh": return .tanh
        case "scale":
            guard let factor = record.factor, Float(factor).isFinite else {
                throw fault(index, "scale without a factor", "a number")
            }
            return .scale(Float(factor))
        default:
            guard input.rank == 1 else { throw fault(index, "\(record.op) of \(input)", "one row an image") }
            return record.op == "softmax" ? .softmax : .logSoftmax
        }
    }

    func concatenation(
        _ record: ProgramRecord.Step, _ inputs: [Shape], at index: Int
    ) throws -> (Autograd.Operation, Conv2DGeometry?, Shape) {
        guard let first = inputs.first, let axis = record.axis, axis >= 1, axis <= first.rank else {
            throw fault(
                index, "axis \(record.axis ?? -1) of \(inputs.count) inputs", "an axis of theirs, not the batch")
        }
        let others = first.indices.filter { $0 != axis - 1 }
        guard inputs.allSatisfy({ part in part.rank == first.rank && others.allSatisfy { part[$0] == first[$0] } })
        else { throw fault(index, "inputs \(inputs)", "alike but along axis \(axis)") }
        var extents = first.extents
        extents[axis - 1] = inputs.reduce(0) { $0 + $1[axis - 1] }
        guard let shape = Shape(checking: extents) else {
            throw fault(index, "result of \(extents)", "a countable size")
        }
        return (.concatenate(axis: axis), nil, shape)
    }

    func convolution(_ record: ProgramRecord.Step, _ input: Shape, at index: Int) throws -> Conv2DGeometry {
        let kernel = try weightShape(index, rank: 4)
        let image: Shape = input.rank == 1 ? [1, 1, input[0]] : input
        let stride = try pair(record.stride, usually: 1, at: index)
        let pad = try pair(record.pad, usually: 0, at: index)
        let dilation = try pair(record.dilation, usually: 1, at: index)
        let groups = record.groups ?? 1
        let spans = ((kernel[0] - 1) * dilation.0 + 1, (kernel[1] - 1) * dilation.1 + 1)
        guard image.rank == 3, groups >= 1, kernel[3] % groups == 0, stride.0 > 0, stride.1 > 0, dilation.0 > 0,
            dilation.1 > 0, pad.0 < Self.padLimit, pad.1 < Self.padLimit, image[2] == kernel[2] * groups,
            image[0] + 2 * pad.0 >= spans.0, image[1] + 2 * pad.1 >= spans.1,
            // The most multiply-adds that there could be, which a geometry counts.
            Shape(checking: [image[0] + 2 * pad.0, image[1] + 2 * pad.1, kernel.elementCount]) != nil
        else {
            throw fault(
                index, "weights \(kernel), groups \(groups) for an input of \(input)", "a convolution that fits")
        }
        return Conv2DGeometry(
            input: (image[0], image[1], image[2]), kernel: (kernel[0], kernel[1]), outputChannels: kernel[3],
            stride: stride, padding: pad, dilation: dilation, groups: groups)
    }

    func pooling(_ record: ProgramRecord.Step, _ input: Shape, at index: Int) throws -> Pool2DGeometry {
        let window = try pair(record.window, usually: 0, at: index)
        let stride = try pair(record.stride, usually: 0, at: index)
        let pad = try pair(record.pad, usually: 0, at: index)
        guard input.rank == 3, window.0 > 0, window.1 > 0, stride.0 > 0, stride.1 > 0, pad.0 < window.0,
            pad.1 < window.1, input[0] + 2 * pad.0 >= window.0, input[1] + 2 * pad.1 >= window.1,
            window.0 * window.1 <= 1 << 22
        else {
            throw fault(index, "window \(window), stride \(stride) for an input of \(input)", "a pooling that fits")
        }
        return Pool2DGeometry(
            input: (input[0], input[1], input[2]), window: window, stride: stride, padding: pad,
            countsPadding: record.countsPadding ?? true)
    }

    /// Padding has no bearing on the size of the file, so that only a bound keeps results small.
    private static let padLimit = 1 << 10

    private func pair(_ values: [Int]?, usually: Int, at index: Int) throws -> (Int, Int) {
        guard let values else { return (usually, usually) }
        guard values.count == 2, values.allSatisfy({ $0 >= 0 && $0 <= Self.sizes.upperBound }) else {
            throw fault(index, "\(values)", "two sizes")
        }
        return (values[0], values[1])
    }

    func weightShape(_ index: Int, rank: Int) throws -> Shape {
        guard let shape = file.entries["\(index).weight"]?.shape, shape.rank == rank,
            shape.allSatisfy(Self.sizes.contains)
        else { throw fault(index, "no array \(index).weight with \(rank) axes", "the weights") }
        return shape
    }
}
