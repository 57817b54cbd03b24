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
        try read(images: images, labels: labels, classes: IDXClasses(classNames), firstID: firstID)
    }

    /// Images of one size with their labels, as ``read(images:labels:classNames:firstID:)``.
    ///
    /// - Parameters:
    ///   - classes: what labels mean.
    ///   - isTransposed: whether rows and columns are exchanged in the file, as in EMNIST's.
    static func read(
        images: URL, labels: URL, classes: IDXClasses, isTransposed: Bool = false, firstID: Int
    ) throws -> ImageSet {
        let file = try DataFile(images)
        let extents = try header(of: file, axes: ["images", "rows", "columns"])
        let count = extents[0]
        _ = try size(of: file, extents: extents)
        // Before the images: a few bytes may announce gigabytes of them.
        let found = try Self.labels(labels, count: count, of: images, classes)
        let pixels = try content(of: file, extents: extents)
        let (height, width) = isTransposed ? (extents[2], extents[1]) : (extents[1], extents[2])
        return ImageSet(
            pixels: isTransposed ? transposed(pixels, height: height, width: width) : pixels, height: height,
            width: width, channels: 1, labels: found, classNames: classes.names,
            sampleIDs: Array(firstID..<firstID + count))
    }

    /// Images of which the file has one column after another.
    private static func transposed(_ columns: [UInt8], height: Int, width: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: columns.count) { rows, initialized in
            columns.withUnsafeBufferPointer { columns in
                for place in columns.indices {
                    let (image, pixel) = (place / (height * width), place % (height * width))
                    rows[image * height * width + pixel % height * width + pixel / height] = columns[place]
                }
            }
            initialized = columns.count
        }
    }

    /// The smallest label of a file and the largest.
    static func labelRange(_ url: URL) throws -> ClosedRange<Int> {
        let file = try DataFile(url)
        let labels = try content(of: file, extents: header(of: file, axes: ["labels"]))
        return Int(labels.min() ?? 0)...Int(labels.max() ?? 0)
    }

    /// The classes of a file's labels, as many as there are images.
    private static func labels(_ url: URL, count: Int, of images: URL, _ classes: IDXClasses) throws -> [Int] {
        let file = try DataFile(url)
        let extents = try header(of: file, axes: ["labels"])
        guard extents[0] == count else {
            throw file.error(
                at: 4, found: "\(extents[0]) labels",
                expected: "\(count), as many as images in \(images.relativePath)")
        }
        let labels = try content(of: file, extents: extents)
        return try labels.enumerated().map { place, label in
            guard let found = classes.places[Int(label)] else {
                throw file.error(at: 8 + place, found: "label \(label)", expected: classes.wanted)
            }
            return found
        }
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

    /// How many bytes the extents announce, of which a file of this size must be able to hold so many.
    private static func size(of file: DataFile, extents: [Int]) throws -> Int {
        var size = 1
        for extent in extents {
            // Three 32-bit extents can exceed 64 bits.
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw file.error(found: "extents \(extents)", expected: "a size below 2⁶³") }
            size = product
        }
        try file.checkHolds(size, of: "content, as the extents \(extents) say")
        return size
    }

    /// Exactly as many bytes as the extents say, and the file's end after them.
    private static func content(of file: DataFile, extents: [Int]) throws -> [UInt8] {
        let bytes = try file.read(
            size(of: file, extents: extents), of: "content, as the extents \(extents) say")
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
