import Foundation
import Retort

/// Annotations of a folder of images, in a folder that has its structure. Beside the image `CLASS/NAME.jpg` stand, where
/// there is something to say,
///
/// - `CLASS/NAME.txt`, a line for each thing, as YOLO has it: class, then the box's centre x, y, width and height as shares
///   of the sides, then for each point x, y and visibility (0 not labelled, 1 hidden, 2 seen);
/// - `CLASS/NAME.png`, grey, of any size: a label for each pixel, 0 for none.
struct TargetFolder {
    let folder: URL

    /// The targets of images.
    ///
    /// - Parameters:
    ///   - paths: of the images in their folder, without the ending.
    ///   - height: that the images were brought to, as width.
    /// - Throws: `FormatError` with the file and the line, and where none of the images has a file.
    func targets(of paths: [String], height: Int, width: Int) throws -> [ImageTargets] {
        let found = try paths.map { try targets(of: $0, height: height, width: width) }
        guard found.contains(where: { $0 != nil }) else {
            throw FormatError(
                file: folder.relativePath, found: "nothing for the \(paths.count) images shown",
                expected: "\(paths.first ?? "NAME").txt or .png, or others like it")
        }
        return found.map { $0 ?? ImageTargets() }
    }

    private func targets(of path: String, height: Int, width: Int) throws -> ImageTargets? {
        let (text, map) = (file("\(path).txt"), file("\(path).png"))
        guard text != nil || map != nil else { return nil }
        var targets = ImageTargets()
        if let text {
            let lines = String(decoding: try InputFile.read(text), as: UTF8.self)
                .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
                let place = (file: text.relativePath, place: "line \(number + 1)")
                try targets.add(line, at: place, height: height, width: width)
            }
        }
        if let map {
            let labels = try PNGFile.read(map)
            guard labels.channels == 1 else {
                throw FormatError(
                    file: map.relativePath, found: "\(labels.channels) channels",
                    expected: "a grey image, a label for each pixel")
            }
            targets.mask =
                ImageSet(
                    pixels: labels.pixels, height: labels.height, width: labels.width, channels: 1, labels: [nil],
                    classNames: []
                ).resized(height: height, width: width, by: .nearest).pixels
        }
        return targets
    }

    private func file(_ path: String) -> URL? {
        let url = folder.appendingPathComponent(path)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}

extension ImageTargets {
    /// Adds what a line of a YOLO file says.
    fileprivate mutating func add(
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
