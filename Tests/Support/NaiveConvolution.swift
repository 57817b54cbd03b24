import TensorCore

/// Convolution as it is defined, to be understood and to test the fast ones: output element o is the sum of products
/// x[i] · w[k] over a list of triples (i, k, o). Both gradients are sums over the same list.
public struct NaiveConvolution {
    /// The indices of every product, and how large the output is.
    public let products: [(x: Int, w: Int, y: Int)]
    /// Height and width of the output, by trying where the kernel still fits.
    public let outputHeight, outputWidth: Int
    let inputShape, weightShape, outputShape: Shape

    /// Lists the products of one convolution.
    ///
    /// - Parameters:
    ///   - input: (batch, height, width, channels).
    ///   - kernel: (height, width).
    ///   - output: channels.
    ///   - padding: before; and after unless that is given.
    public init(
        input: (n: Int, h: Int, w: Int, c: Int), kernel: (h: Int, w: Int), output: Int, stride: (Int, Int) = (1, 1),
        padding: (Int, Int) = (0, 0), paddingAfter: (Int, Int)? = nil, dilation: (Int, Int) = (1, 1), groups: Int = 1
    ) {
        func places(_ extent: Int, _ kernel: Int, _ stride: Int, _ before: Int, _ after: Int, _ dilation: Int) -> [Int]
        {
            var places: [Int] = []
            var first = -before
            while first + (kernel - 1) * dilation < extent + after {
                places.append(first)
                first += stride
            }
            return places
        }
        let after = paddingAfter ?? padding
        let rows = places(input.h, kernel.h, stride.0, padding.0, after.0, dilation.0)
        let columns = places(input.w, kernel.w, stride.1, padding.1, after.1, dilation.1)
        (outputHeight, outputWidth) = (rows.count, columns.count)
        let channels = input.c / groups
        let outputs = output / groups
        inputShape = [input.n, input.h, input.w, input.c]
        weightShape = [kernel.h, kernel.w, channels, output]
        outputShape = [input.n, rows.count, columns.count, output]
        var products: [(x: Int, w: Int, y: Int)] = []
        for n in 0..<input.n {
            for (oy, top) in rows.enumerated() {
                for (ox, left) in columns.enumerated() {
                    for ky in 0..<kernel.h {
                        for kx in 0..<kernel.w {
                            let (y, x) = (top + ky * dilation.0, left + kx * dilation.1)
                            guard y >= 0, y < input.h, x >= 0, x < input.w else { continue }
                            for o in 0..<output {
                                for c in 0..<channels {
                                    products.append(
                                        (
                                            ((n * input.h + y) * input.w + x) * input.c + o / outputs * channels + c,
                                            ((ky * kernel.w + kx) * channels + c) * output + o,
                                            ((n * rows.count + oy) * columns.count + ox) * output + o
                                        ))
                                }
                            }
                        }
                    }
                }
            }
        }
        self.products = products
    }

    /// y[o] = Σ x[i] · w[k]
    public func output(_ x: DoubleArray, _ w: DoubleArray) -> DoubleArray {
        var y = DoubleArray(zeros: outputShape)
        for product in products { y.values[product.y] += x.values[product.x] * w.values[product.w] }
        return y
    }

    /// dx[i] = Σ dy[o] · w[k]
    public func gradientToInput(_ dy: DoubleArray, _ w: DoubleArray) -> DoubleArray {
        var dx = DoubleArray(zeros: inputShape)
        for product in products { dx.values[product.x] += dy.values[product.y] * w.values[product.w] }
        return dx
    }

    /// dw[k] = Σ x[i] · dy[o]
    public func gradientToWeights(_ x: DoubleArray, _ dy: DoubleArray) -> DoubleArray {
        var dw = DoubleArray(zeros: weightShape)
        for product in products { dw.values[product.w] += x.values[product.x] * dy.values[product.y] }
        return dw
    }
}
