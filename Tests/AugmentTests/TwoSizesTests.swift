import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Augment

@Suite("One view at two sizes")
struct TwoSizesTests {
    private static let normalization = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25])

    /// Photographs, so to speak, of several sizes, that a student reads at 32 pixels.
    private static let raw: RawBatch = {
        let sides = [64, 96, 80, 128, 64, 64, 96, 72]
        let pixels = sides.enumerated().flatMap { number, side in
            // A few large spots of colour.
            var random = Philox(seed: 11, sample: number)
            let spots = (0..<75).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
            return ImageSet(pixels: spots, height: 5, width: 5, channels: 3, labels: [0], classNames: ["a"])
                .resized(height: side, width: side, by: .bilinear).pixels
        }
        return RawBatch(
            images: RaggedImages(
                pixels: pixels, heights: sides, widths: sides, size: ImageSize(height: 32, width: 32, channels: 3),
                index: ImageIndex(labels: sides.map { _ in 0 }, classNames: ["a"])),
            seed: 7, epoch: 3)
    }()

    /// The mean distance of the small view from the large one brought to its size, as a share of the images' spread.
    private static func distance(_ policy: AugmentationPolicy) throws -> Double {
        let batch = TwoSizes(policy, teacher: (height: 64, width: 64))(raw, normalization: normalization)
        let large = try #require(batch.teacherInputs)
        #expect(large.shape == [raw.images.count, 64, 64, 3] && batch.isOneView)
        let small = resized(
            large,
            ResizeGeometry(input: (64, 64), output: (32, 32), Interpolation(.linear, antialias: true)))
        let (a, b) = (small.scalars, batch.inputs.scalars)
        let mean = Double(b.reduce(0, +)) / Double(b.count)
        let spread = (b.reduce(0) { $0 + pow(Double($1) - mean, 2) } / Double(b.count)).squareRoot()
        return zip(a, b).reduce(0) { $0 + abs(Double($1.0 - $1.1)) } / Double(b.count) / max(spread, 0.1)
    }

    /// Operations whose draws are of single pixels, or whose measures are in pixels.
    private static let inPixels: Set<String> = [
        "gaussianNoise", "shotNoise", "speckleNoise", "saltAndPepper", "gaussianBlur", "motionBlur", "defocus",
        "sharpen", "jpegCompression", "rain", "snow", "randomErasing", "elasticDeformation",
    ]

    @Test("Operations whose measures are shares of the image draw the same for both sizes, wherever their limits are")
    func operations() throws {
        var random = Philox(seed: 5)
        for type in operationTypes where !Self.inPixels.contains(type.name) {
            for _ in 0..<4 {
                let operation = try RandomPolicies.operation(type, &random)
                let distance = try Self.distance(AugmentationPolicy(steps: [operation.step]))
                #expect(distance < 0.35, "\(operation)")  // of another draw some 0.7
            }
        }
    }

    @Test(
        "The student's part of the batch is the batch as it would be alone; without a teacher's view nothing is one view"
    )
    func alone() {
        let policy = AugmentationPolicy.natural
        let batch = TwoSizes(policy, teacher: (height: 64, width: 48))(Self.raw, normalization: Self.normalization)
        let alone = policy(Self.raw, normalization: Self.normalization)
        #expect(batch.inputs.isBitIdentical(to: alone.inputs) && batch.labels == alone.labels)
        #expect(batch.teacherInputs?.shape == [8, 64, 48, 3] && !alone.isOneView)
        let views = TwoSizes(TwoViews(weak: PlainTransform(), strong: policy), teacher: (height: 64, width: 64))
        let two = views(Self.raw, normalization: Self.normalization)
        #expect(!two.isOneView && two.teacherInputs?.shape == [8, 64, 64, 3])
    }

    @Test("Its coded form, by which a checkpoint knows its run, tells the transform and the size")
    func coding() throws {
        let texts = try [
            TwoSizes(PlainTransform(), teacher: (height: 64, width: 64)),
            TwoSizes(PlainTransform(), teacher: (height: 64, width: 32)),
            TwoSizes(AugmentationPolicy.natural, teacher: (height: 64, width: 64)),
        ].map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        #expect(Set(texts).count == 3)
    }
}
