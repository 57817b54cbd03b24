import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

/// What a user's operations do is done to them as to ours. They stand in OwnOperations.swift, which sees what is public.
@Suite("Operations from outside the library")
struct OwnOperationTests {
    init() {
        // Each test may be the first, and to register again changes nothing.
        for type in [Lean.self, Tilt.self, Smoothstep.self, Scanlines.self, Bulge.self] as [any PixelOperation.Type] {
            AugmentationPolicy.register(type)
        }
    }

    /// All of them, in groups and with probabilities.
    private let all = AugmentationPolicy {
        Lean(slope: 0.25, border: .reflect).probability(0.75)
        OneOf(weights: [1, 2]) {
            Smoothstep(amount: 0.25...0.5)
            Bulge(strength: 0.3)
        }
        Scanlines(period: 3, depth: 0.25, direction: .columns, tint: [1, 0.5, 0]).probability(0.5)
        GaussianNoise(standardDeviation: 0.05)
        Tilt(degrees: -20...10)
    }

    private func views(_ policy: AugmentationPolicy, _ images: ImageSet, strength: Float = 1) -> [View] {
        let strengths = [Float](repeating: strength, count: images.count)
        return policy.views(of: RawBatch(images: images, seed: 1, epoch: 0, strengths: strengths))
    }

    // MARK: Pixels

