import Foundation
import Retort

/// Annotations of images in files.
protocol TargetFiles: Sendable {
    /// What messages call them.
    var name: String { get }
    /// What an image has one of in them.
    static var unit: String { get }

    /// What there should be for an image.
    func wanted(for path: String) -> String

    /// The targets of an image, in pixels of the extents that it has.
    ///
    /// - Parameter path: of the image in its folder, without the ending.
    /// - Returns: nil where nothing is known of it.
    /// - Throws: `FormatError` with the file and the place.
    func targets(of path: String, height: Int, width: Int) throws -> ImageTargets?
}

extension TargetFiles {
    /// The targets of images.
    ///
    /// - Parameters:
    ///   - paths: of the images in their folder, without the ending.
    ///   - height: that the images were brought to, as width.
    /// - Throws: `FormatError` with the file and the place, and where nothing is known of any.
    func targets(of paths: [String], height: Int, width: Int) throws -> [ImageTargets] {
        let found = try paths.map { try targets(of: $0, height: height, width: width) }
        try check(zip(paths, found).filter { $0.1 == nil }.map(\.0), of: paths.count)
        return found.map { $0 ?? ImageTargets() }
    }

    /// Says of which images nothing is known.
    ///
    /// - Parameters:
    ///   - bare: their paths.
    ///   - count: of all images.
    /// - Throws: `FormatError` where nothing is known of any.
    func check(_ bare: [String], of count: Int) throws {
        guard let first = bare.first else { return }
        guard bare.count < count else {
            throw FormatError(
                file: name, found: "nothing for the \(count.counted("image"))",
                expected: "\(wanted(for: first)), or others like it")
        }
        StandardStream.say(
            "\(name): no \(Self.unit) for \(bare.count) of the \(count.counted("image")), such as \(wanted(for: first))"
        )
    }
}

/// Annotations in a file as COCO has them.
struct COCOTargets: TargetFiles {
    let file: COCOFile
    let name: String
    private let hasMaps: Bool
    static let unit = "entry"

    /// Opens a file, and says what is left out of it.
    ///
    /// - Parameter maps: whether its segmentations become label maps.
    init(_ path: String, maps: Bool) throws {
        (file, name, hasMaps) = (try COCOFile(URL(fileURLWithPath: path)), path, maps)
        for line in file.remarks { StandardStream.say(line) }
    }

    func wanted(for path: String) -> String { "an image with the file_name \(path).jpg or .png" }

    func targets(of path: String, height: Int, width: Int) throws -> ImageTargets? {
        try file.place(of: path).map { place in
            var targets = try file.targets(of: place, height: height, width: width)
            if hasMaps { targets.mask = try file.labelMap(of: place, height: height, width: width) }
            return targets
        }
    }
}
