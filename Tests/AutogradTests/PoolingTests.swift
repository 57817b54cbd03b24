import Autograd
import TensorCore
import TestSupport
import Testing

@Suite struct PoolingTests {
    static let geometries = [
        Pool2DGeometry(input: (1, 1, 1), window: (1, 1)),
        Pool2DGeometry(input: (4, 4, 3), window: (2, 2)),
        Pool2DGeometry(input: (5, 7, 2), window: (2, 3)),
        Pool2DGeometry(input: (5, 3, 2), window: (3, 3), stride: (2, 2), padding: (1, 1)),
        Pool2DGeometry(input: (4, 3, 9), window: (2, 2), stride: (1, 1), padding: (1, 1), countsPadding: false),
        Pool2DGeometry(input: (3, 2, 17), window: (3, 1), stride: (1, 1)),
        Pool2DGeometry(
            input: (5, 4, 2), window: (2, 2), stride: (2, 1),
            padding: Padding2D(top: 1, left: 0, bottom: 0, right: 2), dilation: (2, 3)),
        Pool2DGeometry(input: (4, 6, 2), window: (3, 2), stride: (2, 3), ceilMode: true, countsPadding: false),
    ]

    /// Different numbers, at least 0.01 apart: a step of the central difference changes no maximum.
    private func draw(_ shape: Shape) -> Tensor {
        var random = Philox(seed: 51)
        let order = random.permutation(of: shape.elementCount)
        return Tensor(order.map { Float($0) * 0.01 - 1 }, shape: shape)
    }

    /// The function applied to the values of each window that lie in the image.
    private func pooled(_ x: DoubleArray, _ g: Pool2DGeometry, _ function: ([Double]) -> Double) -> DoubleArray {
        let batch = x.shape[0]
        var y = DoubleArray(zeros: g.outputShape(batch: batch))
        var place = 0
        for n in 0..<batch {
            for oy in 0..<g.outputHeight {
                for ox in 0..<g.outputWidth {
                    let rows = (0..<g.windowHeight).map { oy * g.strideHeight - g.padding.top + $0 * g.dilationHeight }
                        .filter { $0 >= 0 && $0 < g.inputHeight }
                    let columns = (0..<g.windowWidth).map { ox * g.strideWidth - g.padding.left + $0 * g.dilationWidth }
                        .filter { $0 >= 0 && $0 < g.inputWidth }
                    for c in 0..<g.channels {
                        y.values[place] = function(
                            rows.flatMap { row in
                                columns.map {
                                    x.values[((n * g.inputHeight + row) * g.inputWidth + $0) * g.channels + c]
                                }
                            })
                        place += 1
                    }
                }
            }
        }
        return y
    }

    @Test("Maximum and mean of windows", arguments: geometries)
    func windows(g: Pool2DGeometry) {
        let x = draw(g.inputShape(batch: 2))
        #expect(
            gradientComplaints(
                [x], operation: { $0[0].maxPooled(g) },
                oracle: { pooled($0[0], g) { $0.reduce(-.infinity, max) } }) == [])
        let size = g.windowHeight * g.windowWidth
        #expect(
            gradientComplaints(
                [x], operation: { $0[0].averagePooled(g) },
                oracle: {
                    pooled($0[0], g) { $0.reduce(0, +) / Double(g.countsPadding ? size : $0.count) }
                }) == [])
    }

    @Test(
        "Mean over all pixels",
        arguments: [[1, 1, 1, 1], [1, 3, 5, 2], [3, 2, 1, 9], [2, 4, 4, 17], [2, 7, 1, 3]] as [Shape])
    func global(shape: Shape) {
        let whole = Pool2DGeometry(input: (shape[1], shape[2], shape[3]), window: (shape[1], shape[2]))
        #expect(
            gradientComplaints(
                [draw(shape)], operation: { $0[0].globalAveragePooled() },
                oracle: {
                    let means = pooled($0[0], whole) { $0.reduce(0, +) / Double($0.count) }
                    return DoubleArray(means.values, shape: [shape[0], shape[3]])
                }) == [])
    }

    @Test("Windows that do not fit are errors, also where sizes overflow and where a window would have no pixel")
    func refusals() {
        func fails(_ window: PoolingWindow, _ input: Shape = [1, 4, 4, 1]) -> Bool {
            (try? MaxPool2DOperation(window).shape(of: [input])) == nil
        }
        #expect(!fails(PoolingWindow(size: (2, 2), stride: (1, 1), padding: Padding2D(1, 1))))
        #expect(fails(PoolingWindow(size: (2, 2), stride: (1, 1), padding: Padding2D(2, 0))))
        #expect(
            fails(PoolingWindow(size: (2, 2), stride: (0, 1))) && fails(PoolingWindow(size: (5, 5), stride: (1, 1))))
        #expect(fails(PoolingWindow(size: (2, 2), stride: (1, 1), dilation: (4, 1))))
        #expect(fails(PoolingWindow(size: (2, 2), stride: (1, 1), dilation: (.max, 1))))
        #expect(fails(PoolingWindow(size: (.max, 2), stride: (1, .max))))
        let apart = PoolingWindow(size: (2, 2), stride: (1, 1), padding: Padding2D(1, 1), dilation: (2, 2))
        #expect(!fails(apart, [1, 2, 2, 1]) && fails(apart, [1, 1, 2, 1]))
        #expect(
            fails(
                PoolingWindow(size: (2, 2), stride: (1, 1), padding: Padding2D(top: .max, left: 0, bottom: 1, right: 0))
            ))
    }
}
