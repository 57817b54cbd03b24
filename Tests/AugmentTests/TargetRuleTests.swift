import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Points that swap, labels of what is uncovered, crops around boxes")
struct TargetRuleTests {
    private let flips: [AugmentationPolicy] = [
        AugmentationPolicy { HorizontalFlip() }, AugmentationPolicy { VerticalFlip() },
        AugmentationPolicy { OwnTranspose() },
    ]

    @Test("Every mirroring exchanges the labels of a pair, two restore them, a turn leaves them, fused or not")
    func swaps() throws {
        let images = someImages(height: 8, width: 8)
        let points = [Keypoint(x: 1, y: 2, label: 4), Keypoint(x: 5, y: 3, label: 7), Keypoint(x: 6, y: 6, label: 5)]
        let rules = try TargetRules(swaps: PointSwaps([(4, 7)]))
        func labels(_ policy: AugmentationPolicy) throws -> [Int] {
            try policy.apply(
                to: RawBatch(images: images, seed: 3, epoch: 0), targets: [ImageTargets(keypoints: points)], by: rules
            ).targets[0].keypoints.map(\.label)
        }
        for (number, first) in flips.enumerated() {
            #expect(try labels(first) == [7, 4, 5], "\(number)")
            for second in flips {
                #expect(try labels(AugmentationPolicy(steps: first.steps + second.steps)) == [4, 7, 5])
                let between = AugmentationPolicy { ElasticDeformation(displacement: 0.001) }
                #expect(
                    try labels(AugmentationPolicy(steps: first.steps + between.steps + second.steps)) == [4, 7, 5])
            }
        }
        #expect(try labels(AugmentationPolicy { Turn() }) == [4, 7, 5])
    }

    @Test("A YOLO file that is written after a flip has the points in the order of their labels")
    func written() throws {
        let given = try ImageTargets(
            yolo: "0 0.5 0.5 1 1 0.25 0.5 2 0.875 0.5 2\n", height: 8, width: 8, file: "a.txt")
        let flipped = try flips[0].apply(
            to: RawBatch(images: someImages(height: 8, width: 8), seed: 0, epoch: 0), targets: [given],
            by: TargetRules(swaps: PointSwaps([(0, 1)])))
        #expect(
            try flipped.yoloLabels(of: 0, from: given)
                == "0 0.500000 0.500000 1.000000 1.000000 0.125000 0.500000 2 0.750000 0.500000 2\n")
    }

    @Test("Uncovered and covered pixels of a map have the filler, others their label, also those labelled 0")
    func mapFill() throws {
        let images = someImages(height: 4, width: 6)
        let mask: [UInt8] = (0..<24).map { UInt8($0 % 6) }
        func map(_ policy: AugmentationPolicy, _ filler: UInt8?) throws -> [UInt8] {
            let result = try policy.apply(
                to: RawBatch(images: images, seed: 1, epoch: 0), targets: [ImageTargets(mask: mask)],
                by: TargetRules(mapFill: filler))
            return try #require(result.targets[0].mask)
        }
        let right = AugmentationPolicy { Translate(right: (1.0 / 3)...(1.0 / 3)) }
        #expect(try map(right, 255).prefix(6) == [255, 255, 0, 1, 2, 3])
        #expect(try map(right, 3).prefix(6) == [3, 3, 0, 1, 2, 3])
        #expect(try map(right, nil).prefix(6) == [0, 0, 0, 1, 2, 3])
        // Neither the labels nor the filler change where nothing is uncovered.
        #expect(try map(AugmentationPolicy { HorizontalFlip() }, 4) == (0..<24).map { UInt8(5 - $0 % 6) })
        #expect(try map(AugmentationPolicy { Invert() }, 4) == mask)
        for policy in [
            AugmentationPolicy { Cutout(size: 0.8, fill: 1) }, AugmentationPolicy { RandomErasing(area: 0.3...0.3) },
        ] {
            let bytes = policy.images(RawBatch(images: images, seed: 1, epoch: 0)).pixels
            let changed = zip(bytes, images.pixels).map { $0 != $1 }
            let filled = try map(policy, 77)
            #expect(filled.contains(77))
            for place in 0..<24 where changed[place] { #expect(filled[place] == 77) }
            for place in 0..<24 where filled[place] != 77 { #expect(filled[place] == mask[place]) }
            #expect(try map(policy, nil) == mask)
        }
        // A pasted part of an image that has no map.
        let mosaic = try AugmentationPolicy { Mosaic() }.apply(
            to: RawBatch(images: someImages(8, height: 4, width: 6), seed: 1, epoch: 0),
            targets: [ImageTargets(mask: mask)] + [ImageTargets](repeating: ImageTargets(), count: 7),
            by: TargetRules(mapFill: 99))
        #expect(Set(mosaic.targets[0].mask ?? []).isSubset(of: [0, 1, 2, 3, 4, 5, 99]))
        #expect(mosaic.targets[0].mask?.contains(99) == true)
    }

    /// Images with two boxes, and the same boxes as labels 1 and 2 of a map.
    private func boxed() -> (images: ImageSet, targets: ImageTargets) {
        let boxes = [
            BoundingBox(left: 4, top: 6, right: 14, bottom: 16, label: 1),
            BoundingBox(left: 24, top: 20, right: 30, bottom: 28, label: 2),
        ]
        let mask = (0..<40 * 48).map { place -> UInt8 in
            let (x, y) = (Double(place % 48) + 0.5, Double(place / 48) + 0.5)
            let box = boxes.first { $0.left < x && x < $0.right && $0.top < y && y < $0.bottom }
            return UInt8(box?.label ?? 0)
        }
        return (someImages(height: 40, width: 48), ImageTargets(boxes: boxes, mask: mask))
    }

    @Test("Moved boxes contain the pixels of the moved label map, whatever moves them")
    func containment() throws {
        let (images, targets) = boxed()
        let policy = AugmentationPolicy {
            HorizontalFlip().probability(0.5)
            Affine(rotate: -25...25, scale: 0.7...1.3, translate: 0.2, shear: -10...10)
            BoxCrop(side: 0.4...0.9, keeping: .one, share: 0.5)
            Perspective(distortion: 0.2)
        }
        for seed in 0..<60 as Range<UInt64> {
            let result = try policy.apply(
                to: RawBatch(images: images, seed: seed, epoch: 0), targets: [targets],
                by: TargetRules(minimumVisibleShare: 0)
            ).targets[0]
            for (place, label) in try #require(result.mask).enumerated() where label > 0 {
                let (x, y) = (Double(place % 48) + 0.5, Double(place / 48) + 0.5)
                // A label is read at the nearest pixel, half a pixel of a view that is up to 4 times as large.
                let box = result.boxes.first { $0.label == Int(label) }
                #expect(
                    box.map { $0.left - 4 < x && x < $0.right + 4 && $0.top - 4 < y && y < $0.bottom + 4 } == true,
                    "seed \(seed): \(label) at \(x), \(y)")
            }
        }
    }

    @Test("A crop keeps all boxes whole, or one; with a share that of the area; and none is what a bare crop draws")
    func crops() throws {
        let (images, targets) = boxed()
        var sizes: Set<Double> = []
        for seed in 0..<100 as Range<UInt64> {
            let raw = RawBatch(images: images, seed: seed, epoch: 0)
            func boxes(_ crop: BoxCrop, _ targets: ImageTargets) throws -> TargetedImages {
                try AugmentationPolicy {
                    HorizontalFlip().probability(0.5)
                    crop
                }.apply(to: raw, targets: [targets], by: TargetRules(minimumVisibleShare: 0))
            }
            let all = try boxes(BoxCrop(side: 0.1...0.9), targets)
            #expect(all.dropped[0].isEmpty)
            let sides = all.targets[0].boxes.map { ($0.right - $0.left, $0.bottom - $0.top) }
            // Both are whole: their sides are still 10 to 6 and 10 to 8.
            #expect(abs(sides[0].0 / sides[1].0 - 10.0 / 6) < 1e-9 && abs(sides[0].1 / sides[1].1 - 10.0 / 8) < 1e-9)
            // The rectangle around both is 26 wide of 48.
            #expect(sides[0].0 >= 10 / 0.9 - 1e-9 && sides[0].0 <= 48 * 10.0 / 26 + 1e-9)
            sizes.insert(sides[0].0)
            let one = try boxes(BoxCrop(side: 0.1...0.3, keeping: .one), targets)
            #expect(one.targets[0].boxes.contains { one.area(of: $0, isWhole: targets) })
            let half = try boxes(BoxCrop(side: 0.1...0.3, share: 0.5), ImageTargets(boxes: [targets.boxes[0]]))
            #expect(half.dropped[0].isEmpty && half.targets[0].boxes.count == 1)
            let some = try AugmentationPolicy { BoxCrop(side: 0.1...0.1, share: 0.25) }.apply(
                to: raw, targets: [ImageTargets(boxes: [targets.boxes[0]])], by: TargetRules(minimumVisibleShare: 0.249)
            )
            #expect(some.dropped[0].isEmpty)
            let bare = AugmentationPolicy { BoxCrop(side: 0.3...0.6) }
            #expect(
                try bare.apply(to: raw, targets: [ImageTargets()]).images.pixels == bare.images(raw).pixels)
        }
        #expect(sizes.count > 30)
    }

    @Test("A record and the boxes give a crop again, bit for bit; the boxes count")
    func replayed() throws {
        let (images, targets) = boxed()
        let policy = AugmentationPolicy {
            HorizontalFlip()
            BoxCrop(side: 0.2...0.5)
        }
        let raw = RawBatch(images: images, seed: 5, epoch: 3)
        let view = try policy.apply(to: raw, targets: [targets]).images.pixels
        let record = try policy.records(of: raw)[0]
        #expect(try policy.replay(record, of: images, targets: targets).pixels == view)
        #expect(try policy.replay(record, of: images).pixels != view)
    }
}

extension TargetedImages {
    /// Whether a box shows all of what it showed before: a kept one is not cut, so none of its edges lies on the frame
    /// unless all of it is there.
    fileprivate func area(of box: BoundingBox, isWhole targets: ImageTargets) -> Bool {
        !dropped[0].contains { targets.boxes[$0.index].label == box.label }
    }
}

/// Rows become columns: mirrors at the diagonal.
private struct OwnTranspose: PixelOperation {
    static let name = "ownTranspose"
    static let template = OwnTranspose()

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.warp(Warp(xx: 0, xy: 1, yx: 1, yy: 0)))
    }
}
