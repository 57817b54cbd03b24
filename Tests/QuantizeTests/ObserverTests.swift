import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

@Suite struct ObserverTests {
    /// Numbers of a normal distribution, one in a thousand of them ten times as large.
    static let heavy: Tensor = {
        var random = Philox(seed: 4)
        let values = Tensor(normal: [20_000], deviation: 1, using: &random)
        return Tensor(values.scalars.enumerated().map { $0 % 1000 == 7 ? 10 * $1 : $1 })
    }()

    static func error(_ range: ClosedRange<Float>, _ values: Tensor) -> Float {
        let quantization = AffineQuantization(covering: range)
        let difference = values.quantized(quantization).dequantized(quantization) - values
        return (difference * difference).sum()
    }

    @Test("The range of least square error is as good as the best of many, counted on the values themselves")
    func squaredError() {
        // Of so many normal numbers one is twice as large as the next: to cut it off pays.
        var random = Philox(seed: 4)
        let light = Tensor.concatenated(
            [Tensor(normal: [200_000], deviation: 1, using: &random), Tensor([9])], axis: 0)
        for values in [light, light.map { max($0, 0) }, light * -1e-6] {
            var histogram = Histogram()
            histogram.add(values)
            let found = histogram.range(minimizing: histogram.squaredError, of: histogram.filledBins)
            let whole = histogram.range(cutting: 0)
            var best = Float.infinity
            for low in 1...20 {
                for high in 1...20 {
                    let range = whole.lowerBound * Float(low) / 20...whole.upperBound * Float(high) / 20
                    best = min(best, Self.error(range, values))
                }
            }
            #expect(Self.error(found, values) < 1.01 * best)
            #expect(Self.error(found, values) < 0.9 * Self.error(whole, values))
        }
    }

    @Test("The divergence of a distribution from that of its bytes, by hand")
    func divergence() {
        // With steps of 2 the byte b stands for 2b − ½ (three values) and 2b + ½ (one): P is ¾ and ¼ of each byte's share, Q
        // is ½ and ½. KL = ¾ ln 1.5 + ¼ ln 0.5.
        var bins: [Histogram.Bin] = []
        for byte in 1...254 {
            bins.append(Histogram.Bin(middle: 2 * Float(byte) - 0.5, count: 3))
            bins.append(Histogram.Bin(middle: 2 * Float(byte) + 0.5, count: 1))
        }
        let kl = Histogram().divergence(bins, 0...510)
        let byHand: Double = 0.75 * log(1.5) + 0.25 * log(0.5)
        #expect(abs(kl - byHand) < 1e-12)
        // A value that is cut off joins the last: of two bins with a byte each P is ¼ and ¾, Q ½ and ½.
        let ends = [
            Histogram.Bin(middle: 100, count: 1), Histogram.Bin(middle: 200, count: 1),
            Histogram.Bin(middle: 300, count: 2),
        ]
        let cut: Double = 0.25 * log(0.5) + 0.75 * log(1.5)
        #expect(abs(Histogram().divergence(ends, 0...250) - cut) < 1e-12)
        #expect(Histogram().divergence(ends, 0...300) == 0)
    }

    @Test("The range of least divergence cuts outliers, and nothing of a uniform distribution")
    func entropy() {
        var histogram = Histogram()
        histogram.add(Self.heavy)
        let range = histogram.range(minimizing: histogram.divergence, of: histogram.binsWithoutZeros)
        let whole = histogram.range(cutting: 0)
        #expect(range.upperBound < whole.upperBound / 2 && range.upperBound > 2)
        #expect(range.lowerBound > whole.lowerBound / 2 && range.lowerBound < -2)
        var random = Philox(seed: 2)
        var uniform = Histogram()
        uniform.add(Tensor(uniform: [200_000], in: 0...1, using: &random))
        #expect(uniform.range(minimizing: uniform.divergence, of: uniform.binsWithoutZeros).upperBound > 0.95)
        for cost in [uniform.squaredError, uniform.divergence] {
            #expect(Histogram().range(minimizing: cost, of: []) == 0...0)
        }
    }

