import Foundation
import Retort

/// Annotations of a folder of images, in a folder that has its structure. For the image `CLASS/NAME.jpg` there may be
/// `CLASS/NAME.txt`, boxes and points as YOLO has them, and `CLASS/NAME.png`, grey, of any size: a label for each
/// pixel, 0 for none.
struct TargetFolder: TargetFiles {
    private let folder: URL

    /// - Throws: `FormatError` where there is no such folder.
    init(_ path: String) throws {
        folder = URL(fileURLWithPath: path, isDirectory: true)
        _ = try FolderListing(folder)
    }

    static let unit = "file"

    var name: String { folder.relativePath }

    func wanted(for path: String) -> String { "\(path).txt or .png" }

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
