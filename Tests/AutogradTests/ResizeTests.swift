import Autograd
import TensorCore
import TestSupport
import Testing

@Suite struct ResizeTests {
    struct Row: Sendable {
        let interpolation: Interpolation
        let size: Int?
        let scale: Float?
        let values: [Double]

        init(
            _ kernel: Interpolation.Kernel, _ coordinates: Interpolation.Coordinates, excludesOutside: Bool = false,
            antialias: Bool = false, size: Int? = nil, scale: Float? = nil, _ values: [Double]
        ) {
            interpolation = Interpolation(
                kernel, coordinates: coordinates, excludesOutside: excludesOutside, antialias: antialias)
            (self.size, self.scale, self.values) = (size, scale, values)
        }

        var operation: ResizeOperation {
            ResizeOperation(
                scale.map { .scales(vertical: 1, horizontal: $0) } ?? .size(height: 1, width: size ?? 0), interpolation)
        }
    }

    /// The row 1, 4, 2, 8, 5 resized by the reference of ONNX 1.23, operator set 19.
    static let rows = [
        Row(.nearest(.roundPreferFloor), .halfPixel, size: 8, [1, 1, 4, 2, 2, 8, 5, 5]),
        Row(.nearest(.roundPreferFloor), .halfPixel, size: 3, [1, 2, 5]),
        Row(.nearest(.roundPreferFloor), .asymmetric, size: 8, [1, 4, 4, 2, 2, 8, 5, 5]),
        Row(.nearest(.roundPreferFloor), .asymmetric, size: 3, [1, 2, 8]),
        Row(.nearest(.roundPreferCeil), .halfPixel, size: 8, [1, 1, 4, 2, 2, 8, 5, 5]),
        Row(.nearest(.roundPreferCeil), .halfPixel, size: 3, [1, 2, 5]),
        Row(.nearest(.roundPreferCeil), .asymmetric, size: 8, [1, 4, 4, 2, 8, 8, 5, 5]),
        Row(.nearest(.roundPreferCeil), .asymmetric, size: 3, [1, 2, 8]),
        Row(.nearest(.floor), .halfPixel, size: 8, [1, 1, 4, 4, 2, 2, 8, 5]),
        Row(.nearest(.floor), .halfPixel, size: 3, [1, 2, 8]),
        Row(.nearest(.floor), .asymmetric, size: 8, [1, 1, 4, 4, 2, 8, 8, 5]),
        Row(.nearest(.floor), .asymmetric, size: 3, [1, 4, 8]),
        Row(.nearest(.ceil), .halfPixel, size: 8, [1, 4, 2, 2, 8, 8, 5, 5]),
        Row(.nearest(.ceil), .halfPixel, size: 3, [4, 2, 5]),
        Row(.nearest(.ceil), .asymmetric, size: 8, [1, 4, 2, 2, 8, 5, 5, 5]),
        Row(.nearest(.ceil), .asymmetric, size: 3, [1, 2, 5]),
        Row(.linear, .halfPixel, size: 8, [1, 2.3125, 3.875, 2.625, 3.875, 7.625, 6.3125, 5]),
        Row(.linear, .halfPixel, size: 3, [2, 2, 6]),
        Row(.linear, .halfPixel, scale: 1.5, [1, 2.5, 3.6667, 2.3333, 5, 7.5, 5.5]),
        Row(.linear, .halfPixel, scale: 0.7, [1.6429, 2.7143, 7.7857]),
        Row(.linear, .pytorchHalfPixel, size: 8, [1, 2.3125, 3.875, 2.625, 3.875, 7.625, 6.3125, 5]),
        Row(.linear, .pytorchHalfPixel, size: 3, [2, 2, 6]),
        Row(.linear, .pytorchHalfPixel, scale: 1.5, [1, 2.5, 3.6667, 2.3333, 5, 7.5, 5.5]),
        Row(.linear, .pytorchHalfPixel, scale: 0.7, [1.6429, 2.7143, 7.7857]),
        Row(.linear, .halfPixelSymmetric, size: 8, [1, 2.3125, 3.875, 2.625, 3.875, 7.625, 6.3125, 5]),
        Row(.linear, .halfPixelSymmetric, size: 3, [2, 2, 6]),
        Row(.linear, .halfPixelSymmetric, scale: 1.5, [1, 3, 3.3333, 2, 6, 7, 5]),
        Row(.linear, .halfPixelSymmetric, scale: 0.7, [2.7143, 2, 6.7143]),
        Row(.linear, .asymmetric, size: 8, [1, 2.875, 3.5, 2.25, 5, 7.625, 5.75, 5]),
        Row(.linear, .asymmetric, size: 3, [1, 2.6667, 7]),
        Row(.linear, .asymmetric, scale: 1.5, [1, 3, 3.3333, 2, 6, 7, 5]),
        Row(.linear, .asymmetric, scale: 0.7, [1, 3.1429, 7.1429]),
        Row(.linear, .alignCorners, size: 8, [1, 2.7143, 3.7143, 2.5714, 3.7143, 7.1429, 6.7143, 5]),
        Row(.linear, .alignCorners, size: 3, [1, 2, 5]),
        Row(.linear, .alignCorners, scale: 1.5, [1, 2.8462, 3.5385, 2.3077, 4.7692, 7.7692, 5.9231]),
        Row(.linear, .alignCorners, scale: 0.7, [1, 2.8, 7.4]),
        Row(
            .cubic(coefficient: -0.75), .halfPixel, size: 8,
            [0.7215, 2.4509, 4.0078, 2.0711, 3.6837, 7.82, 6.7739, 4.7215]),
        Row(.cubic(coefficient: -0.75), .halfPixel, size: 3, [2.0556, 2, 6.2778]),
        Row(
            .cubic(coefficient: -0.75), .pytorchHalfPixel, size: 8,
            [0.7215, 2.4509, 4.0078, 2.0711, 3.6837, 7.82, 6.7739, 4.7215]),
        Row(.cubic(coefficient: -0.75), .pytorchHalfPixel, size: 3, [2.0556, 2, 6.2778]),
        Row(
            .cubic(coefficient: -0.75), .halfPixelSymmetric, size: 8,
            [0.7215, 2.4509, 4.0078, 2.0711, 3.6837, 7.82, 6.7739, 4.7215]),
        Row(.cubic(coefficient: -0.75), .halfPixelSymmetric, size: 3, [2.0556, 2, 6.2778]),
        Row(
            .cubic(coefficient: -0.75), .asymmetric, size: 8,
            [1, 3.1387, 3.6523, 1.8091, 5.0938, 8.1172, 5.8906, 4.6704]),
        Row(.cubic(coefficient: -0.75), .asymmetric, size: 3, [1, 2.1296, 7.7222]),
        Row(.cubic(coefficient: -0.75), .alignCorners, size: 8, [1, 2.9504, 3.9155, 2.0029, 3.4956, 7.484, 7.3703, 5]),
        Row(.cubic(coefficient: -0.75), .alignCorners, size: 3, [1, 2, 5]),
        Row(
            .cubic(coefficient: -0.5), .halfPixel, excludesOutside: true, size: 8,
            [0.7841, 2.2851, 3.9977, 2.202, 3.5863, 7.8575, 6.4865, 4.7841]),
        Row(.cubic(coefficient: -0.5), .halfPixel, excludesOutside: true, size: 3, [1.8966, 2, 6.0345]),
        Row(
            .cubic(coefficient: -0.5), .halfPixel, excludesOutside: true, scale: 1.5,
            [0.8026, 2.5294, 3.8634, 1.9282, 5.0625, 7.9519, 5.407]),
        Row(.cubic(coefficient: -0.5), .halfPixel, excludesOutside: true, scale: 0.7, [1.5015, 2.3289, 8.0485]),
        Row(.linear, .halfPixel, antialias: true, size: 3, [2.125, 3.7778, 6.125]),
        Row(.linear, .halfPixel, antialias: true, scale: 1.5, [1, 2.5, 3.6667, 2.3333, 5, 7.5, 5.5]),
        Row(.linear, .halfPixel, antialias: true, scale: 0.7, [1.931, 3.037, 6.3548]),
        Row(.linear, .alignCorners, antialias: true, size: 3, [1.6667, 3.7778, 5.6667]),
        Row(.linear, .alignCorners, antialias: true, scale: 1.5, [1, 2.8462, 3.5385, 2.3077, 4.7692, 7.7692, 5.9231]),
        Row(.linear, .alignCorners, antialias: true, scale: 0.7, [1.5625, 2.9697, 6.4384]),
        Row(.cubic(coefficient: -0.75), .halfPixel, antialias: true, size: 3, [1.9976, 4.0476, 6.3446]),
        Row(
            .cubic(coefficient: -0.75), .halfPixel, antialias: true, scale: 1.5,
            [0.7396, 2.6875, 3.8692, 1.8183, 5.0938, 8.0903, 5.5347]),
        Row(.cubic(coefficient: -0.75), .halfPixel, antialias: true, scale: 0.7, [2.0223, 3.0398, 6.6021]),
        Row(
            .cubic(coefficient: -0.75), .halfPixel, excludesOutside: true, antialias: true, size: 3,
            [2.0561, 4.0185, 6.4235]),
        Row(
            .cubic(coefficient: -0.75), .halfPixel, excludesOutside: true, antialias: true, scale: 1.5,
            [0.6959, 2.5429, 3.8692, 1.8183, 5.0938, 8.0375, 5.492]),
        Row(
            .cubic(coefficient: -0.75), .halfPixel, excludesOutside: true, antialias: true, scale: 0.7,
            [2.0658, 3.0195, 6.4873]),
        Row(.linear, .pytorchHalfPixel, size: 1, [1]),
        Row(.linear, .halfPixel, size: 1, [2]),
    ]

