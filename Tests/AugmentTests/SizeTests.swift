import CImageKernels
import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

/// Serialized: one of these lowers the level for the whole process while it runs.
@Suite("Images of any size, and of several at once", .serialized)
struct SizeTests {
    private let nothing = AugmentationPolicy {}

    @Test("A size that images have already gives the bits of the policy without one")
    func sameSize() {
        let images = someImages(5, height: 21, width: 34, channels: 3)
        for policy in [everything, .natural, AugmentationPolicy { CutMix(alpha: 1) }] {
            let normalization = Normalization.of(images)
            let batch = policy(raw([images], height: 21, width: 34), normalization: normalization)
            let expected = policy(raw(images), normalization: normalization)
            #expect(batch.inputs.isBitIdentical(to: expected.inputs))
            #expect(batch.targets?.scalars == expected.targets?.scalars && batch.labels == expected.labels)
        }
        #expect(nothing.images(raw([images], height: 21, width: 34)).pixels == images.pixels)
    }

    @Test("A whole fraction of the size is the mean of the pixels, halves up, in each channel")
    func wholeFractions() {
        for (rows, columns) in [(2, 2), (3, 5), (1, 4), (7, 1), (24, 40)] {
            for channels in [1, 3, 4] {
                let images = someImages(2, height: 24 * 7, width: 40, channels: channels)
                let (height, width) = (images.height / rows, images.width / columns)
                let small = nothing.images(raw([images], height: height, width: width))
                var expected: [UInt8] = []
                for image in 0..<2 {
                    for row in 0..<height {
                        for column in 0..<width {
                            for channel in 0..<channels {
                                var sum = 0
                                for y in row * rows..<(row + 1) * rows {
                                    for x in column * columns..<(column + 1) * columns {
                                        sum += Int(
                                            images.pixels[((image * images.height + y) * 40 + x) * channels + channel])
                                    }
                                }
                                let count = rows * columns
                                expected.append(UInt8((2 * sum + count) / (2 * count)))
                            }
                        }
                    }
                }
                #expect(small.pixels == expected && (small.height, small.width) == (height, width))
            }
        }
    }

    @Test("Larger sizes and such above half are bilinear, as ImageSet.resized computes it in Float")
    func bilinear() {
        let images = someImages(2, height: 30, width: 44, channels: 3)
        for (height, width) in [(60, 88), (47, 71), (30, 100), (16, 23), (29, 43)] {
            let found = nothing.images(raw([images], height: height, width: width)).pixels
            let expected = images.resized(height: height, width: width, by: .bilinear).pixels
            // Coordinates are rounded to 1/2048 pixel: 255 / 2048 along each axis, and half a level for rounding, twice.
            #expect(zip(found, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
    }

    @Test("What is enlarged or cut out is read once, from all pixels there are")
    func oneResampling() {
        let images = someImages(height: 40, width: 60, channels: 3)
        let extent = ImageExtent(height: 12, width: 10, channels: 3)
        let policy = AugmentationPolicy {
            RandomResizedCrop()
            HorizontalFlip()
        }
        let step = raw([images], height: 12, width: 10)
        #expect(policy.views(of: step).allSatisfy { $0.passes.count == 1 })
        // A middle half of 20×20 at 10×10 is those pixels themselves: the two scales take each other away.
        let square = someImages(height: 20, width: 20)
        let half = AugmentationPolicy { Crop(side: 0.5...0.5, place: .centre) }.images(
            raw([square], height: 10, width: 10))
        let centre = (5..<15).flatMap { (row: Int) -> ArraySlice<UInt8> in square.pixels[row * 20 + 5..<row * 20 + 15] }
        #expect(half.pixels == centre)
        // So is the upper left part, whose map is the identity between images of different extents.
        let corner = View(
            fusing: [.warp(Warp(xx: 10.0 / 60, yy: 12.0 / 40))], from: raw(images).extent(of: 0), to: extent)
        #expect(corner.passes.count == 1)
        let upperLeft = (0..<12).flatMap { (row: Int) -> ArraySlice<UInt8> in images.pixels[row * 180..<row * 180 + 30]
        }
        #expect(rendered(corner, images, extent) == upperLeft)
    }

    @Test("The policy acts on the resized image: what moves no pixels gives what it gives on images resized before")
    func afterResizing() {
        let policy = AugmentationPolicy {
            GaussianNoise(standardDeviation: 0.1)
            Cutout(size: 0.4)
            Gamma(0.5...2)
            AugMix()
        }
        let images = someImages(4, height: 50, width: 33, channels: 3)
        let resized = nothing.images(raw([images], height: 20, width: 25))
        #expect(policy.images(raw([images], height: 20, width: 25)).pixels == policy.images(raw(resized)).pixels)
    }

    @Test("Images of mixed sizes are one batch; each has the bits that it has alone, on one thread and on three")
    func mixedSizes() throws {
        let sizes = [(24, 31), (100, 7), (1, 1), (300, 200), (16, 20)]
        let sets = sizes.enumerated().map { place, size in
            let images = someImages(2, height: size.0, width: size.1, channels: 3, labels: [place, 5 + place])
            return ImageSet(
                pixels: images.pixels, height: size.0, width: size.1, channels: 3, labels: images.labels,
                classNames: images.classNames, sampleIDs: [10 * place, 10 * place + 1])
        }
        let policy = AugmentationPolicy {
            RandomResizedCrop(area: 0.3...1)
            Affine(rotate: -20...20)
            BrightnessContrast(brightness: 0.2, contrast: 0.2)
            GaussianNoise(standardDeviation: 0.05)
        }
        let whole = policy.images(raw(sets, height: 16, width: 20))
        #expect(whole.count == 10 && whole.sampleIDs == sets.flatMap(\.sampleIDs))
        #expect(whole.labels == sets.flatMap(\.labels))
        let alone = sets.flatMap { set in
            [1, 0].reversed().flatMap { policy.images(raw([set.subset([$0])], height: 16, width: 20)).pixels }
        }
        #expect(alone == whole.pixels)
        for threads in [1, 3] {
            #expect(
                Parallel.withThreads(threads) { policy.images(raw(sets, height: 16, width: 20)).pixels }
                    == alone)
        }
        let batch = policy(raw(sets, height: 16, width: 20), normalization: plainOf3)
        #expect(batch.inputs.shape == [10, 16, 20, 3] && batch.labels == whole.labels)
        // A draw is kept without its neighbours, and repeated at the size asked for.
        let record = try policy.records(of: raw(sets[3]))[1]
        let view = try policy.replay(record, of: sets[3].subset([1]), height: 16, width: 20)
        #expect(view.pixels == Array(whole.pixels[7 * 960..<8 * 960]))
    }

