import TensorCore

/// The chunks of a PNG file that make its pixels, checked before libpng sees them.
///
/// Source: PNG specification, third edition (W3C, 2025), sections 5.3, 5.6 and 11.2. Of the ancillary chunks only tRNS
/// is kept, eXIf and sBIT read: pixels are taken as they are stored, as other image libraries do, without gAMA's or
/// iCCP's change of colours, and compressed texts cannot cost time or memory.
struct PNGChunks {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A file of nothing but those chunks.
    private(set) var bytes = PNGChunks.signature
    /// What the chunk eXIf says of the camera's turn, 1 ... 8; 1 without one.
    private(set) var orientation = 1
    /// Extents of the image, and the channels that it is decoded to: 1, 3 or 4.
    private(set) var height = 0, width = 0, channels = 0
    /// Bits of a stored sample.
    private(set) var bitDepth = 0
    /// How many bits of colours sBIT says are significant, 1 ... 16; 16 where it says nothing.
    private(set) var significantBits = 16
    private let name: String
    private var dataSize = 0

    /// Walks through the chunks of a file, to the end of the image.
    ///
    /// - Throws: `FormatError` for chunks that do not fill the file, and for an image that is larger than the
    ///   compressed data can hold or than ``ImageFile/largestPixelCount``.
    init(_ file: [UInt8], name: String) throws {
        self.name = name
        guard file.starts(with: Self.signature) else {
            throw error(0, found: "no PNG signature", expected: "a PNG file")
        }
        var position = Self.signature.count
        var (type, isTransparent) = ("", false)
        while type != "IEND" {
            guard position + 12 <= file.count else {
                throw FormatError(
                    file: name, place: "at byte \(file.count)",
                    problem: "the file is cut short, before the PNG image's last chunk (IEND)", advice: Self.copying)
            }
            let length = number(file, at: position)
            guard length <= file.count - position - 12 else {
                let there = max(0, file.count - position - 8)
                throw FormatError(
                    file: name, place: "at byte \(position)",
                    problem: "the file is cut short, after \(there.counted("byte")) of a chunk of \(length)",
                    advice: Self.copying)
            }
            let isFirst = type.isEmpty
            type = String(decoding: file[position + 4..<position + 8], as: UTF8.self)
            guard type != "CgBI" else {
                throw error(
                    position, found: "a PNG repacked by Xcode (CgBI)", expected: "a PNG file as the standard has it")
            }
            if type == "tRNS" { isTransparent = true }
            guard isFirst == (type == "IHDR"), !isFirst || length == 13 else {
                throw error(
                    position, found: "chunk \(type) of \(length.counted("byte"))",
                    expected: "one IHDR of 13, at the start")
            }
            if type == "IDAT" { dataSize += length }
            if type == "sBIT" {
                // Opacity, which comes behind one colour or three, counts for itself.
                let bits = file[position + 8..<position + 8 + length].prefix(length > 2 ? 3 : 1).max() ?? 16
                significantBits = (1...16).contains(bits) ? Int(bits) : 16
            }
            if type == "eXIf" { orientation = Orientation.ofTIFF(Array(file[position + 8..<position + 8 + length])) }
            // Bit 5 of a type's first byte says that an image can be shown without the chunk.
            if file[position + 4] & 0x20 == 0 || type == "tRNS" { bytes += file[position..<position + length + 12] }
            position += length + 12
        }
        try checkSize(file, isTransparent: isTransparent)
    }

    /// Finds the extents, and refuses an image whose pixels the compressed data cannot hold.
    private mutating func checkSize(_ file: [UInt8], isTransparent: Bool) throws {
        let header = Self.signature.count + 8
        (width, height) = (number(file, at: header), number(file, at: header + 4))
        try ImageFile.checkPixelCount(height: height, width: width, name, "at byte \(header)")
        let colorType = Int(file[header + 9])
        bitDepth = Int(file[header + 8])
        channels = isTransparent || colorType & 4 != 0 ? 4 : colorType & 2 != 0 ? 3 : 1
        let samples = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1  // libpng refuses other types
        // A filter byte and the pixels for each row; interlacing only adds to that.
        let (size, overflow) = height.multipliedReportingOverflow(by: 1 + (width * samples * bitDepth + 7) / 8)
        // Deflate codes at most 258 bytes in 2 bits.
        guard !overflow, size <= 1032 * dataSize else {
            throw error(
                header, found: "\(height)×\(width) pixels in \(dataSize) compressed bytes",
                expected: "as many as those can hold")
        }
    }

    /// The big-endian number of four bytes.
    private func number(_ file: [UInt8], at position: Int) -> Int {
        file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    private static let copying = "copy the file again"

    private func error(_ position: Int, found: String, expected: String, advice: String? = nil) -> FormatError {
        FormatError(file: name, place: "at byte \(position)", found: found, expected: expected, advice: advice)
    }
}