    @Test("Every kernel with every kind of coordinates gives what ONNX's reference gives", arguments: rows)
    func reference(row: Row) {
        let x = Tensor([1, 4, 2, 8, 5], shape: [1, 1, 5, 1])
        let y = row.operation.forward([x])
        #expect(y.shape == [1, 1, row.values.count, 1])
        #expect(y.distance(to: DoubleArray(row.values, shape: y.shape)) <= 1.5e-4, "\(row.interpolation) \(y.scalars)")
        // The same along the other axis.
        let turned = Row(
            row.interpolation.kernel, row.interpolation.coordinates,
            excludesOutside: row.interpolation.excludesOutside, antialias: row.interpolation.antialias, row.values)
        let operation = ResizeOperation(
            row.scale.map { .scales(vertical: $0, horizontal: 1) } ?? .size(height: row.size ?? 0, width: 1),
            turned.interpolation)
        #expect(operation.forward([x.reshaped(to: [1, 5, 1, 1])]).scalars == y.scalars)
    }

    /// Rows, then columns, each by the matrix whose columns are what becomes of unit vectors.
    private func product(_ x: DoubleArray, _ operation: ResizeOperation) -> DoubleArray {
        let (n, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        let result = (try? operation.shape(of: [x.shape])) ?? []
        func matrix(_ extent: Int, _ output: Int, vertical: Bool) -> [[Double]] {
            (0..<extent).map { hot in
                let unit = Tensor((0..<extent).map { $0 == hot ? 1 : 0 }, shape: [1, 1, extent, 1])
                let target: ResizeOperation.Target =
                    switch operation.target {
                    case .size: .size(height: 1, width: output)
                    case .scales(let a, let b): .scales(vertical: 1, horizontal: vertical ? a : b)
                    }
                return ResizeOperation(target, operation.interpolation).forward([unit]).scalars.map(Double.init)
            }
        }
        let rows = matrix(h, result[1], vertical: true)
        let columns = matrix(w, result[2], vertical: false)
        var y = DoubleArray(zeros: result)
        for place in y.values.indices {
            let (channel, rest) = (place % c, place / c)
            let (ox, oy, image) = (rest % result[2], rest / result[2] % result[1], rest / result[2] / result[1])
            for iy in 0..<h where rows[iy][oy] != 0 {
                for ix in 0..<w {
                    y.values[place] +=
                        rows[iy][oy] * columns[ix][ox] * x.values[((image * h + iy) * w + ix) * c + channel]
                }
            }
        }
        precondition(n == result[0])
        return y
    }

    @Test("Both axes at once, many channels and images; the gradient is the transpose")
    func gradients() {
        let interpolations = [
            Interpolation(.nearest(.floor), coordinates: .asymmetric), Interpolation(.linear),
            Interpolation(.cubic(coefficient: -0.75), coordinates: .alignCorners),
            Interpolation(.linear, coordinates: .halfPixel, antialias: true),
        ]
        let cases: [(Shape, ResizeOperation.Target)] = [
            ([1, 1, 1, 1], .size(height: 3, width: 2)), ([2, 3, 5, 3], .size(height: 7, width: 4)),
            ([2, 4, 3, 17], .scales(vertical: 0.6, horizontal: 2)), ([1, 5, 2, 2], .size(height: 1, width: 1)),
            ([0, 3, 2, 2], .size(height: 2, width: 2)),
        ]
        var random = Philox(seed: 71)
        for (shape, target) in cases {
            for interpolation in interpolations {
                let operation = ResizeOperation(target, interpolation)
                let complaints = gradientComplaints(
                    [Tensor(normal: shape, using: &random)], operation: { operation.record($0) },
                    oracle: { product($0[0], operation) })
                #expect(complaints == [], "\(interpolation), \(target)")
            }
        }
    }

    @Test("An infinite pixel stays where it has a weight; the nearest pixel keeps its bits")
    func special() {
        let x = Tensor([1, .infinity, -0.0, 3], shape: [1, 1, 4, 1])
        let doubled = ResizeOperation(
            .size(height: 1, width: 8), Interpolation(.nearest(.floor), coordinates: .asymmetric)
        )
        .forward([x])
        #expect(doubled.scalars.map(\.bitPattern) == x.scalars.flatMap { [$0.bitPattern, $0.bitPattern] })
        let same = ResizeOperation(.size(height: 1, width: 4), Interpolation(.linear)).forward([x])
        #expect(same.scalars == x.scalars)
    }

    @Test("Images and sizes that do not fit are errors")
    func refusals() {
        func fails(_ target: ResizeOperation.Target, _ input: Shape, _ kernel: Interpolation.Kernel = .linear) -> Bool {
            (try? ResizeOperation(target, Interpolation(kernel)).shape(of: [input])) == nil
        }
        #expect(!fails(.size(height: 2, width: 2), [1, 3, 3, 1]))
        #expect(fails(.size(height: 0, width: 2), [1, 3, 3, 1]))
        #expect(fails(.size(height: 2, width: 2), [1, 3, 3]))
        #expect(fails(.size(height: 2, width: 2), [1, 0, 3, 1]))
        #expect(fails(.size(height: 1 << 20, width: 1 << 20), [1 << 40, 3, 3, 1 << 18]))
        #expect(fails(.scales(vertical: 0.3, horizontal: 1), [1, 3, 3, 1]))
        #expect(fails(.scales(vertical: .nan, horizontal: 1), [1, 3, 3, 1]))
        #expect(fails(.scales(vertical: 1e30, horizontal: 1), [1, 3, 3, 1]))
        #expect(fails(.size(height: 2, width: 2), [1, 3, 3, 1], .cubic(coefficient: .infinity)))
    }
}
