import CImageKernels
import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

/// Serialized: one of these lowers the level for the whole process while it runs.
@Suite("The same draws give the same bits", .serialized)
struct DeterminismTests {
    @Test("An empty policy gives the bits of PlainTransform, in several channels")
    func emptyPolicy() {
        let normalization = Normalization(mean: [0.3, 0.5, 0.7], deviation: [0.2, 0.3, 0.4])
        let raw = RawBatch(images: someImages(3, channels: 3), seed: 1, epoch: 0)
        let augmented = AugmentationPolicy {}(raw, normalization: normalization)
        #expect(augmented.inputs.isBitIdentical(to: PlainTransform()(raw, normalization: normalization).inputs))
        #expect(augmented.labels == raw.images.labels && augmented.sampleIDs == raw.images.sampleIDs)
    }

    @Test("One thread and three give the same bits")
    func threads() {
        let images = someImages(7, channels: 3)
        let one = Parallel.withThreads(1) { everything.bytes(images) }
        #expect(one == Parallel.withThreads(3) { everything.bytes(images) })
    }

    @Test("A sample's result does not depend on its neighbours or its place in the batch")
    func batchComposition() {
        let images = someImages(6)
        let whole = everything.bytes(images)
        let size = images.imageSize
        for (place, sample) in [4, 1, 3].enumerated() {
            let part = everything.bytes(images.subset([4, 1, 3]))
            #expect(Array(part[place * size..<(place + 1) * size]) == Array(whole[sample * size..<(sample + 1) * size]))
        }
    }

    @Test("Seed, epoch, sample id and draw number each change the draws; the same again repeats them")
    func keys() {
        func bytes(seed: UInt64 = 1, epoch: Int = 0, id: Int = 3, draw: Int = 0) -> [UInt8] {
            let image = someImages()
            let images = ImageSet(
                pixels: image.pixels, height: 12, width: 10, channels: 1, labels: [nil], classNames: [],
                sampleIDs: [id])
            return everything.images(RawBatch(images: images, seed: seed, epoch: epoch, draws: [draw])).pixels
        }
        let variants = [bytes(), bytes(seed: 2), bytes(epoch: 1), bytes(id: 4), bytes(draw: 1)]
        #expect(Set(variants).count == variants.count)
        #expect(bytes(epoch: 1) == variants[2])
    }

    @Test("Every SIMD level gives the same bits, for 1 to 5 channels and odd sizes")
    func levels() {
        defer { rk_image_limit(RK_IMAGE_AVX512) }
        for channels in 1...5 {
            for width in [1, 5, 67] {
                let images = someImages(2, height: 9, width: width, channels: channels)
                var results: Set<[UInt8]> = []
                for level in [RK_IMAGE_SCALAR, RK_IMAGE_AVX2, RK_IMAGE_AVX512] where level <= rk_image_detected() {
                    rk_image_limit(level)
                    results.insert(everything.bytes(images))
                }
                #expect(results.count == 1, "\(channels) channels, width \(width)")
            }
        }
    }

    @Test("RETORT_SIMD lowers the pixel kernels' level too; a name that is none is reported once and lowers nothing")
    func environment() async {
        await #expect(processExitsWith: .success) {
            setenv("RETORT_SIMD", "scalar", 1)
            #expect(rk_image_active() == RK_IMAGE_SCALAR)
        }
        await #expect(processExitsWith: .success) {
            setenv("RETORT_SIMD", "avx512vnni", 1)
            #expect(rk_image_active() == rk_image_detected())
        }
        let misspelt = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            setenv("RETORT_SIMD", "sse", 1)
            for _ in 0..<3 { #expect(rk_image_active() == rk_image_detected()) }
        }
        let text = String(decoding: misspelt?.standardErrorContent ?? [], as: UTF8.self)
        let report =
            "RETORT_SIMD: \"sse\" found, scalar, neon, avx2, avx512 or avx512vnni expected; pixel kernels use what the processor has"
        #expect(text.components(separatedBy: report).count == 2)
    }

    @Test("Every SIMD level gives the same bits, for random policies of all operations on random images")
    func levelsOfAll() throws {
        defer { rk_image_limit(RK_IMAGE_AVX512) }
        var random = Philox(seed: 30)
        for _ in 0..<(_isDebugAssertConfiguration() ? 100 : 1500) {
            let policy = try RandomPolicies.draw(&random, upTo: 2)
            let images = RandomPolicies.images(&random)
            var results: Set<[UInt8]> = []
            for level in [RK_IMAGE_SCALAR, RK_IMAGE_AVX2, RK_IMAGE_AVX512] where level <= rk_image_detected() {
                rk_image_limit(level)
                results.insert(policy.bytes(images))
            }
            let text = String(decoding: try policy.json, as: UTF8.self)
            #expect(results.count == 1, "\(text)")
        }
    }
}

private func <= (left: rk_image_level, right: rk_image_level) -> Bool { left.rawValue <= right.rawValue }
