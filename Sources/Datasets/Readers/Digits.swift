import Foundation
import TensorCore

/// Handwritten digits that come with the library: 9,000 images of MNIST, 28 × 28, one channel, class-balanced.
///
/// Where they come from and their licence (CC BY-SA 3.0) is in `PROVENANCE.md` beside them.
public struct Digits: Sendable {
    /// 6,000 images, 600 a class; sample ids 0 ..< 6,000.
    public let train: ImageSet
    /// 1,000 images, 100 a class; sample ids 6,000 ..< 7,000.
    public let validation: ImageSet
    /// 2,000 images, 200 a class, by other writers; sample ids 7,000 ..< 9,000.
    public let test: ImageSet

    /// Names of the ten classes.
    public static let classNames = (0...9).map(String.init)

    /// Reads the embedded images.
    ///
    /// - Throws: `FormatError` when the resources are not beside the executable (it was moved without them) or are
    ///   damaged.
    public static func embedded() throws -> Digits { try Digits(folder: try EmbeddedResources.folder("Digits")) }

    init(folder: URL) throws {
        func read(_ part: String, firstID: Int) throws -> ImageSet {
            try IDX.read(
                images: folder.appendingPathComponent("\(part)-images-idx3-ubyte.gz"),
                labels: folder.appendingPathComponent("\(part)-labels-idx1-ubyte.gz"), classNames: Self.classNames,
                firstID: firstID)
        }
        train = try read("train", firstID: 0)
        validation = try read("validation", firstID: train.count)
        test = try read("test", firstID: train.count + validation.count)
    }
}
