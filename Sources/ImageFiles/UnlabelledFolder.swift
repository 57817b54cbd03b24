import Datasets
import Foundation
import TensorCore

/// A folder of images without classes: PNG or JPEG files that lie directly in it, as detection data have them.
public struct UnlabelledFolder: Sendable {
    /// The images, in the order of their names' bytes, without labels.
    public let images: EncodedImages
    /// Names of the images' files, by sample id.
    public let names: [String]
    /// Lines on what is left out.
    public let remarks: [String]

    /// Whether a folder has no folders in it, no table and no archive, but an image.
    public static func isOne(_ url: URL) -> Bool {
        guard let listing = try? FolderListing(FilePath(url)), listing.folders.isEmpty,
            !listing.files.contains(where: { $0.name == ImageTable.name || $0.name.lowercased().hasSuffix(".tar") })
        else { return false }
        return listing.files.contains { (try? DataLayout.kind(of: $0))??.isImage == true }
    }

    /// Opens a folder. Text files, such as labels that lie beside their images, are passed over.
    ///
    /// - Parameters:
    ///   - size: at which a network reads the images, see ``EncodedImages``.
    ///   - memory: bytes for images that stay decoded; a quarter of what the machine has available when omitted.
    /// - Throws: `FormatError` for a folder without images, and for the first file that is no intact PNG or JPEG and no
    ///   text; `MachineError` where the machine cannot read a file.
    public init(_ url: URL, size: ImageSize, memory: Int? = nil) throws {
        let path = FilePath(url)
        let listing = try FolderListing(path)
        let files = try listing.files.filter { try DataLayout.kind(of: $0) != .text }
        guard !files.isEmpty else {
            throw FormatError(file: "\(path)", found: "no image", expected: "PNG or JPEG files")
        }
        let (store, findings) = try PictureStore.open(
            SeparateFiles(paths: files.map(\.path)), for: size, memory: memory ?? PictureStore.usualMemory,
            checkingAll: false)
        if let first = findings.failures.min(by: { $0.key < $1.key }) { throw first.value }
        names = files.map(\.name)
        images = EncodedImages(
            ImageIndex(
                labels: [Int?](repeating: nil, count: files.count), classNames: [],
                identities: files.map { ImageIndex.identity(ofClass: "", file: $0.key) }), size, store,
            files: Array(files.indices), losses: nil)
        let others = listing.files.count - files.count
        remarks = others > 0 ? ["\(path): \(others.counted("text file")) beside the images: no image, not read"] : []
    }
}
