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
    public let size: ImageSize
    private let store: PictureStore
    /// By place, the number of the file in the store.
    private let files: [Int]
    /// The files that turned out bad since they were opened; nil where one that does is an error.
    private let losses: LostFiles?

    /// Opens a folder.
    ///
    /// Classes are the subfolders and images the files in them, at any depth, both in the order of their names' bytes;
    /// links are followed. Hidden ones do not count, nor do files beside the subfolders that are no images. Each file's
    /// first bytes are looked at, and as many are decoded as memory is given for. The result is the same for any number
    /// of threads. Sample ids count from 0, and identities are of the classes' and files' names.
    ///
    /// - Parameters:
    ///   - size: at which a network reads the images, and whether their aspect is kept; images are converted to its
    ///     channels.
    ///   - memory: bytes for images that stay decoded; a quarter of what the machine has available when omitted.
    /// - Throws: `FormatError` for the first file that is no intact PNG or JPEG among those that are looked at, for an
    ///   entry that is neither a file nor a folder or not where it should be, for a class without images, and for a
    ///   folder without classes; `MachineError` where the machine cannot read a file.
    public init(folder url: URL, size: ImageSize, memory: Int? = nil) throws {
        self = try OpenedImages(
            .folders(FilePath(url)), size: size, memory: memory ?? PictureStore.usualMemory, losses: nil
        ).images
    }

    init(_ index: ImageIndex, _ size: ImageSize, _ store: PictureStore, files: [Int], losses: LostFiles?) {
        (self.index, self.store, self.files, self.losses) = (index, store, files, losses)
        self.size = size
    }

    public var height: Int { size.height }
    public var width: Int { size.width }
    public var channels: Int { size.channels }

    /// Reads images; where files that turn out bad are left out, another of the same class takes the place of each.
    public func images(at places: ArraySlice<Int>) throws -> RaggedImages {
        // What they are brought to is taken without a question.
        try MachineMemory.require(
            product: [places.count, height, width, channels], for: "\(places.count.counted("image")) of \(size)")
        let (images, places) = try read(Array(places))
        return RaggedImages(
            images.map { $0.pixels[...] }, heights: images.map(\.height), widths: images.map(\.width), size: size,
            index: index.subset(places))
    }

    /// The same images for a network that reads them at another size, of as many channels. They are decoded for the
    /// size at which they were opened.
    func read(at size: ImageSize) -> EncodedImages { EncodedImages(index, size, store, files: files, losses: losses) }

    /// The images at places, or at others of the same classes instead of those whose files are lost.
    private func read(_ places: [Int]) throws -> (images: [DecodedImage], places: [Int]) {
        guard let losses else {
            let found = store.images(places.map { files[$0] }).map { result in
                result.mapError { ($0 as? FormatError)?.advising(OpenedImages.skipping) ?? $0 }
            }
            return (try found.map { try $0.get() }, places)
        }
        var places = places
        while true {
            places = try places.map { try substitute(for: $0, losses) }
            let found = store.images(places.map { files[$0] })
            var isWhole = true
            for case (let place, .failure(let error)) in zip(places, found) {
                guard let error = error as? FormatError else { throw error }
                losses.add(files[place], error)
                isWhole = false
            }
            if isWhole { return (try found.map { try $0.get() }, places) }
        }
    }

    /// The place itself, or the next one of its class where its file is lost.
    private func substitute(for place: Int, _ losses: LostFiles) throws -> Int {
        guard let error = losses[files[place]] else { return place }
        let others = (place + 1..<place + count).lazy.map { $0 % count }
        guard let other = others.first(where: { labels[$0] == labels[place] && losses[files[$0]] == nil }) else {
            throw FormatError(
                file: error.file, problem: "no other image of its class is left, and this one is bad: \(error.problem)")
        }
        return other
    }

    /// The sizes of the files, and whether they are padded.
    public var contentSample: [UInt64] {
        files.map { UInt64(store.byteCounts[$0]) } + (size.keepsAspect ? [UInt64(ImageSize.padding)] : [])
    }

    /// The names of the files that turned out bad since they were opened.
    public var lostFiles: [String] { losses?.numbers.map(store.name(of:)) ?? [] }

    /// Bytes of the images that stay decoded.
    var keptBytes: Int { store.keptBytes }

    public func subset(_ places: [Int]) -> EncodedImages {
        EncodedImages(index.subset(places), size, store, files: places.map { files[$0] }, losses: losses)
    }

    public func replacing(_ index: ImageIndex) -> EncodedImages {
        EncodedImages(index, size, store, files: files, losses: losses)
    }
}
