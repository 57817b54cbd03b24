import Datasets
import Foundation
import TensorCore

/// A folder of images as a source: each subfolder is a class, and the files in it are its images.
///
/// Images are decoded when a step needs them, in threads, and those that fit into a budget of memory stay decoded. A
/// large one is decoded at a half, a quarter or an eighth of its size, the smallest at which each side has twice the
/// pixels that a network reads: a crop still reads all the pixels that it shows.
///
///     let images = try ImageFolder(folder, size: ImageSize(height: 32, width: 32, channels: 3))
public struct ImageFolder: ImageSource {
    public typealias Failure = any Error

    public let index: ImageIndex
    public let height: Int
    public let width: Int
    public let channels: Int
    private let store: PictureStore
    /// By place, the number of the file in the store.
    private let files: [Int]

    /// Opens a folder.
    ///
    /// Classes are the subfolders and images the files in them, both in the order of their names' bytes; hidden ones do
    /// not count, nor do files beside the subfolders that are no images. Each file's first bytes are looked at, and as
    /// many are decoded as memory is given for. The result is the same for any number of threads. Sample ids count from
    /// 0, and identities are of the classes' and files' names.
    ///
    /// - Parameters:
    ///   - size: at which a network reads the images, whose sides' ratio is not kept; images are converted to its
    ///     channels.
    ///   - memory: bytes for images that stay decoded; a quarter of what the machine has available when omitted.
    /// - Throws: `FormatError` for the first file that is no intact PNG or JPEG among those that are looked at, for an
    ///   entry that is neither a file nor a folder or not where it should be, for a class without images, and for a
    ///   folder without classes; `MachineError` where the machine cannot read a file.
    public init(_ url: URL, size: ImageSize, memory: Int? = nil) throws {
        self = try Self.open(FilePath(url), size: size, memory: memory, isSkipping: false).images
    }

    private init(_ index: ImageIndex, _ size: ImageSize, _ store: PictureStore, files: [Int]) {
        (self.index, self.store, self.files) = (index, store, files)
        (height, width, channels) = (size.height, size.width, size.channels)
    }

    public func images(at places: ArraySlice<Int>) throws -> RaggedImages {
        // What they are brought to is taken without a question.
        try MachineMemory.require(
            product: [places.count, height, width, channels], for: "\(places.count.counted("image")) of \(size)")
        let images = try store.images(places.map { files[$0] })
        var pixels: [UInt8] = []
        pixels.reserveCapacity(images.reduce(0) { $0 + $1.pixels.count })
        for image in images { pixels += image.pixels }
        return RaggedImages(
            pixels: pixels, heights: images.map(\.height), widths: images.map(\.width), size: size,
            index: index.subset(places))
    }

    /// The sizes of the files.
    public var contentSample: [UInt64] { files.map { UInt64(store.byteCounts[$0]) } }

    /// Bytes of the images that stay decoded.
    var keptBytes: Int { store.keptBytes }

    public func subset(_ places: [Int]) -> ImageFolder {
        ImageFolder(index.subset(places), size, store, files: places.map { files[$0] })
    }

    public func replacing(_ index: ImageIndex) -> ImageFolder { ImageFolder(index, size, store, files: files) }
}

extension ImageFolder {
    /// What was found in a folder.
    struct Opened {
        let images: ImageFolder
        let errors: [(className: String?, error: FormatError)]
        let folders: ClassFolders
        /// What there is to say of the images.
        let remarks: [String]
    }

    /// Opens a folder.
    ///
    /// - Parameter isSkipping: whether all files are decoded once, and those that cannot be are left out.
    static func open(_ path: FilePath, size: ImageSize, memory: Int?, isSkipping: Bool) throws -> Opened {
        let folders = try ClassFolders(path)
        if !isSkipping, let first = folders.faults.first { throw first.error }
        let (store, findings) = try PictureStore.open(
            folders.files.map(\.entry.path), for: size, memory: memory ?? MachineMemory.available / 4,
            checkingAll: isSkipping)
        let bad = findings.failures.sorted { $0.key < $1.key }
        if !isSkipping, let first = bad.first { throw first.value }
        let errors =
            folders.faults + bad.map { (folders.names[folders.files[$0.key].label], $0.value) }
        let kept = folders.files.indices.filter { findings.failures[$0] == nil }
        let present = Set(kept.map { folders.files[$0].label })
        for (label, name) in folders.names.enumerated() where !present.contains(label) {
            throw errors.first { $0.className == name }?.error
                ?? FormatError(file: "\(path)", found: "no image of \(name)", expected: "1 or more")
        }
        let files = kept.map { folders.files[$0] }
        let index = ImageIndex(
            labels: files.map(\.label), classNames: folders.names,
            identities: files.map { ImageIndex.identity(ofClass: folders.names[$0.label], file: $0.entry.key) })
        // Sensors of 12 bits in files of 16: all is nearly black, and most of what tells images apart is lost.
        let dark = findings.deepest.flatMap { largest in
            largest < 64
                ? "\(path): images of 16 bits use less than a quarter of their range (\(largest) of 255 at most); "
                    + "is sBIT missing in them?" : nil
        }
        return Opened(
            images: ImageFolder(index, size, store, files: kept), errors: errors, folders: folders,
            remarks: [folders.remark, dark, store.remark(of: kept.count, in: path)].compactMap { $0 })
    }
}
