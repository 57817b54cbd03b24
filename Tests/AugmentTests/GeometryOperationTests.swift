import CImageKernels
import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

/// Every operation of this file's subject, strong.
private let geometry = AugmentationPolicy {
    Turn().probability(0.5)
    Perspective(distortion: 0.5, border: .reflect)
    Shear(horizontal: -20...20, vertical: -20...20, border: .edge)
    ElasticDeformation(displacement: 0.05, border: .reflect)
    GridDistortion(strength: 0.4)
    Crop(side: 0.6...0.9)
    Translate(right: -0.3...0.3, down: -0.3...0.3)
}

@Suite("Turns, shears, perspective, crops and distortions", .serialized)
struct GeometryOperationTests {
    private func views(_ policy: AugmentationPolicy, _ images: ImageSet) -> [View] {
        policy.views(of: RawBatch(images: images, seed: 4, epoch: 0))
    }

    private func warps(_ policy: AugmentationPolicy, _ images: ImageSet) -> [Warp] {
        views(policy, images).compactMap { if case .warp(let warp) = $0.passes.first { warp } else { nil } }
    }

    @Test("Turns permute the pixels of a square, each of three equally often; four are none; other images turn by 180°")
    func turns() {
        let images = someImages(3000, height: 4, width: 4) { row, column, _ in UInt8(row * 4 + column) }
        let bytes = AugmentationPolicy { Turn() }.bytes(images)
        var counts: [[UInt8]: Int] = [:]
        for image in 0..<3000 { counts[Array(bytes[image * 16..<image * 16 + 16]), default: 0] += 1 }
        #expect(counts.count == 3 && counts.keys.allSatisfy { $0.sorted() == Array(0..<16) && $0 != Array(0..<16) })
        // Deviation of 3,000 draws at 1/3: 25.8.
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 104 })
        let quarter = Warp.aboutCentre(of: ImageExtent(height: 5, width: 5, channels: 1), degrees: 90, border: .edge)
        #expect(View(fusing: [.warp(quarter), .warp(quarter), .warp(quarter), .warp(quarter)]).passes.isEmpty)
        let oblong = someImages(height: 3, width: 5)
        #expect(AugmentationPolicy { Turn() }.bytes(oblong) == oblong.pixels.reversed())
    }

    @Test("Parameters that change nothing give the identical image, by no pass at all")
    func identities() {
        let images = someImages(5, height: 9, width: 13, channels: 3)
        let nothing = AugmentationPolicy {
            Translate()
            Shear()
            Crop(side: 1...1)
            Crop(side: 1...1, place: .centre)
            Perspective(distortion: 0)
            ElasticDeformation(displacement: 0)
            GridDistortion(strength: 0)
        }
        #expect(views(nothing, images).allSatisfy { $0.passes.isEmpty })
        #expect(nothing.bytes(images) == images.pixels)
    }

    @Test(
        "A projective map that is the identity but for 10⁻¹² keeps every bit; mirrors are exact in any place of a view")
    func exactness() {
        for channels in 1...5 {
            let images = someImages(height: 11, width: 70, channels: channels)
            let extent = ImageExtent(images)
            let almost = Warp(wx: 1e-12, border: .reflect)
            #expect(rendered([.warp(almost)], images, extent) == images.pixels)
            let flip = Warp(xx: -1, x0: 70)
            let once = rendered([.warp(flip)], images, extent)
            #expect(
                once.indices.allSatisfy {
                    let (row, column, channel) = ($0 / channels / 70, $0 / channels % 70, $0 % channels)
                    return once[$0] == images.pixels[(row * 70 + 69 - column) * channels + channel]
                })
            // The pass between keeps the flips apart, so that the second finds its image in place.
            let twice = rendered([.warp(flip), .tone(.linear(gain: 1, offset: 0)), .warp(flip)], images, extent)
            #expect(twice == images.pixels)
        }
    }

    @Test("Shifts, shears and crops go where their ranges say")
    func directions() {
        let images = someImages(100, height: 20, width: 40)
        for warp in warps(AugmentationPolicy { Translate(right: 0.25...0.25, down: -0.5...(-0.5)) }, images) {
            let place = warp.output(of: Point(x: 10, y: 15))
            #expect(place == Point(x: 20, y: 5))
        }
        // Falls by tan 45° = 1 pixel for each pixel to the right of the centre (20, 10).
        for warp in warps(AugmentationPolicy { Shear(vertical: 45...45) }, images) {
            let place = warp.output(of: Point(x: 24, y: 10)) ?? Point(x: 0, y: 0)
            #expect(abs(place.x - 24) < 1e-9 && abs(place.y - 14) < 1e-9)
        }
        let random = warps(AugmentationPolicy { Crop(side: 0.5...0.5) }, images)
        #expect(random.allSatisfy { $0.xx == 0.5 && $0.x0 >= 0 && $0.x0 <= 20 && $0.y0 >= 0 && $0.y0 <= 10 })
        #expect(Set(random.map(\.x0)).count > 90)
        let centre = warps(AugmentationPolicy { Crop(side: 0.5...0.5, place: .centre) }, images)
        #expect(centre.allSatisfy { $0.x0 == 10 && $0.y0 == 5 })
    }

    @Test(
        "Perspective moves corners inwards within its distortion, keeps the horizon away, and joins affine neighbours")
    func perspective() throws {
        let images = someImages(500, height: 30, width: 50)
        var largest = 0.0
        for warp in warps(AugmentationPolicy { Perspective(distortion: 0.6) }, images) {
            for (x, y) in [(0.0, 0.0), (50, 0), (50, 30), (0, 30)] {
                let place = try #require(warp.output(of: Point(x: x, y: y)))
                let (inX, inY) = (abs(place.x - x) / 50, abs(place.y - y) / 30)
                #expect(inX <= 0.3 + 1e-9 && inY <= 0.3 + 1e-9)
                largest = max(largest, inX, inY)
            }
        }
        #expect(largest > 0.29)
        let joined = AugmentationPolicy {
            HorizontalFlip()
            Perspective(distortion: 0.3)
            Affine(rotate: 10...10)
        }
        #expect(views(joined, images).allSatisfy { $0.passes.count == 1 })
    }

    @Test("A map and a map of the plane as one agree with the two one after the other, at points")
    func composition() throws {
        let extent = ImageExtent(height: 30, width: 50, channels: 1)
        let corners = [Point(x: 5, y: 2), Point(x: 44, y: 8), Point(x: 48, y: 29), Point(x: 1, y: 25)]
        let first = Perspective.warp(extent, to: corners, border: .zero)
        let second = Warp.aboutCentre(of: extent, degrees: 20, factor: 1.2, lean: 5, right: 2, border: .zero)
        for (one, two) in [(first, second), (second, first), (first, first)] {
            let both = try #require(one.followed(by: two))
            for point in [Point(x: 25, y: 15), Point(x: 10, y: 20), Point(x: 45, y: 3)] {
                let steps = try #require(one.output(of: point).flatMap(two.output))
                let direct = try #require(both.output(of: point))
                #expect(abs(steps.x - direct.x) < 1e-9 && abs(steps.y - direct.y) < 1e-9)
            }
        }
    }

    @Test("An elastic field has the deviation asked for, is smooth, and differs from sample to sample")
    func elastic() throws {
        let images = someImages(20, height: 64, width: 64)
        let extent = ImageExtent(images)
        var sum = 0.0, squares = 0.0, steps = 0.0
        var firsts: Set<Float> = []
        for view in views(AugmentationPolicy { ElasticDeformation(displacement: 0.05, smoothing: 0.05) }, images) {
            let displacement = try #require(view.passes[0].displacement)
            displacement.withField(extent, using: Scratch.take()) { right, down in
                firsts.insert(right[0])
                // Away from the edges, beyond which there is calm.
                for row in 10..<54 {
                    for column in 10..<54 {
                        for field in [right, down] {
                            let value = Double(field[row * 64 + column])
                            sum += value
                            squares += value * value
                            steps = max(steps, abs(Double(field[row * 64 + column + 1]) - value))
                        }
                    }
                }
            }
        }
        let count = Double(20 * 44 * 44 * 2)
        // A smoothing of 3.2 pixels leaves some 4π · 3.2² = 129 values to one independent one: 600 of them, 3 % deviation.
        #expect(abs((squares / count).squareRoot() / 3.2 - 1) < 0.12 && abs(sum / count) < 0.6)
        // The slope has deviation σ / (√2 · smoothing) = 0.71; six of them are hardly ever passed.
        #expect(steps < 4.3 && firsts.count == 20)
    }

    @Test("A grid distortion keeps the outline, and each inner corner within its share of a cell")
    func grid() throws {
        let images = someImages(50, height: 40, width: 60)
        for view in views(AugmentationPolicy { GridDistortion(strength: 0.5, cells: 4) }, images) {
            guard case .mesh(_, let vectors) = try #require(view.passes[0].displacement).kind else {
                Issue.record("no mesh")
                continue
            }
            for (index, vector) in vectors.enumerated() {
                let (row, column) = (index / 5, index % 5)
                #expect(abs(vector.x) <= 7.5 && abs(vector.y) <= 5)
                #expect(column % 4 != 0 || vector.x == 0)
                #expect(row % 4 != 0 || vector.y == 0)
            }
        }
    }

    @Test("Every SIMD level, thread count and batch gives the same bits, for 1 to 5 channels and odd sizes")
    func bits() {
        defer { rk_image_limit(RK_IMAGE_AVX512) }
        for channels in 1...5 {
            for width in [1, 9, 67] {
                let images = someImages(9, height: 9, width: width, channels: channels)
                let whole = geometry.bytes(images)
                for level in [RK_IMAGE_SCALAR, RK_IMAGE_AVX2] {
                    rk_image_limit(level)
                    #expect(geometry.bytes(images) == whole, "\(channels) channels, width \(width)")
                }
                rk_image_limit(RK_IMAGE_AVX512)
                #expect(Parallel.withThreads(1) { geometry.bytes(images) } == whole)
                #expect(geometry.bytes(images.subset([8])) == Array(whole.suffix(images.imageSize)))
            }
        }
    }
}