    @Test("A moving average of ranges, by hand: from 0 ... 1 half-way to −2 ... 3, and half-way to 0 ... 8")
    func movingAverage() throws {
        let graph = try NetworkGraph(tracing: ClosureModule { $0.relu() }, inputShape: [2])
        let plan = try InferencePlan(graph)
        var calibration = Calibration(graph, .movingAverage(share: 0.5))
        for batch: [Float] in [[0, 1], [-2, 3], [1, 8]] {
            _ = try calibration.observe(Tensor(batch, shape: [1, 2]), through: plan, of: graph)
        }
        #expect(calibration.quantization(of: 0) == AffineQuantization(covering: -0.5...5))
        #expect(calibration.quantization(of: 1) == AffineQuantization(covering: 0...5))
    }

    @Test("A search serves the output at least as well as where it begins, and gives the same bits again")
    func search() throws {
        let model = withStatistics(ConvNet(width: 6, channels: 1, classes: 10, seed: 3), seed: 4)
        let images = smoothImages(40, side: 10, seed: 5)
        let expected = model.predict(images)
        func noise(_ observer: Observer) throws -> Float {
            signalToNoise(
                try QuantizedModel(model, calibratedOn: [images], observer: observer).predict(images), expected)
        }
        let found = try noise(.search)
        #expect(try found > noise(.percentile(99.99)) + 0.1)
        // Batches of another size, of which the first three are kept in part.
        let parts = [images[rows: 0..<7], images[rows: 7..<40]]
        let again = try QuantizedModel(model, calibratedOn: parts, observer: .search)
        let once = try Parallel.withThreads(1) { try QuantizedModel(model, calibratedOn: parts, observer: .search) }
        #expect(again.predict(images).isBitIdentical(to: once.predict(images)))
    }

    @Test(
        "The noise of the last layer is that of the network, that of the input its rounding; another network is refused"
    )
    func layerNoise() throws {
        let model = withStatistics(Patchwork(seed: 1), seed: 2)
        let images = smoothImages(10, side: 16, channels: 2, seed: 6)
        let int8 = try QuantizedModel(model, calibratedOn: [images], observer: .minMax)
        let layers = try int8.layerNoise(of: model, on: images)
        #expect(layers.first?.name == "input" && layers.first?.shape == [16, 16, 2])
        #expect(layers.last?.name == "classifier" && layers.last?.operation == "dense" && layers.count == 16)
        let last = signalToNoise(int8.predict(images), model.predict(images))
        #expect(abs((layers.last?.signalToNoise ?? 0) - Double(last)) < 0.05)
        let range = (images.scalars.min() ?? 0)...(images.scalars.max() ?? 0)
        let own = AffineQuantization(covering: range)
        let rounding = signalToNoise(images.quantized(own).dequantized(own), images)
        #expect(abs((layers.first?.signalToNoise ?? 0) - Double(rounding)) < 0.01)

        // Equalised channels are of another size, but only to the eye of the graph that they were scaled from.
        let convNet = withStatistics(ConvNet(width: 6, channels: 1, classes: 10, seed: 3), seed: 4)
        let digits = smoothImages(20, side: 10, seed: 5)
        let equalised = try NetworkGraph(tracing: convNet, inputShape: [10, 10, 1]).foldingBatchNorm()
            .fusingActivations().equalizingLayers()
        let model8 = try QuantizedModel(graph: equalised, calibratedOn: [digits], observer: .minMax)
        #expect(try model8.layerNoise(of: equalised, on: digits).allSatisfy { $0.signalToNoise > 25 })
        #expect(try model8.layerNoise(of: convNet, on: digits).contains { $0.signalToNoise < 15 })

        #expect(throws: GraphError.self) { try int8.layerNoise(of: ClosureModule { $0.relu() }, on: images) }
        let exact = try QuantizedModel(
            ClosureModule { $0.relu() }, calibratedOn: [Tensor([0, 255], shape: [1, 2])], observer: .minMax)
        #expect(
            try exact.layerNoise(of: ClosureModule { $0.relu() }, on: Tensor([3, 7], shape: [1, 2])).map(
                \.signalToNoise)
                == [.infinity, .infinity])
    }
}
