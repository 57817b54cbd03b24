import Datasets
import Foundation
import TensorCore

/// Images in files' formats as a source: a folder with a subfolder for each class, or such a folder packed into a file.
///
/// Images are decoded when a step needs them, in threads, and those that fit into a budget of memory stay decoded. A
/// large one is decoded at a half, a quarter or an eighth of its size, the smallest at which each side has twice the
/// pixels that a network reads: a crop still reads all the pixels that it shows.
///
///     let images = try EncodedImages(folder: folder, size: ImageSize(height: 32, width: 32, channels: 3))
public struct EncodedImages: ImageSource {
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
    public init(folder url: URL, size: ImageSize, memory: Int? = nil) throws {
        self = try OpenedImages(
            folder: FilePath(url), size: size, memory: memory ?? MachineMemory.available / 4, isSkipping: false
        ).images
    }

    init(_ index: ImageIndex, _ size: ImageSize, _ store: PictureStore, files: [Int]) {
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

    /// The same images for a network that reads them at another size, of as many channels. They are decoded for the
    /// size at which they were opened.
    func read(at size: ImageSize) -> EncodedImages { EncodedImages(index, size, store, files: files) }

    /// The sizes of the files.
    public var contentSample: [UInt64] { files.map { UInt64(store.byteCounts[$0]) } }

    /// Bytes of the images that stay decoded.
    var keptBytes: Int { store.keptBytes }

    public func subset(_ places: [Int]) -> EncodedImages {
        EncodedImages(index.subset(places), size, store, files: places.map { files[$0] })
    }

    public func replacing(_ index: ImageIndex) -> EncodedImages { EncodedImages(index, size, store, files: files) }
}
