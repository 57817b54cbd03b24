import Foundation
import TensorCore

/// What is known of places in an image: boxes around things, points on them, a label for each pixel.
public struct ImageTargets: Sendable, Hashable {
    /// Boxes around things.
    public var boxes: [BoundingBox]
    /// Points.
    public var keypoints: [Keypoint]
    /// A label for each pixel, one byte, [height, width]; nil where there is no such map. Pixels that an operation
    /// uncovers get 0, or ``TargetRules/mapFill``.
    public var mask: [UInt8]?

    /// Creates targets.
    public init(boxes: [BoundingBox] = [], keypoints: [Keypoint] = [], mask: [UInt8]? = nil) {
        self.boxes = boxes
        self.keypoints = keypoints
        self.mask = mask
    }
}

/// A point of an image, in pixels from its upper left corner: the first pixel's centre is (0.5, 0.5).
public struct Keypoint: Sendable, Hashable {
    /// To the right and downwards.
    public var x, y: Double
    /// What it is a point of.
    public var label: Int
    /// Whether it lies inside the image. Points that augmentation moved out keep their place in the list.
    public var isVisible: Bool

    /// Creates a point.
    public init(x: Double, y: Double, label: Int = 0, isVisible: Bool = true) {
        self.x = x
        self.y = y
        self.label = label
        self.isVisible = isVisible
    }
}

/// How data sets write boxes.
public enum BoxConvention: String, Sendable, Hashable, Codable, CaseIterable {
    /// Left, top, width and height in pixels.
    case coco
    /// Left, top, right and bottom in pixels, of edges from 0 on, as peers' `pascal_voc`. The files of PASCAL VOC
    /// itself count pixels from 1 and include the last: subtract 1 from left and top.
    case voc
    /// Centre's x and y, width and height, as shares of the image's sides.
    case yolo
}

/// A rectangle around a thing, in pixels from the image's upper left corner: edges, not pixel numbers, so that the
/// first pixel alone is 0, 0, 1, 1.
public struct BoundingBox: Sendable, Hashable {
    /// Its edges.
    public var left, top, right, bottom: Double
    /// What it is around.
    public var label: Int

    /// Creates a box.
    public init(left: Double, top: Double, right: Double, bottom: Double, label: Int = 0) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
        self.label = label
    }

    /// Reads a box as a data set writes it.
    ///
    /// - Parameters:
    ///   - numbers: four, in the order of the convention.
    ///   - height: of the image, as width.
    ///   - digit: one unit of the last digit that the numbers were written with, or 0 where that is not known.
    ///   - file: the name that errors give, with the place.
    /// - Throws: `FormatError` for other than four numbers, for one that is not finite, for a box without area, and for
    ///   one that lies outside the image by more than such a unit and 10⁻⁶ of a side. Less is cut off.
    public init(
        _ numbers: [Double], as convention: BoxConvention, label: Int = 0, height: Int, width: Int,
        roundedTo digit: Double = 0, file: String = "targets", place: String = "box"
    ) throws {
        guard numbers.count == 4 else {
            throw FormatError(file: file, place: place, found: numbers.count.counted("number"), expected: "4")
        }
        let (a, b, c, d) = (numbers[0], numbers[1], numbers[2], numbers[3])
        switch convention {
        case .coco: self.init(left: a, top: b, right: a + c, bottom: b + d, label: label)
        case .voc: self.init(left: a, top: b, right: c, bottom: d, label: label)
        case .yolo:
            let (w, h) = (Double(width), Double(height))
            self.init(
                left: (a - c / 2) * w, top: (b - d / 2) * h, right: (a + c / 2) * w, bottom: (b + d / 2) * h,
                label: label)
        }
        guard convention != .yolo || numbers.allSatisfy({ abs($0) <= 2 }) else {
            throw FormatError(
                file: file, place: place, found: "\(numbers.map(\.text).joined(separator: " ")) (pixels?)",
                expected: "a box's centre, width and height as shares of the image's sides, from 0 to 1")
        }
        let unit = convention == .yolo ? (x: digit * Double(width), y: digit * Double(height)) : (digit, digit)
        let whole = self
        self = clipped(height: height, width: width)
        guard
            let mismatch = whole.mismatch(height: height, width: width, slack: unit)
                ?? mismatch(height: height, width: width)
        else { return }
        let written = numbers.map(\.text).joined(separator: " ")
        throw FormatError(
            file: file, place: place, found: "\(mismatch.found) of \(written)", expected: mismatch.expected)
    }

    /// The box as a data set writes it.
    public func numbers(as convention: BoxConvention, height: Int, width: Int) -> [Double] {
        switch convention {
        case .coco: return [left, top, right - left, bottom - top]
        case .voc: return [left, top, right, bottom]
        case .yolo:
            let (w, h) = (Double(width), Double(height))
            return [(left + right) / 2 / w, (top + bottom) / 2 / h, (right - left) / w, (bottom - top) / h]
        }
    }

    /// Square pixels.
    public var area: Double { max(right - left, 0) * max(bottom - top, 0) }

    func clipped(height: Int, width: Int) -> BoundingBox {
        func cut(_ value: Double, _ limit: Int) -> Double { min(max(value, 0), Double(limit)) }
        return BoundingBox(
            left: cut(left, width), top: cut(top, height), right: cut(right, width), bottom: cut(bottom, height),
            label: label)
    }

    /// What is wrong with the box of an image of that size.
    ///
    /// - Parameter slack: pixels by which it may lie outside, to each side, beyond 10⁻⁶ of the side.
    func mismatch(height: Int, width: Int, slack: (x: Double, y: Double) = (0, 0)) -> Mismatch? {
        // As many digits as tell one rounding from another.
        let text = [left, top, right, bottom].map { String(format: "%.6g", $0) }.joined(separator: ", ")
        let (slackX, slackY) = (Double(width) * 1e-6 + slack.x, Double(height) * 1e-6 + slack.y)
        guard [left, top, right, bottom].allSatisfy(\.isFinite) else {
            return Mismatch(found: text, expected: "finite numbers")
        }
        guard right > left && bottom > top else {
            return Mismatch(found: "edges \(text)", expected: "a box with area, left < right and top < bottom")
        }
        guard left >= -slackX && top >= -slackY && right <= Double(width) + slackX && bottom <= Double(height) + slackY
        else { return Mismatch(found: "edges \(text)", expected: "a box inside \(width)×\(height) pixels") }
        return nil
    }
}
