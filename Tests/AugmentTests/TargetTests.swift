import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Boxes, points and label maps move with the pixels")
struct TargetTests {
    private let height = 60
    private let width = 80

    /// One image on black with a white rectangle, and its box, corners and label map.
    private func painted(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int) -> (ImageSet, ImageTargets) {
        let images = someImages(height: height, width: width) { row, column, _ in
            (top..<bottom).contains(row) && (left..<right).contains(column) ? 255 : 0
        }
        let box = BoundingBox(
            left: Double(left), top: Double(top), right: Double(right), bottom: Double(bottom), label: 3)
        let targets = ImageTargets(
            boxes: [box], keypoints: [Keypoint(x: Double(left) + 0.5, y: Double(top) + 0.5, label: 1)],
            mask: images.pixels.map { $0 == 255 ? 7 : 0 })
        return (images, targets)
    }

    private func hull(_ bytes: [UInt8], where isIn: (UInt8) -> Bool) -> BoundingBox? {
        let places = bytes.indices.filter { isIn(bytes[$0]) }
        let columns = places.map { $0 % width }
        let rows = places.map { $0 / width }
        guard let left = columns.min(), let right = columns.max(), let top = rows.min(), let bottom = rows.max() else {
            return nil
        }
        return BoundingBox(
            left: Double(left), top: Double(top), right: Double(right + 1), bottom: Double(bottom + 1))
    }

    private func largest(_ a: BoundingBox, _ b: BoundingBox) -> Double {
        max(abs(a.left - b.left), abs(a.top - b.top), abs(a.right - b.right), abs(a.bottom - b.bottom))
    }

    @Test(
        "The box of a painted rectangle is the rectangle around its moved pixels and labels, in every kind of operation",
        arguments: 0..<7)
    func consistency(kind: Int) throws {
        let policies = [
            AugmentationPolicy { HorizontalFlip() }, AugmentationPolicy { Affine(rotate: -40...40, scale: 0.7...1.1) },
            AugmentationPolicy { Perspective(distortion: 0.4) }, AugmentationPolicy { Turn() },
            AugmentationPolicy { Crop(side: 0.8...1) },
            AugmentationPolicy { GridDistortion(strength: 0.3) },
            AugmentationPolicy {
                Shear(vertical: -15...15)
                ElasticDeformation(displacement: 0.02)
            },
        ]
        let (images, targets) = painted(30, 20, 52, 38)
        for seed in 0..<20 as Range<UInt64> {
            let raw = RawBatch(images: images, seed: seed, epoch: 0)
            let result = try policies[kind].apply(to: raw, targets: [targets])
            let box = try #require(result.targets[0].boxes.first)
            let mask = try #require(result.targets[0].mask)
            #expect(Set(mask).isSubset(of: [0, 7]) && box.label == 3)
            let pixels = try #require(hull(result.images.pixels) { $0 >= 128 })
            // A pixel counts from half its value on, and corners of a turned rectangle are finer than a pixel. The last
            // policy takes the rectangle around a sheared rectangle's rectangle: up to 18 · tan 15° wider all round.
            #expect(largest(box, pixels) <= (kind == 6 ? 7 : 2.1), "seed \(seed)")
            let labels = try #require(hull(mask) { $0 == 7 })
            #expect(largest(labels, pixels) <= 1)
        }
    }

