import TensorCore

/// The chunks of a PNG file that make its pixels, checked before libpng sees them.
///
/// Source: PNG specification, third edition (W3C, 2025), sections 5.3, 5.6 and 11.2. Of the ancillary chunks only tRNS
/// is kept, and eXIf read: pixels are taken as they are stored, as other image libraries do, without gAMA's or iCCP's
/// change of colours, and compressed texts cannot cost time or memory.
struct PNGChunks {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A file of nothing but those chunks.
    private(set) var bytes = PNGChunks.signature
    /// What the chunk eXIf says of the camera's turn, 1 ... 8; 1 without one.
    private(set) var orientation = 1
    private let file: [UInt8]
    private let name: String
    private var dataSize = 0

    /// Walks through the chunks of a file, to the end of the image.
    ///
    /// - Throws: `FormatError` for chunks that do not fill the file, and for an image that is larger than the
    ///   compressed data can hold or than ``ImageFile/largestPixelCount``.
    init(_ file: [UInt8], name: String) throws {
        self.file = file
        self.name = name
        guard file.starts(with: Self.signature) else {
            throw error(0, found: "no PNG signature", expected: "a PNG file")
        }
        var position = Self.signature.count
        var type = ""
        while type != "IEND" {
            guard position + 12 <= file.count else {
                throw error(
                    position, found: "\(file.count - position) bytes", expected: "a chunk, the last of them IEND")
            }
            let length = number(at: position)
            guard length <= file.count - position - 12 else {
                throw error(
                    position, found: "a chunk of \(length) bytes, \(file.count - position - 12) left",
                    expected: "all of the file")
            }
            let isFirst = type.isEmpty
            type = String(decoding: file[position + 4..<position + 8], as: UTF8.self)
            guard isFirst == (type == "IHDR"), !isFirst || length == 13 else {
                throw error(
                    position, found: "chunk \(type) of \(length) bytes", expected: "one IHDR of 13, at the start")
            }
            if type == "IDAT" { dataSize += length }
            if type == "eXIf" { orientation = Orientation.ofTIFF(Array(file[position + 8..<position + 8 + length])) }
            // Bit 5 of a type's first byte says that an image can be shown without the chunk.
            if file[position + 4] & 0x20 == 0 || type == "tRNS" { bytes += file[position..<position + length + 12] }
            position += length + 12
        }
        try checkSize()
    }

    /// Refuses an image whose pixels the compressed data cannot hold.
    private func checkSize() throws {
        let header = Self.signature.count + 8
        let (width, height) = (number(at: header), number(at: header + 4))
        let (bitDepth, colorType) = (Int(file[header + 8]), Int(file[header + 9]))
        let (count, overflow) = height.multipliedReportingOverflow(by: width)
        guard count > 0, !overflow, count <= ImageFile.largestPixelCount else {
            throw error(
                header, found: "\(height)×\(width) pixels", expected: "1 ... \(ImageFile.largestPixelCount) pixels")
        }
        let samples = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1  // libpng refuses other types
        // A filter byte and the pixels for each row; interlacing only adds to that.
        let size = height * (1 + (width * samples * bitDepth + 7) / 8)
        // Deflate codes at most 258 bytes in 2 bits.
        guard size <= 1032 * dataSize else {
            throw error(
                header, found: "\(height)×\(width) pixels in \(dataSize) compressed bytes",
                expected: "as many as those can hold")
        }
    }

    /// The big-endian number of four bytes.
    private func number(at position: Int) -> Int { file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) } }

    private func error(_ position: Int, found: String, expected: String) -> FormatError {
        FormatError(file: name, place: "at byte \(position)", found: found, expected: expected)
    }
}
