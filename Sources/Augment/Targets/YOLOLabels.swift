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
                words.count == 1 ? "1 number" : "\(words.count) numbers",
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
                Array(numbers.prefix(4)), as: .yolo, label: label, height: height, width: width, file: location.file,
                place: location.place))
        for start in stride(from: 4, to: numbers.count, by: 3) {
            let (x, y, visibility) = (numbers[start], numbers[start + 1], numbers[start + 2])
            guard (0...1).contains(x), (0...1).contains(y) else { throw error("a point at \(x), \(y)", "0 to 1") }
            guard [0, 1, 2].contains(visibility) else { throw error("visibility \(visibility)", "0, 1 or 2") }
            keypoints.append(
                Keypoint(
                    x: x * Double(width), y: y * Double(height), label: (start - 4) / 3, isVisible: visibility > 0))
        }
    }
}