    @Test("Affine ones between ours are one resampling, point ones between ours one table, filters a pass of their own")
    func fusing() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: -20...20)
            Lean(slope: 0.5)
            Tilt(degrees: -5...5)
            HorizontalFlip()
            Gamma(2...2)
            Smoothstep()
            Invert()
            Scanlines(period: 4)
        }
        for view in views(policy, someImages(5)) {
            #expect(view.passes.count == 3)
            guard case .warp = view.passes[0], case .tones(let tones) = view.passes[1], case .filter = view.passes[2]
            else {
                Issue.record("\(view.passes)")
                continue
            }
            // Without rounding between the three: 1 − s(v²), s(v) = v² (3 − 2 v).
            for (byte, value) in tones.curve.enumerated() {
                let squared = pow(Double(byte) / 255, 2)
                #expect(abs(Double(value) - (1 - squared * squared * (3 - 2 * squared))) < 1e-6)
            }
        }
    }

    @Test("What is drawn is what the operation says: lines of one phase, the others untouched")
    func filter() {
        let images = someImages(20, height: 9, width: 7, channels: 3)
        let bytes = AugmentationPolicy { Scanlines(period: 3, depth: 0.25, tint: [1, 0.5, 0]) }.bytes(images)
        var phases: Set<Int> = []
        for image in 0..<20 {
            let found = (0..<3).filter { first in
                (0..<189).allSatisfy { place in
                    let byte = Double(images.pixels[image * 189 + place])
                    let loss = place / 21 % 3 == first ? [0.25, 0.125, 0][place % 3] : 0
                    return bytes[image * 189 + place] == UInt8((byte * (1 - loss)).rounded())
                }
            }
            #expect(found.count == 1)
            phases.formUnion(found)
        }
        #expect(phases == [0, 1, 2])
    }

    @Test("A matrix, a convolution and a fill do what they say; a rectangle beyond the image is cut to it")
    func changes() {
        let images = someImages(1, height: 5, width: 4, channels: 3)
        let bytes = AugmentationPolicy { Unsaid() }.bytes(images)
        for row in 0..<5 {
            for column in 0..<4 {
                for (channel, source) in [1, 0, 2].enumerated() {
                    func byte(_ row: Int) -> Int {
                        Int(images.pixels[(min(max(row, 0), 4) * 4 + column) * 3 + source])
                    }
                    let mean = (byte(row - 1) + 2 * byte(row) + byte(row + 1) + 2) / 4
                    #expect(bytes[(row * 4 + column) * 3 + channel] == (row == 0 ? 255 : UInt8(mean)))
                }
            }
        }
    }

    @Test("Values that are no numbers, or beyond 0 … 1, and places that are none, crash nothing and leave 0 … 255")
    func wild() {
        struct Wild: PixelOperation {
            static let name = "wild"
            static let template = Wild()

            func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
                view.append(.values { $0 < 0.3 ? .nan : $0 < 0.6 ? 7 : -7 })
                view.append(.displacement(border: .zero) { x, y in x < 2 ? (.nan, y) : x < 3 ? (1e300, y) : (x, y) })
            }
        }
        let images = someImages(1, height: 1, width: 4) { _, column, _ in [200, 20, 100, 100][column] }
        // The values become 0, 0, 255, 255; the places of the first three columns lie outside.
        #expect(AugmentationPolicy { Wild() }.bytes(images) == [0, 0, 0, 255])
    }

    @Test("Threads, batches and repetitions give the same bits; seed, epoch and sample give others")
    func determinism() {
        let images = someImages(9, channels: 3)
        let one = Parallel.withThreads(1) { all.bytes(images) }
        #expect(one == Parallel.withThreads(4) { all.bytes(images) })
        let part = all.bytes(images.subset([7, 2]))
        let size = images.imageSize
        #expect(part == Array(one[7 * size..<8 * size] + one[2 * size..<3 * size]))
        #expect(one != all.images(RawBatch(images: images, seed: 6, epoch: 0)).pixels)
        #expect(one != all.images(RawBatch(images: images, seed: 5, epoch: 1)).pixels)
    }

    // MARK: Steering

    @Test("A sample's strength doubles what is geometric, 0 takes it away, and leaves the rest as it was drawn")
    func strength() throws {
        let policy = AugmentationPolicy {
            Lean(slope: 0.2)
            Smoothstep(amount: 0.2...0.4)
        }
        let images = someImages(20)
        for (one, double) in zip(views(policy, images), views(policy, images, strength: 2)) {
            let (first, second) = (try #require(one.passes[0].warp), try #require(double.passes[0].warp))
            #expect(second.yx == 2 * first.yx && first.yx != 0)
            #expect(try #require(one.passes[1].tones).curve == #require(double.passes[1].tones).curve)
        }
        #expect(views(policy, images, strength: 0).allSatisfy { $0.passes.count == 1 })
        // Within the limits: 0.4 · 5 is 1 at most.
        #expect(policy.scaled(by: 2).scaled(by: 5).steps[0] == Lean(slope: 1).step)
        #expect(policy.scaled(by: 2).steps[1] == Smoothstep(amount: 0.4...0.8).step)
    }

    @Test("A controller of a policy with them comes back from JSON, as from a checkpoint")
    func controller() throws {
        let controller = OperationController(all, seed: 3)
        let back = try JSONDecoder().decode(OperationController.self, from: JSONEncoder().encode(controller))
        #expect(back == controller && back.policy == all)
    }

    // MARK: Targets

    @Test("Boxes, points and label maps move with a warp and a displacement, and stay under a filter", arguments: 0..<3)
    func targets(kind: Int) throws {
        let policy = [
            AugmentationPolicy { Lean(slope: 0.3) }, AugmentationPolicy { Bulge(strength: 0.5) },
            AugmentationPolicy { Scanlines(period: 2, depth: 0.1) },
        ][kind]
        let images = someImages(height: 60, width: 80) { row, column, _ in
            (20..<28).contains(row) && (24..<32).contains(column) ? 255 : 0
        }
        let given = BoundingBox(left: 24, top: 20, right: 32, bottom: 28, label: 3)
        let targets = ImageTargets(
            boxes: [given], keypoints: [Keypoint(x: 28, y: 24)], mask: images.pixels.map { $0 == 255 ? 7 : 0 })
        var moves = 0.0
        for seed in 0..<10 as Range<UInt64> {
            let raw = RawBatch(images: images, seed: seed, epoch: 0)
            let result = try policy.apply(to: raw, targets: [targets])
            let bright = result.images.pixels.indices.filter { result.images.pixels[$0] > 127 }
            let (columns, rows) = (bright.map { $0 % 80 }, bright.map { $0 / 80 })
            let box = try #require(result.targets[0].boxes.first)
            let edges = [box.left, box.top, box.right, box.bottom]
            let found = [columns.min(), rows.min(), columns.max().map { $0 + 1 }, rows.max().map { $0 + 1 }]
            for (edge, seen) in zip(edges, found) { #expect(abs(edge - Double(try #require(seen))) <= 1.01) }
            // The rectangle's middle is the middle of what is bright, but for the bend of a bulge, which is small here.
            let point = result.targets[0].keypoints[0]
            let middle = Double(columns.reduce(0, +)) / Double(bright.count) + 0.5
            #expect(abs(point.x - middle) < 1.5 && point.isVisible)
            let mask = try #require(result.targets[0].mask)
            let labelled = Set(mask.indices.filter { mask[$0] == 7 })
            // Edges of bytes are blended, edges of labels are not: only the rim may differ.
            #expect(labelled.symmetricDifference(bright).count < 64)
            moves += zip(edges, [24, 20, 32, 28]).reduce(0) { $0 + abs($1.0 - $1.1) }
        }
        #expect(kind == 2 ? moves == 0 : moves > 20)
    }

    // MARK: Records and cost

    @Test("A record gives the same view again, and is refused by a policy with other fields")
    func replay() throws {
        let images = someImages(6, channels: 3)
        let raw = RawBatch(images: images, seed: 5, epoch: 2, strengths: [0, 0.5, 1, 1.5, 2, 3])
        let pixels = all.images(raw).pixels
        let size = images.imageSize
        for (place, record) in try all.records(of: raw).enumerated() {
            let kept = try JSONDecoder().decode(DrawRecord.self, from: JSONEncoder().encode(record))
            let view = try all.replay(kept, of: images.subset([place]))
            #expect(view.pixels == Array(pixels[place * size..<(place + 1) * size]))
            let other = AugmentationPolicy { Lean(slope: 0.26) }
            #expect(throws: FormatError.self) { try other.replay(kept, of: images.subset([place])) }
        }
    }

    @Test("Costs are predicted from a measurement; warps that fuse cost one; an unmeasured one is named")
    func cost() throws {
        func curve(_ microseconds: Double) -> OperationCosts.Curve {
            .init(pixels: [100, 1000], microseconds: [microseconds / 10, microseconds])
        }
        func measured(_ microseconds: Double) -> OperationCosts.Operation {
            .init(last: curve(microseconds), inner: curve(microseconds))
        }
        let costs = OperationCosts(
            channels: 1, plain: curve(10),
            operations: ["lean": measured(100), "affine": measured(100), "scanlines": measured(40)])
        func cost(@PolicyBuilder _ steps: () -> [AugmentationStep]) throws -> Double {
            try AugmentationPolicy(steps).cost(imageSize: (10, 100), by: costs, channels: 1).microseconds
        }
        #expect(try abs(cost { Lean(slope: 0.3) } - 110) < 1e-9)
        #expect(try abs(cost { Scanlines(period: 2).probability(0.5) } - 30) < 2)
        #expect(
            try abs(
                cost {
                    Affine(rotate: -5...5)
                    Lean(slope: 0.3)
                } - 110) < 1e-9)
        let error = #expect(throws: FormatError.self) { try cost { Tilt(degrees: -5...5) } }
        #expect(error?.place == "tilt")
    }
}
