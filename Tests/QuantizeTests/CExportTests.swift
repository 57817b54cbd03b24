import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

@Suite struct CExportTests {
    /// Exports, compiles without a warning, runs, and compares with the engine. Returns the object's size in bytes.
    @discardableResult
    static func check(_ model: some Module, _ images: Tensor, _ observer: Observer = .percentile(99.9)) throws -> Int {
        let int8 = try QuantizedModel(model, calibratedOn: [images], observer: observer)
        // Far beyond what was calibrated too: everything saturates.
        let wild = Tensor.concatenated([images, images * 50, images * -1e30], axis: 0)
        return try CProgram.run(int8, on: wild) { program, found, folder in
            let expected = int8.predict(wild)
            #expect(found.count == expected.count)
            #expect(zip(found, expected.scalars).allSatisfy { $0.bitPattern == $1.bitPattern })
            #expect(Set(found).count > 3)
            // Gcc contracts products and sums unless the source forbids it: -std=gnu11 is its default.
            for compiler in ["gcc", "clang"]
            where try CProgram.call(["sh", "-c", "command -v \(compiler)"], in: folder).status == 0 {
                let fast = [compiler, "-O3", "-march=native", "main.c", "net.c", "-o", "net"]
                #expect(try CProgram.call(fast, in: folder) == (0, ""))
                #expect(try program.outputs(in: folder).map(\.bitPattern) == found.map(\.bitPattern), "\(compiler)")
                for option in ["-ffast-math", "-Ofast"] {
                    let built = try CProgram.call([compiler, "-O2", option, "-c", "net.c", "-o", "fast.o"], in: folder)
                    #expect(built.0 != 0 && built.1.contains("compile without -ffast-math"), "\(compiler) \(option)")
                }
            }
            _ = try CProgram.call(CProgram.strict + ["-Os", "-c", "net.c", "-o", "net.o"], in: folder)
            return try Data(contentsOf: folder.appending(path: "net.o")).count
        }
    }

    @Test("The C gives the engine's outputs bit for bit, and ConvNet(16) with its code takes less than 40 kB")
    func equalsEngine() throws {
        let convNet = withStatistics(ConvNet(width: 16, channels: 1, classes: 10, seed: 3), seed: 4)
        let size = try Self.check(convNet, smoothImages(6, side: 28, seed: 5))
        #expect(size > 16_000 && size < 40_000)
        let resNet = withStatistics(ResNet(depth: 8, channels: 3, classes: 10, seed: 3), seed: 4)
        try Self.check(resNet, smoothImages(4, side: 12, channels: 3, seed: 6))
        // Depthwise, groups, dilation, products, concatenation, tables, average pooling.
        try Self.check(withStatistics(Patchwork(seed: 1), seed: 2), smoothImages(6, side: 16, channels: 2, seed: 6))
        try Self.check(MLP(inputs: 64, hidden: [20, 9], classes: 5, seed: 2), smoothImages(6, side: 8, seed: 7))
        // Steps of 1 and inputs half-way between two, on both sides of 0.
        let halves = [-100, 155] + (0..<254).map { Float($0) - 99.5 }
        try Self.check(ClosureModule { $0 * 1 }, Tensor(halves, shape: [4, 8, 8, 1]), .minMax)
        // Ends with bytes; padding that counts; joined along another axis than the channels.
        let last = ClosureModule { input in
            let pooled = input.averagePooled(
                Pool2DGeometry(input: (6, 6, 2), window: (3, 3), stride: (2, 2), padding: (1, 1)))
            return Variable.concatenated([pooled.relu(), pooled.tanh() * 2], axis: 1)
                + .concatenated([pooled, pooled], axis: 1)
        }
        try Self.check(last, smoothImages(6, side: 6, channels: 2, seed: 8))
    }

    @Test("The C gives the engine's outputs for sides that differ, taps that are apart, and windows that reach beyond")
    func unusualWindows() throws {
        let sides = Padding2D(top: 1, left: 0, bottom: 0, right: 2)
        for counts in [true, false] {
            let model = ClosureModule { input in
                let layer = Conv2DGeometry(input: (9, 9, 2), kernel: (3, 3), outputChannels: 3, padding: sides)
                var random = Philox(seed: 4)
                let weights = input.tape.constant(Tensor(normal: layer.weightShape, using: &random))
                let x = input.convolved(with: weights, layer)
                let pooled = x.maxPooled(
                    Pool2DGeometry(input: (8, 9, 3), window: (2, 2), stride: (1, 2), padding: sides, dilation: (3, 3)))
                return pooled.averagePooled(
                    Pool2DGeometry(
                        input: (6, 4, 3), window: (3, 2), stride: (2, 3),
                        padding: Padding2D(top: 0, left: 1, bottom: 1, right: 0),
                        ceilMode: true, countsPadding: counts)
                ).relu()
            }
            try Self.check(model, smoothImages(6, side: 9, channels: 2, seed: 8))
        }
    }

    @Test("Values that only move keep their bytes: borders, rows that are taken, other axes; in the engine and in C")
    func rearrangements() throws {
        let network = ClosureModule { input in
            let wider = (input * 1.5).padded(before: [0, 1, 0, 0], after: [0, 0, 2, 0])
            let taken = wider.gathering([3, 0, 0, 5, 6], axis: 1).slice(axis: 2, 2..<8)
            return taken.transposed([0, 3, 1, 2]).reshaped(to: [-1, 15, 4])
        }
        let images = smoothImages(6, side: 6, channels: 2, seed: 8)
        try Self.check(network, images, .minMax)
        // Nothing is rounded after the input: the results are those of float32 on rounded inputs.
        let int8 = try QuantizedModel(network, calibratedOn: [images])
        let scale = (images.scalars.max() ?? 0) - (images.scalars.min() ?? 0)
        let difference = zip(int8.predict(images).scalars, network.predict(images).scalars).map { abs($0 - $1) }.max()
        #expect(try #require(difference) < 1.5 * scale / 255)
        // A border of another value than 0 has no byte of its own.
        let bordered = try QuantizedModel(
            ClosureModule { $0.padded(before: [0, 1, 0, 0], after: [0, 0, 0, 0], with: 9).relu() },
            calibratedOn: [images])
        #expect(bordered.nodes.filter(\.isFloat).map(\.operation) == ["pad"])
        try CFloatExportTests.check(bordered, images, within: 0)
    }

    @Test(
        "Memory is what the two largest results that are alive together take, and constants are what layers have")
    func memory() throws {
        let model = withStatistics(ConvNet(width: 16, channels: 1, classes: 10, seed: 3), seed: 4)
        let int8 = try QuantizedModel(model, calibratedOn: [smoothImages(2, side: 28, seed: 5)])
        // The first two convolutions' results: 28 · 28 · 16 bytes each.
        #expect(try CExport(int8, name: "a").staticBytes == 2 * 28 * 28 * 16)
        #expect(int8.peakActivationBytes == 2 * 28 * 28 * 16)
        #expect(
            try CExport(int8, name: "a").constantBytes == 16 * (9 + 144 + 288 + 576) + 320 + 8
                * (16 + 16 + 32 + 32 + 10))
    }

    @Test("A name that is none is known as such")
    func names() {
        #expect(["a", "Net_2"].allSatisfy(CExport.isIdentifier))
        #expect(["", "2a", "a-b", "a b", "é", "_a"].allSatisfy { !CExport.isIdentifier($0) })
    }
}
