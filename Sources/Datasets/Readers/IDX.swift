import Foundation
import TensorCore

/// The format of MNIST and its relatives: big-endian header, then unsigned bytes; gzipped or not.
///
/// Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats". Bytes 0
/// and 1 are zero, byte 2 is the type (0x08: unsigned byte), byte 3 the number of axes; a 32-bit extent follows for
/// each.
public enum IDX {
    /// Images of one size with their labels.
    ///
    /// - Parameters:
    ///   - images: file of type 0x08 with 3 axes [N, height, width]; grey, so the set has one channel.
    ///   - labels: file of type 0x08 with 1 axis [N], each label in 0 ..< `classNames.count`.
    ///   - firstID: the sample id of the first image; the others count up from it.
    /// - Throws: `FormatError` for a file that is damaged or is not of this layout, or when counts differ.
    public static func read(images: URL, labels: URL, classNames: [String], firstID: Int = 0) throws -> ImageSet {
        let (pixels, count, height, width) = try Self.images(images)
        let found = try Self.labels(labels, classes: classNames.count)
        guard found.count == count else {
            throw FormatError(
                file: labels.relativePath, place: "at byte 4", found: "\(found.count) labels",
                expected: "\(count), as many as images in \(images.relativePath)")
        }
        return ImageSet(
            pixels: pixels, height: height, width: width, channels: 1, labels: found, classNames: classNames,
            sampleIDs: Array(firstID..<firstID + count))
    }

    /// The images of a file, one after another, and their extents.
    static func images(_ url: URL) throws -> (pixels: [UInt8], count: Int, height: Int, width: Int) {
        let file = try DataFile(url)
        let extents = try header(of: file, axes: ["images", "rows", "columns"])
        return (try content(of: file, extents: extents), extents[0], extents[1], extents[2])
    }

    /// The labels of a file.
    static func labels(_ url: URL, classes: Int) throws -> [Int] {
        let file = try DataFile(url)
        let labels = try content(of: file, extents: header(of: file, axes: ["labels"]))
        if let place = labels.firstIndex(where: { $0 >= classes }) {
            throw file.error(at: 8 + place, found: "label \(labels[place])", expected: "0 ... \(classes - 1)")
        }
        return labels.map(Int.init)
    }

    /// The extents, each at least 1.
    private static func header(of file: DataFile, axes: [String]) throws -> [Int] {
        let kind = axes.count == 1 ? "labels, 1 axis" : "images, \(axes.count) axes"
        let magic = try number(file, "the magic number (\(kind))")
        let expected = 0x0800 | axes.count
        guard magic == expected else {
            throw file.error(at: 0, found: "magic \(hex(magic))", expected: "\(hex(expected)) (\(kind))")
        }
        return try axes.map { axis in
            let extent = try number(file, "the number of \(axis)")
            guard extent > 0 else {
                throw file.error(at: file.position - 4, found: "0 \(axis)", expected: "1 or more")
            }
            return extent
        }
    }

    /// Exactly as many bytes as the extents say, and the file's end after them.
    private static func content(of file: DataFile, extents: [Int]) throws -> [UInt8] {
        var size = 1
        for extent in extents {
            // Three 32-bit extents can exceed 64 bits.
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw file.error(found: "extents \(extents)", expected: "a size below 2⁶³") }
            size = product
        }
        let bytes = try file.read(size, of: "content, as the extents \(extents) say")
        try file.expectEnd()
        return bytes
    }

    private static func number(_ file: DataFile, _ what: String) throws -> Int {
        try file.read(4, of: what).reduce(0) { $0 << 8 | Int($1) }
    }

    private static func hex(_ value: Int) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
