import Foundation
import Retort

/// Annotations of a folder of images, in a folder that has its structure. For the image `CLASS/NAME.jpg` there may be
/// `CLASS/NAME.txt`, boxes and points as YOLO has them, and `CLASS/NAME.png`, grey, of any size: a label for each
/// pixel, 0 for none.
struct TargetFolder {
    private let folder: URL

    /// - Throws: `FormatError` where there is no such folder.
    init(_ path: String) throws {
        folder = URL(fileURLWithPath: path, isDirectory: true)
        _ = try FolderListing(folder)
    }

    /// The targets of images.
    ///
    /// - Parameters:
    ///   - paths: of the images in their folder, without the ending.
    ///   - height: that the images were brought to, as width.
    /// - Throws: `FormatError` with the file and the line, and where none of the images has a file.
    func targets(of paths: [String], height: Int, width: Int) throws -> [ImageTargets] {
        let found = try paths.map { try targets(of: $0, height: height, width: width) }
        try check(zip(paths, found).filter { $0.1 == nil }.map(\.0), of: paths.count)
        return found.map { $0 ?? ImageTargets() }
    }

    /// Says which images have no file.
    ///
    /// - Parameters:
    ///   - bare: their paths.
    ///   - count: of all images.
    /// - Throws: `FormatError` where none has one.
    func check(_ bare: [String], of count: Int) throws {
        guard let first = bare.first else { return }
        guard bare.count < count else {
            throw FormatError(
                file: folder.relativePath, found: "nothing for the \(count.counted("image"))",
                expected: "\(first).txt or .png, or others like it")
        }
        StandardStream.say(
            "\(folder.relativePath): no file for \(bare.count) of the \(count.counted("image")), such as \(first).txt "
                + "or .png")
    }

    /// The targets of an image; nil where it has no file.
    ///
    /// - Throws: as ``targets(of:height:width:)-([String],_,_)``.
    func targets(of path: String, height: Int, width: Int) throws -> ImageTargets? {
        let (text, map) = (file("\(path).txt"), file("\(path).png"))
        guard text != nil || map != nil else { return nil }
        var targets =
            try text.map { url in
                try ImageTargets(yolo: TextFile.read(url), height: height, width: width, file: url.relativePath)
            } ?? ImageTargets()
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