    @Test("Every SIMD level gives the same bits, for 1 to 5 channels, larger and smaller")
    func levels() {
        defer { rk_image_limit(RK_IMAGE_AVX512) }
        let policy = AugmentationPolicy {
            Perspective(distortion: 0.3).probability(0.5)
            Affine(rotate: -30...30)
        }
        for channels in 1...5 {
            for (height, width) in [(7, 131), (61, 19)] {
                let images = someImages(6, height: height, width: width, channels: channels)
                var results: Set<[UInt8]> = []
                for level in [RK_IMAGE_SCALAR, RK_IMAGE_AVX2, RK_IMAGE_AVX512] {
                    rk_image_limit(level)
                    results.insert(policy.images(raw([images], height: 15, width: 33)).pixels)
                }
                #expect(results.count == 1, "\(channels) channels, \(height)×\(width)")
            }
        }
    }

    /// White on black, with its box, its corners' points and its label map.
    private func painted(_ height: Int, _ width: Int) -> (ImageSet, ImageTargets) {
        let (rows, columns) = (height / 3..<2 * height / 3, width / 4..<width / 2)
        let images = someImages(height: height, width: width) { row, column, _ in
            rows.contains(row) && columns.contains(column) ? 255 : 0
        }
        let box = BoundingBox(
            left: Double(columns.lowerBound), top: Double(rows.lowerBound), right: Double(columns.upperBound),
            bottom: Double(rows.upperBound), label: 3)
        let points = [Keypoint(x: box.left, y: box.top), Keypoint(x: box.right, y: box.bottom)]
        return (images, ImageTargets(boxes: [box], keypoints: points, mask: images.pixels.map { $0 / 255 }))
    }

    private func hull(_ bytes: [UInt8], _ width: Int, from least: UInt8) -> BoundingBox? {
        let places = bytes.indices.filter { bytes[$0] >= least }
        let (columns, rows) = (places.map { $0 % width }, places.map { $0 / width })
        guard let left = columns.min(), let right = columns.max(), let top = rows.min(), let bottom = rows.max() else {
            return nil
        }
        return BoundingBox(left: Double(left), top: Double(top), right: Double(right + 1), bottom: Double(bottom + 1))
    }

    private func isNear(_ a: BoundingBox, _ b: BoundingBox, _ slack: Double) -> Bool {
        max(abs(a.left - b.left), abs(a.top - b.top), abs(a.right - b.right), abs(a.bottom - b.bottom)) <= slack
    }

