import Datasets
import Foundation
import Synchronization
import TensorCore

/// A folder of images as a data set: each subfolder is a class, and the files in it are its images.
public enum ImageFolder {
    /// Reads every image and brings it to one size.
    ///
    /// Classes are the subfolders and images the files in them, both in the order of their names' bytes; hidden ones do
    /// not count, nor do files beside the subfolders that are no images. Images are converted to the wanted channels
    /// and then resized, without keeping their sides' ratio. The result is the same for any number of threads.
    ///
    /// - Returns: [N, height, width, channels], sample ids from 0, with identities of the classes' and files' names.
    /// - Throws: `FormatError` for the first file that is no intact PNG or JPEG, for an entry that is neither a file
    ///   nor a folder or not where it should be, for a class without images, and for a folder without classes;
    ///   `MachineError` where the machine cannot read a file or has no memory for the images.
    public static func read(_ url: URL, height: Int, width: Int, channels: Int) throws -> ImageSet {
        try load(FilePath(url), size: ImageSize(height: height, width: width, channels: channels), isSkipping: false)
            .images
    }

    /// As ``read(_:height:width:channels:)``, but without the files that cannot be read.
    ///
    /// - Returns: the images, with ids from 0, and for each file left out, in the order of the files, why.
    /// - Throws: `FormatError` for a class without images, also if none of its files can be read, and for a folder
    ///   without classes; `MachineError` as `read`.
    public static func readSkipping(
        _ url: URL, height: Int, width: Int, channels: Int
    ) throws -> (images: ImageSet, skipped: [FormatError]) {
        let loaded = try load(
            FilePath(url), size: ImageSize(height: height, width: width, channels: channels), isSkipping: true)
        return (loaded.images, loaded.errors.map(\.error))
    }

    /// What was read of a folder.
    struct Loaded {
        let images: ImageSet
        let errors: [(className: String?, error: FormatError)]
        let folders: ClassFolders
        /// What there is to say of the images.
        let remarks: [String]
    }

    static func load(_ path: FilePath, size: ImageSize, isSkipping: Bool) throws -> Loaded {
        let folders = try ClassFolders(path)
        if !isSkipping, let first = folders.faults.first { throw first.error }
        let (pixels, failures, deepest) = try pixels(of: folders.files.map(\.entry.path), size: size, "\(path)")
        let bad = failures.sorted { $0.key < $1.key }
        if !isSkipping, let first = bad.first { throw first.value }
        let errors =
            folders.faults + bad.map { (folders.names[folders.files[$0.key].label], $0.value) }
        let kept = folders.files.indices.filter { failures[$0] == nil }
        let present = Set(kept.map { folders.files[$0].label })
        for (label, name) in folders.names.enumerated() where !present.contains(label) {
            throw errors.first { $0.className == name }?.error
                ?? FormatError(file: "\(path)", found: "no image of \(name)", expected: "1 or more")
        }
        let files = kept.map { folders.files[$0] }
        let images = ImageSet(
            pixels: kept.count == folders.files.count ? pixels : rows(kept, of: pixels, size),
            height: size.height, width: size.width, channels: size.channels, labels: files.map(\.label),
            classNames: folders.names,
            identities: files.map { ImageIndex.identity(ofClass: folders.names[$0.label], file: $0.entry.key) })
        // Sensors of 12 bits in files of 16: all is nearly black, and most of what tells images apart is lost.
        let dark = deepest.flatMap { largest in
            largest < 64
                ? "\(path): images of 16 bits use less than a quarter of their range (\(largest) of 255 at most); "
                    + "is sBIT missing in them?" : nil
        }
        return Loaded(
            images: images, errors: errors, folders: folders, remarks: [folders.remark, dark].compactMap { $0 })
    }

    private static func rows(_ kept: [Int], of pixels: [UInt8], _ size: ImageSize) -> [UInt8] {
        let count = size.height * size.width * size.channels
        return kept.flatMap { pixels[$0 * count..<($0 + 1) * count] }
    }

    /// The pixels of all files, zeros where one cannot be read, by place the errors, and the largest byte of files of
    /// 16 bits a sample.
    private static func pixels(
        of files: [FilePath], size: ImageSize, _ name: String
    ) throws -> (pixels: [UInt8], failures: [Int: FormatError], deepest: UInt8?) {
        let count = size.height * size.width * size.channels
        // Twice: what is held out of them is copied.
        try MachineMemory.require(
            product: [2, files.count, size.height, size.width, size.channels],
            for: "\(name): \(files.count.counted("image")) of \(size)")
        let state = Mutex<(failures: [Int: FormatError], fault: (any Error)?, deepest: UInt8?)>(([:], nil, nil))
        let pixels = [UInt8](unsafeUninitializedCapacity: files.count * count) { buffer, initialized in
            // Each piece writes the bytes of its own image.
            nonisolated(unsafe) let buffer = buffer
            Parallel.forEach(files.count) { place in
                let target = UnsafeMutableBufferPointer(rebasing: buffer[place * count..<(place + 1) * count])
                do {
                    // Another error than one of a file's content speaks of the machine, and is no reason to go on.
                    if let fault = state.withLock({ $0.fault }) { throw fault }
                    let picture = try ImageFile.picture(files[place])
                    let image = try picture.read(as: size)
                    _ = target.initialize(from: image.pixels)
                    if picture.isDeep {
                        let largest = image.pixels.max() ?? 0
                        state.withLock { $0.deepest = max($0.deepest ?? 0, largest) }
                    }
                } catch {
                    target.initialize(repeating: 0)
                    state.withLock {
                        if let error = error as? FormatError { $0.failures[place] = error } else { $0.fault = error }
                    }
                }
            }
            initialized = files.count * count
        }
        let (failures, fault, deepest) = state.withLock { $0 }
        if let fault { throw fault }
        return (pixels, failures, deepest)
    }
}
