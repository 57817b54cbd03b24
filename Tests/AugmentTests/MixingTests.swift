import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Mixed images, and what lies in them")
struct MixingTests {
    private let policy = AugmentationPolicy {
        MixUp(alpha: 1).probability(0.5)
        CutMix(alpha: 1).probability(0.5)
        Mosaic(margin: 0).probability(0.5)
        MixUp(alpha: 0.5).probability(0.5)
    }

    @Test(
        "Each pixel has the bits of a sum that is worked out for it alone, on one thread and on three, and so have classes"
    )
    func oracle() throws {
        let images = someImages(
            21, height: 9, width: 14, channels: 3, labels: (0..<21).map { $0 % 5 == 4 ? nil : $0 % 10 })
        let views = policy.views(of: RawBatch(images: images, seed: 4, epoch: 0))
        let mixing = try #require(Mixing(views, labels: images.labels, extent: ImageExtent(images)))
        var random = Philox(seed: 8)
        let tensor = Tensor(normal: [21, 9, 14, 3], using: &random)
        let values = tensor.scalars
        var (expected, bytes) = (values, images.pixels)
        var classes = [Float](repeating: 0, count: 210)
        for row in 0..<21 {
            let partners = (0..<21).filter { $0 != row && (images.labels[$0] == nil) == (images.labels[row] == nil) }
            func partner(_ word: UInt32) -> Int { partners[Int((UInt64(word) * UInt64(partners.count)) >> 32)] }
            for (y, x) in (0..<9).flatMap({ y in (0..<14).map { (y, $0) } }) {
                var blend: [(row: Int, weight: Float)] = [(row, 1)]
                for mix in views[row].mixes {
                    switch mix {
                    case .blend(let share, let word):
                        blend = blend.map { ($0.row, $0.weight * share) } + [(partner(word), 1 - share)]
                    case .paste(let rows, let columns, let word):
                        if rows.contains(y) && columns.contains(x) { blend = [(partner(word), 1)] }
                    }
                }
                for place in (y * 14 + x) * 3..<(y * 14 + x) * 3 + 3 {
                    expected[row * 378 + place] = blend.reduce(Float(0)) {
                        $0 + $1.weight * values[$1.row * 378 + place]
                    }
                    bytes[row * 378 + place] = UInt8(
                        blend.reduce(Float(0.5)) { $0 + $1.weight * Float(images.pixels[$1.row * 378 + place]) })
                }
                for part in blend {
                    if let label = images.labels[part.row] { classes[row * 10 + label] += part.weight / 126 }
                }
            }
        }
        for threads in [1, 3] {
            Parallel.withThreads(threads) {
                #expect(mixing(tensor).scalars.map(\.bitPattern) == expected.map(\.bitPattern))
                #expect(mixing(images.pixels) == bytes)
            }
        }
        let targets = try #require(mixing.targets(labels: images.labels, classes: 10))
        #expect(zip(targets.scalars, classes).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("An image that is pasted over wholly, as one pixel is, takes the other's class")
    func whole() throws {
        let images = ImageSet(
            pixels: [0, 51, 102, 153], height: 1, width: 1, channels: 1, labels: [0, 1, 2, 3],
            classNames: ["a", "b", "c", "d"])
        let policy = AugmentationPolicy { CutMix(alpha: 1) }
        for epoch in 0..<20 {
            for place in 0..<4 {
                // Alone among such that stay as they are, too.
                var draws = [Int](repeating: 0, count: 4)
                draws[place] = 1
                let batch = policy(
                    RawBatch(images: images, seed: 1, epoch: epoch, draws: draws), normalization: plain)
                for row in 0..<4 {
                    let shown = Int((batch.inputs[row, 0, 0, 0] * 5).rounded())
                    #expect(batch.targets.map { $0[row, shown] == 1 } ?? (shown == row))
                }
            }
        }
    }

    /// Images of one grey each, with a box of another grey; a pixel's label is its byte.
    private func boxes(_ count: Int) -> (ImageSet, [ImageTargets]) {
        var random = Philox(seed: 6)
        var (pixels, targets): ([UInt8], [ImageTargets]) = ([], [])
        for image in 0..<count {
            let (top, left) = (random.index(below: 20), random.index(below: 30))
            let (bottom, right) = (top + 3 + random.index(below: 16), left + 3 + random.index(below: 16))
            let bytes = (0..<40 * 50).map { place -> UInt8 in
                let (row, column) = (place / 50, place % 50)
                let isInside = (top..<bottom).contains(row) && (left..<right).contains(column)
                return UInt8(10 * image + (isInside ? 5 : 1))
            }
            pixels += bytes
            targets.append(
                ImageTargets(
                    boxes: [
                        BoundingBox(
                            left: Double(left), top: Double(top), right: Double(right), bottom: Double(bottom),
                            label: image)
                    ],
                    keypoints: (0..<6).map { _ in
                        Keypoint(
                            x: Double(random.index(below: 50)) + 0.5, y: Double(random.index(below: 40)) + 0.5,
                            label: image)
                    }, mask: bytes))
        }
        let images = ImageSet(
            pixels: pixels, height: 40, width: 50, channels: 1, labels: (0..<count).map { $0 % 3 },
            classNames: ["a", "b", "c"])
        return (images, targets)
    }

    @Test(
        "Pasted parts bring their boxes, points and labels: all that shows is named, where it shows", arguments: 0..<3)
    func pasting(kind: Int) throws {
        let policies = [
            AugmentationPolicy { CutMix(alpha: 1) }, AugmentationPolicy { Mosaic() },
            AugmentationPolicy {
                HorizontalFlip().probability(0.5)
                Translate(right: -0.2...0.2, down: -0.2...0.2)
                Mosaic().probability(0.7)
                CutMix(alpha: 1).probability(0.7)
            },
        ]
        let (images, given) = boxes(8)
        var (kept, partners, drops) = (0, 0, 0)
        for epoch in 0..<30 {
            let raw = RawBatch(images: images, seed: 2, epoch: epoch)
            let result = try policies[kind].apply(to: raw, targets: given, by: TargetRules(minimumVisibleShare: 0.3))
            #expect(result.images.pixels == policies[kind].images(raw).pixels)
            for row in 0..<8 {
                let bytes = Array(result.images.pixels[row * 2000..<(row + 1) * 2000])
                let targets = result.targets[row]
                // Shifts by fractions of a pixel blend bytes; whole pixels and labels must be the same.
                if kind < 2 { #expect(targets.mask == bytes) }
                let labels = try #require(targets.mask)
                for image in 0..<8 {
                    let shown = labels.indices.filter { labels[$0] == UInt8(10 * image + 5) }
                    let box = targets.boxes.first { $0.label == image }
                    let drop = result.dropped[row].first { $0.image == image }
                    #expect(box == nil || drop == nil)
                    if kind == 2 {
                        // A moved edge is within a pixel of its labels; slivers may have none.
                        if shown.count > 80 { #expect(box != nil || drop != nil) }
                        guard let box, shown.count > 80 else { continue }
                        #expect(abs(box.left - Double(shown.map { $0 % 50 }.min() ?? 0)) <= 1)
                        #expect(abs(box.bottom - Double((shown.map { $0 / 50 }.max() ?? 0) + 1)) <= 1)
                        continue
                    }
                    let share = Double(shown.count) / given[image].boxes[0].area
                    if let box {
                        let (columns, rows) = (shown.map { $0 % 50 }, shown.map { $0 / 50 })
                        #expect(share >= 0.3 && box.left == columns.min().map(Double.init))
                        #expect(box.right == columns.max().map { Double($0 + 1) })
                        #expect(box.top == rows.min().map(Double.init))
                        #expect(box.bottom == rows.max().map { Double($0 + 1) })
                        kept += 1
                        if image != row { partners += 1 }
                    } else if let drop {
                        #expect(abs(drop.visibleShare - share) < 1e-9 && share < 0.3 && drop.index == 0)
                        #expect(drop.box == given[image].boxes[0])
                        drops += 1
                    } else {
                        #expect(share == 0 && image != row)
                    }
                }
                // Own points first, as many as there were; those that show lie on their image.
                #expect(targets.keypoints.count >= 6 && targets.keypoints.prefix(6).allSatisfy { $0.label == row })
                for (place, point) in targets.keypoints.enumerated() {
                    let isShown =
                        point.x >= 0 && point.y >= 0 && point.x < 50 && point.y < 40
                        && Int(labels[Int(point.y) * 50 + Int(point.x)]) / 10 == point.label
                    if kind < 2 { #expect(isShown == point.isVisible && (place < 6 || point.isVisible)) }
                }
            }
        }
        if kind < 2 { #expect(kept > 200 && partners > 40 && drops > 20) }
    }

    @Test("Without a label map of its own an image gets none; a part from an image without one has label 0")
    func missingMasks() throws {
        let images = someImages(2, height: 10, width: 10, labels: [0, 1])
        let targets = [ImageTargets(mask: [UInt8](repeating: 7, count: 100)), ImageTargets()]
        let policy = AugmentationPolicy { Mosaic(margin: 0.5) }
        let result = try policy.apply(to: RawBatch(images: images, seed: 0, epoch: 0), targets: targets)
        let mask = try #require(result.targets[0].mask)
        #expect(mask.count { $0 == 7 } == 25 && mask.count { $0 == 0 } == 75 && result.targets[1].mask == nil)
    }
}
