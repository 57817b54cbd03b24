import Foundation
import TensorCore

extension ImageTargets {
    /// Reads the boxes and points of one image as YOLO's label files have them, a line for each thing: class, then the
    /// box's centre x, y, width and height as shares of the sides, then for each point x, y and visibility (0 not
    /// labelled, 1 hidden, 2 seen).
    ///
    /// - Parameters:
    ///   - text: the content of the file.
    ///   - height: of the image in pixels, as width.
    ///   - file: what errors call it.
    /// - Throws: `FormatError` with the file and the line.
    public init(yolo text: String, height: Int, width: Int, file: String) throws {
        self.init()
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            try add(line, at: (file, "line \(number + 1)"), height: height, width: width)
        }
    }

    /// Adds what a line says.
    private mutating func add(
        _ line: Substring, at location: (file: String, place: String), height: Int, width: Int
    ) throws {
        func error(_ found: String, _ expected: String) -> FormatError {
            FormatError(file: location.file, place: location.place, found: found, expected: expected)
        }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count >= 5, (words.count - 5) % 3 == 0 else {
            throw error(
                words.count.counted("number"),
                "class, x, y, width and height, then x, y and visibility for each point")
        }
        guard let label = Int(words[0]), label >= 0 else {
            throw error("'\(words[0].prefix(20))'", "the number of a class, 0 or more")
        }
        let numbers = try words.dropFirst().map { word in
            guard let number = Double(word), number.isFinite else {
                throw error("'\(word.prefix(20))'", "a finite number")
            }
            return number
        }
        boxes.append(
            try BoundingBox(
                Array(numbers.prefix(4)), as: .yolo, label: label, height: height, width: width,
                roundedTo: Self.lastDigit(of: words[1...4]), file: location.file, place: location.place))
        for start in stride(from: 4, to: numbers.count, by: 3) {
            // Rounding may have moved it out by a unit of the last digit.
            let digit = Self.lastDigit(of: words[(start + 1)...(start + 2)])
            let frame = -digit...1 + digit
            guard frame.contains(numbers[start]), frame.contains(numbers[start + 1]) else {
                throw error("a point at \(numbers[start]), \(numbers[start + 1])", "0 to 1")
            }
            let (x, y, visibility) = (numbers[start].inFrame, numbers[start + 1].inFrame, numbers[start + 2])
            guard [0, 1, 2].contains(visibility) else { throw error("visibility \(visibility)", "0, 1 or 2") }
            keypoints.append(
                Keypoint(
                    x: x * Double(width), y: y * Double(height), label: (start - 4) / 3, isVisible: visibility > 0))
        }
    }

    /// One unit of the last digit of the number that was written with most of them, as writers leave out zeros; 0 for
    /// whole numbers, which nobody rounds to.
    static func lastDigit(of words: ArraySlice<Substring>) -> Double {
        let digits = words.map { word in
            let parts = word.lowercased().split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
            let fraction = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).dropFirst()
            let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            return (fraction.first?.count ?? 0) - min(max(exponent, -400), 400)
        }
        let most = digits.max() ?? 0
        return most > 0 ? pow(10, -Double(most)) : 0
    }
}

extension TargetedImages {
    /// The boxes of an image, and their points, as a YOLO label file has them: a line for each box that is left. A
    /// point that lies outside, or was not labelled, has visibility 0; others have 2. Points of a box are in the order
    /// of their labels.
    ///
    /// - Parameters:
    ///   - place: of the image.
    ///   - original: what was given for it: of each box as many points, box by box.
    /// - Throws: `FormatError` where it cannot be said which points are whose: of other numbers of points, and of
    ///   images that others with points were pasted into.
    public func yoloLabels(of place: Int, from original: ImageTargets) throws(FormatError) -> String {
        let each = original.boxes.isEmpty ? 0 : original.keypoints.count / original.boxes.count
        let counts = [Int](repeating: each, count: original.boxes.count)
        return try pointsByBox(of: place, from: original, counts: counts).map { box, points in
            let edges = box.numbers(as: .yolo, height: images.height, width: images.width)
            let numbers = points.map { point in
                let share = (point.x / Double(images.width), point.y / Double(images.height))
                return point.isVisible ? String(format: "%.6f %.6f 2", share.0, share.1) : "0.000000 0.000000 0"
            }
            let words = ["\(box.label)"] + edges.map { String(format: "%.6f", $0) } + numbers
            return words.joined(separator: " ") + "\n"
        }.joined()
    }
}

extension Double {
    /// The nearest share of a side.
    fileprivate var inFrame: Double { min(max(self, 0), 1) }
}
