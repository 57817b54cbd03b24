import Autograd
import TensorCore

// What those who change a layer's weights by what it reads, pruning and quantisation, have in common.

extension NetworkGraph.Node {
    /// The geometry of a convolution, or of a dense layer as a convolution of a pixel for each row that it reads; nil
    /// for other operations.
    ///
    /// - Parameter shape: extents of what it reads, for one image.
    public func geometry(reading shape: Shape) -> Conv2DGeometry? {
        guard let weights = tensors.first?.shape else { return nil }
        if let convolution = operation?.as(Convolution2DOperation.self) {
            return try? convolution.geometry(input: Shape([1] + shape), weights: weights)
        }
        guard operation?.is(DenseOperation.self) == true else { return nil }
        return .dense(rows: shape.dropLast().reduce(1, *), inputs: weights[0], outputs: weights[1])
    }
}

extension Conv2DGeometry {
    /// A dense layer as a convolution of a pixel for each row.
    package static func dense(rows: Int, inputs: Int, outputs: Int) -> Conv2DGeometry {
        Conv2DGeometry(input: (1, rows, inputs), kernel: (1, 1), outputChannels: outputs)
    }

    /// How many images a shape holds, whatever its axes are.
    package func batch(of shape: Shape) -> Int { shape.elementCount / max(inputShape(batch: 1).elementCount, 1) }
}

extension Tensor {
    /// [N, ...] as the images that a layer reads; rows may stand in the batch axis, [N · rows, C].
    package func asImages(for geometry: Conv2DGeometry) -> Tensor {
        reshaped(to: geometry.inputShape(batch: geometry.batch(of: shape)))
    }

    /// What is added to the diagonal of second moments [K, K]: a hundredth of its mean, as GPTQ does. Inputs that are
    /// always 0, and more inputs than images, leave them without an inverse.
    package var damping: Float {
        let mean = (0..<shape[0]).reduce(0.0) { $0 + Double(self[$1, $1]) } / Double(shape[0])
        return mean > 0 ? Float(0.01 * mean) : 1
    }

    /// The rows and columns of a matrix at some places, in their order, with a number added to its diagonal.
    package func selecting(_ places: [Int], addingToDiagonal damping: Float) -> Tensor {
        let (values, size) = (scalars, shape[1])
        return Tensor(
            places.flatMap { row in places.map { values[row * size + $0] + (row == $0 ? damping : 0) } },
            shape: [places.count, places.count])
    }
}
