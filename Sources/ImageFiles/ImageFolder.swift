import Datasets
import Foundation
import Synchronization
import TensorCore

/// A folder of images as a data set: each subfolder is a class, and the files in it are its images.
public enum ImageFolder {
    /// Reads every image and brings it to one size.
    ///
    /// Classes are the subfolders and images the files in them, both in the order of their names' bytes; hidden ones do not
    /// count, nor do files beside the subfolders. Images are converted to the wanted channels and then resized, without
    /// keeping their sides' ratio. The result is the same for any number of threads.
    ///
    /// - Returns: [N, height, width, channels], sample ids from 0.
    /// - Throws: `FormatError` for the first file that is no intact PNG or JPEG, for a class without images, and for a
    ///   folder without classes.
    public static func read(_ url: URL, height: Int, width: Int, channels: Int) throws -> ImageSet {
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
        return ImageSet(
            pixels: try pixels(of: files, height: height, width: width, channels: channels), height: height,
            width: width, channels: channels, labels: labels, classNames: classes.map(\.lastPathComponent))
    }

    private static func pixels(of files: [URL], height: Int, width: Int, channels: Int) throws -> [UInt8] {
        let size = height * width * channels
        let failures = Mutex<[Int: any Error]>([:])
        let pixels = [UInt8](unsafeUninitializedCapacity: files.count * size) { buffer, initialized in
            // Each piece writes the bytes of its own image.
            nonisolated(unsafe) let buffer = buffer
            Parallel.forEach(files.count) { place in
                do {
                    let image = try ImageFile.read(files[place]).converted(toChannels: channels)
                        .resized(height: height, width: width)
                    _ = UnsafeMutableBufferPointer(rebasing: buffer[place * size..<(place + 1) * size])
                        .initialize(from: image.pixels)
                } catch { failures.withLock { $0[place] = error } }
            }
            initialized = failures.withLock(\.isEmpty) ? files.count * size : 0
        }
        if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
        return pixels
    }
}
