import Datasets
import Foundation
import Synchronization
import TensorCore

/// A folder of images as a data set: each subfolder is a class, and the files in it are its images.
public enum ImageFolder {
    /// Reads every image and brings it to one size.
    ///
    /// Classes are the subfolders and images the files in them, both in the order of their names' bytes; hidden ones do
    /// not count, nor do files beside the subfolders. Images are converted to the wanted channels and then resized,
    /// without keeping their sides' ratio. The result is the same for any number of threads.
    ///
    /// - Returns: [N, height, width, channels], sample ids from 0.
    /// - Throws: `FormatError` for the first file that is no intact PNG or JPEG, for a class without images, and for a
    ///   folder without classes.
    public static func read(_ url: URL, height: Int, width: Int, channels: Int) throws -> ImageSet {
        let (images, skipped) = try readSkipping(url, height: height, width: width, channels: channels)
        if let first = skipped.first { throw first }
        return images
    }

    /// As ``read(_:height:width:channels:)``, but without the files that cannot be read.
    ///
    /// - Returns: the images, with ids from 0, and for each file left out, in the order of the files, why.
    /// - Throws: `FormatError` for a class without images, also if none of its files can be read, and for a folder
    ///   without classes.
    public static func readSkipping(
        _ url: URL, height: Int, width: Int, channels: Int
    ) throws -> (images: ImageSet, skipped: [FormatError]) {
        let classes = try FolderListing(url).folders
        guard !classes.isEmpty else {
            throw FormatError(file: url.relativePath, found: "no subfolder", expected: "one of images for each class")
        }
        var files: [URL] = []
        var labels: [Int] = []
        for (label, folder) in classes.enumerated() {
            let found = try FolderListing(folder).files
            guard !found.isEmpty else {
                throw FormatError(file: folder.relativePath, found: "no file", expected: "PNG or JPEG images")
            }
            files += found
            labels += [Int](repeating: label, count: found.count)
        }
        let (pixels, failures) = pixels(of: files, height: height, width: width, channels: channels)
        let skipped = try failures.sorted { $0.key < $1.key }.map { place, error in
            // Another error than one of a file's content speaks of the machine, and is no reason to go on.
            guard let error = error as? FormatError else { throw error }
            return error
        }
        let all = ImageSet(
            pixels: pixels, height: height, width: width, channels: channels, labels: labels,
            classNames: classes.map(\.lastPathComponent))
        guard !skipped.isEmpty else { return (all, []) }
        let rest = all.subset(labels.indices.filter { failures[$0] == nil })
        if let empty = rest.placesByClass.firstIndex(where: \.isEmpty), let place = labels.firstIndex(of: empty),
            let error = failures[place]
        {
            throw error
        }
        return (
            ImageSet(
                pixels: rest.pixels, height: height, width: width, channels: channels, labels: rest.labels,
                classNames: rest.classNames), skipped
        )
    }

    /// The pixels of all files, zeros where one cannot be read, and by place the errors.
    private static func pixels(
        of files: [URL], height: Int, width: Int, channels: Int
    ) -> (pixels: [UInt8], failures: [Int: any Error]) {
        let size = height * width * channels
        let failures = Mutex<[Int: any Error]>([:])
        let pixels = [UInt8](unsafeUninitializedCapacity: files.count * size) { buffer, initialized in
            // Each piece writes the bytes of its own image.
            nonisolated(unsafe) let buffer = buffer
            Parallel.forEach(files.count) { place in
                let target = UnsafeMutableBufferPointer(rebasing: buffer[place * size..<(place + 1) * size])
                do {
                    let image = try ImageFile.read(files[place]).converted(toChannels: channels)
                        .resized(height: height, width: width)
                    _ = target.initialize(from: image.pixels)
                } catch {
                    target.initialize(repeating: 0)
                    failures.withLock { $0[place] = error }
                }
            }
            initialized = files.count * size
        }
        return (pixels, failures.withLock { $0 })
    }
}