    @Test("A point follows the pixel that it marks")
    func keypoints() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: -40...40, scale: 0.8...1.2, shear: -10...10)
            GridDistortion(strength: 0.2)
        }
        for seed in 0..<20 as Range<UInt64> {
            // A bright spot, whose centre of brightness is where the point should be.
            let (column, row) = (25 + Int(seed), 22 + Int(seed) / 2)
            let images = someImages(height: height, width: width) {
                max(abs($0 - row), abs($1 - column)) + $2 <= 1 ? 255 : 0
            }
            let targets = ImageTargets(keypoints: [Keypoint(x: Double(column) + 0.5, y: Double(row) + 0.5, label: 9)])
            let result = try policy.apply(to: RawBatch(images: images, seed: seed, epoch: 0), targets: [targets])
            let point = result.targets[0].keypoints[0]
            let bytes = result.images.pixels.map(Double.init)
            let sum = bytes.reduce(0, +)
            let x = bytes.indices.reduce(0) { $0 + (Double($1 % width) + 0.5) * bytes[$1] } / sum
            let y = bytes.indices.reduce(0) { $0 + (Double($1 / width) + 0.5) * bytes[$1] } / sum
            #expect(abs(point.x - x) < 0.4 && abs(point.y - y) < 0.4 && point.label == 9 && point.isVisible)
        }
    }

    @Test("Boxes are cut to the frame, dropped below the visible share, and reported with what is left")
    func dropping() throws {
        let boxes = [
            BoundingBox(left: 0, top: 0, right: 20, bottom: 10), BoundingBox(left: 60, top: 10, right: 80, bottom: 20),
            BoundingBox(left: 30, top: 10, right: 50, bottom: 20),
        ]
        let policy = AugmentationPolicy { Translate(right: 0.2...0.2) }  // 16 pixels
        let images = someImages(height: height, width: width)
        let targets = ImageTargets(
            boxes: boxes, keypoints: [Keypoint(x: 70, y: 5), Keypoint(x: 10, y: 5)])
        let raw = RawBatch(images: images, seed: 0, epoch: 0)
        let result = try policy.apply(to: raw, targets: [targets], by: TargetRules(minimumVisibleShare: 0.25))
        #expect(
            result.targets[0].boxes == [
                BoundingBox(left: 16, top: 0, right: 36, bottom: 10),
                BoundingBox(left: 46, top: 10, right: 66, bottom: 20),
            ])
        #expect(result.dropped[0].map(\.index) == [1] && result.dropped[0][0].box == boxes[1])
        #expect(abs(result.dropped[0][0].visibleShare - 0.2) < 1e-9)
        #expect(result.targets[0].keypoints.map(\.isVisible) == [false, true])
        let kept = try policy.apply(to: raw, targets: [targets], by: TargetRules(minimumVisibleShare: 0.15))
        #expect(kept.targets[0].boxes.count == 3 && kept.targets[0].boxes[1].right == 80)
        // What left the frame is dropped even at a minimum of 0.
        let gone = AugmentationPolicy { Translate(right: 1...1) }
        #expect(
            try gone.apply(to: raw, targets: [targets], by: TargetRules(minimumVisibleShare: 0)).dropped[0].count == 3)
    }

    @Test("The three conventions name the same box, and come back as they were")
    func conventions() throws {
        let expected = BoundingBox(left: 8, top: 6, right: 24, bottom: 36, label: 2)
        let numbers: [BoxConvention: [Double]] = [
            .coco: [8, 6, 16, 30], .voc: [8, 6, 24, 36], .yolo: [0.2, 0.35, 0.2, 0.5],
        ]
        for (convention, values) in numbers {
            let box = try BoundingBox(values, as: convention, label: 2, height: 60, width: 80)
            #expect(largest(box, expected) < 1e-9 && box.label == 2)
            let back = box.numbers(as: convention, height: 60, width: 80)
            #expect(zip(back, values).allSatisfy { abs($0 - $1) < 1e-9 })
        }
    }

    @Test("Faults are named by place: boxes outside, without area, not finite; masks of another size; mixing")
    func faults() throws {
        let images = someImages(2, height: 60, width: 80)
        let raw = RawBatch(images: images, seed: 0, epoch: 0)
        func error(_ target: ImageTargets, _ policy: AugmentationPolicy = .digits) -> String {
            do {
                _ = try policy.apply(to: raw, targets: [ImageTargets(), target])
                return "none"
            } catch { return "\(error)" }
        }
        func box(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> ImageTargets {
            ImageTargets(boxes: [BoundingBox(left: left, top: top, right: right, bottom: bottom)])
        }
        #expect(
            error(box(0, 0, 81, 5))
                == "targets: [1].boxes[0]: edges 0, 0, 81, 5 found, a box inside 80×60 pixels expected")
        #expect(error(box(5, 0, 5, 5)).contains("a box with area"))
        #expect(error(box(.nan, 0, 5, 5)).contains("[1].boxes[0]: nan, 0, 5, 5 found, finite numbers expected"))
        #expect(error(ImageTargets(mask: [1, 2])).contains("[1].mask: 2 labels found, 60×80, one for each pixel"))
        #expect(error(ImageTargets(keypoints: [Keypoint(x: 1, y: .infinity)])).contains("[1].keypoints[0]"))
        #expect(error(ImageTargets(), AugmentationPolicy { MixUp(alpha: 1) }).contains("mixes images"))
        #expect(throws: FormatError.self) { try AugmentationPolicy.digits.apply(to: raw, targets: []) }
        #expect(throws: FormatError.self) { try BoundingBox([1, 2, 3], as: .voc, height: 9, width: 9) }
        #expect(throws: FormatError.self) { try BoundingBox([0.5, 0.5, 1.2, 1], as: .yolo, height: 9, width: 9) }
        #expect(throws: FormatError.self) { try BoundingBox([1, 1, -3, 2], as: .coco, height: 9, width: 9) }
        #expect(error(ImageTargets(), .digits) == "none")
    }

    @Test("The images are those that the policy makes without targets")
    func images() throws {
        let images = someImages(5, height: 20, width: 30, channels: 3)
        let raw = RawBatch(images: images, seed: 8, epoch: 2)
        let targets = [ImageTargets](repeating: ImageTargets(), count: 5)
        #expect(
            try AugmentationPolicy.natural.apply(to: raw, targets: targets).images.pixels
                == AugmentationPolicy.natural.images(raw).pixels)
    }
}