    @Test(
        "Images of different sizes in turn take their boxes, points and labels with them, at their own size and at one size"
    )
    func targets() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: -15...15, scale: 0.8...1.1)
            HorizontalFlip().probability(0.5)
        }
        let sizes = [(60, 80), (200, 90), (33, 50), (48, 48), (12, 16)]
        let sets = sizes.map { painted($0.0, $0.1) }
        for (images, targets) in sets {
            let result = try policy.apply(to: raw(images), targets: [targets])
            let box = try #require(result.targets[0].boxes.first)
            // A turned corner is finer than a pixel.
            #expect(isNear(box, try #require(hull(result.images.pixels, images.width, from: 128)), 2.1))
            #expect(isNear(box, try #require(hull(result.targets[0].mask ?? [], images.width, from: 1)), 2.1))
        }
        let result = try policy.apply(
            to: raw(sets.map(\.0), height: 64, width: 48), targets: sets.map(\.1))
        #expect(result.images.count == 5 && result.images.imageSize == 64 * 48)
        for place in 0..<5 {
            let pixels = Array(result.images.pixels[place * 64 * 48..<(place + 1) * 64 * 48])
            let targets = result.targets[place]
            let box = try #require(targets.boxes.first)
            // Enlarged edges are as wide as a pixel of the image: 64 / 12 at most, of which half counts.
            #expect(isNear(box, try #require(hull(pixels, 48, from: 128)), 3.6))
            #expect(targets.mask?.count == 64 * 48)
            #expect(isNear(box, try #require(hull(targets.mask ?? [], 48, from: 1)), 3.6))
            for point in targets.keypoints where point.isVisible {
                #expect(point.x >= box.left - 1e-6 && point.x <= box.right + 1e-6)
                #expect(point.y >= box.top - 1e-6 && point.y <= box.bottom + 1e-6)
            }
        }
        // Without geometry, edges scale exactly.
        let scaled = try nothing.apply(to: raw([sets[0].0], height: 30, width: 20), targets: [sets[0].1])
        #expect(
            scaled.targets[0].boxes == [BoundingBox(left: 5, top: 10, right: 10, bottom: 20, label: 3)])
        #expect(
            hull(scaled.targets[0].mask ?? [], 20, from: 1).map { isNear($0, scaled.targets[0].boxes[0], 0) } == true)
    }

    @Test("In steady state no image takes memory: of one size, of several, mixed and with AugMix")
    func steadyMemory() async {
        await #expect(processExitsWith: .success) {
            // With several threads it depends on the moment how much memory is in use at once.
            Parallel.threads = 1
            let policy = AugmentationPolicy {
                RandomResizedCrop()
                ElasticDeformation(displacement: 0.05)
                AugMix().probability(0.5)
                GaussianBlur(sigma: 0.5...1)
                MixUp(alpha: 1).probability(0.5)
                CutMix(alpha: 1).probability(0.5)
            }
            let sets = [(40, 30), (90, 120), (17, 200)].map { size in
                someImages(11, height: size.0, width: size.1, channels: 3)
            }
            func run(_ epochs: Range<Int>) {
                for epoch in epochs {
                    _ = policy(raw(sets, height: 32, width: 32, epoch: epoch), normalization: plainOf3)
                    _ = policy(RawBatch(images: sets[epoch % 3], seed: 1, epoch: epoch), normalization: plainOf3)
                }
            }
            run(0..<9)
            let (before, memory) = (StoragePool.statistics, Scratch.allocations.load(ordering: .relaxed))
            run(9..<30)
            let after = StoragePool.statistics
            #expect(Scratch.allocations.load(ordering: .relaxed) == memory)
            #expect(after.allocated == before.allocated && after.liveBytes == before.liveBytes)
        }
    }

    @Test("No images, other channels, and a size of nothing stop the program")
    func refusals() async {
        await #expect(processExitsWith: .failure) { _ = RaggedImages.joined([]) }
        await #expect(processExitsWith: .failure) {
            _ = RaggedImages.joined([1, 3].map { RaggedImages(someImages(channels: $0)) })
        }
        await #expect(processExitsWith: .failure) {
            _ = RaggedImages(someImages(), readAt: ImageSize(height: 4, width: 4, channels: 3))
        }
        await #expect(processExitsWith: .failure) {
            let images = RaggedImages(someImages(), readAt: ImageSize(height: 0, width: 4, channels: 1))
            _ = AugmentationPolicy {}.images(RawBatch(images: images, seed: 0, epoch: 0))
        }
    }
}

private func raw(_ images: ImageSet, seed: UInt64 = 3) -> RawBatch {
    RawBatch(images: images, seed: seed, epoch: 1)
}

/// Images of several sizes, one after another, for a network that reads one size.
private func raw(_ sets: [ImageSet], height: Int, width: Int, epoch: Int = 1) -> RawBatch {
    let size = ImageSize(height: height, width: width, channels: sets[0].channels)
    return RawBatch(images: .joined(sets.map { RaggedImages($0, readAt: size) }), seed: 3, epoch: epoch)
}

private let plainOf3 = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25])
