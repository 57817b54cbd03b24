import Foundation

/// Writes square PNG images into a folder of classes, `CLASS/NUMBER.png`.
///
/// - Parameters:
///   - classes: their names, and how many images each has.
///   - image: the number-th image of the label-th class: its side, and its pixels in grey or RGB, rows top down.
public func writeImages(
    _ classes: [(name: String, count: Int)], to folder: URL,
    image: (_ label: Int, _ number: Int) -> (side: Int, pixels: [UInt8])
) throws {
    for (label, (name, count)) in classes.enumerated() {
        let place = folder.appending(path: name)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for number in 0..<count {
            let (side, pixels) = image(label, number)
            try Data(squarePNG(pixels, side: side)).write(to: place.appending(path: "\(number).png"))
        }
    }
}

/// Writes images of one grey, each of its own brightness.
public func writeGreyImages(
    _ classes: [String], _ count: Int, to folder: URL, side: Int = 2
) throws {
    try writeImages(classes.map { ($0, count) }, to: folder) { label, number in
        (side, [UInt8](repeating: UInt8(60 * label + number), count: side * side))
    }
}

/// A chunk of a PNG file with its checksum (PNG specification, 5.3).
public func pngChunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + content
    return UInt32(content.count).bigEndianBytes + body + crc32(body).bigEndianBytes
}

/// A PNG file of 8 bits a sample, without compression.
private func squarePNG(_ pixels: [UInt8], side: Int) -> [UInt8] {
    let width = pixels.count / side
    let rows = (0..<side).flatMap { (row: Int) -> [UInt8] in [0] + pixels[row * width..<(row + 1) * width] }
    let kind: [UInt8] = [8, width == side ? 0 : 2, 0, 0, 0]
    let header: [UInt8] = UInt32(side).bigEndianBytes + UInt32(side).bigEndianBytes + kind
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    for chunk in [pngChunk("IHDR", header), pngChunk("IDAT", zlibStream(rows)), pngChunk("IEND", [])] { file += chunk }
    return file
}
