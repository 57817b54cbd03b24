/// What kind of file it is, by its first bytes: the name of a file says nothing.
public struct FileKind: Hashable, Sendable {
    /// With its article, as messages have it: "a WebP file".
    public let singular: String
    /// "WebP files".
    public let plural: String

    /// How many bytes of a file's beginning are looked at.
    public static let startSize = 512

    public static let png = FileKind("a PNG file")
    public static let jpeg = FileKind("a JPEG file")
    public static let gzip = FileKind("a gzip file")
    public static let idx = FileKind("an IDX file")
    public static let pickle = FileKind("a Python pickle")
    public static let zip = FileKind("a ZIP file")
    public static let safetensors = FileKind("a safetensors file")
    public static let tar = FileKind("a tar file")
    public static let text = FileKind("a text file")
    public static let empty = FileKind("an empty file")

    private static let textPNG = FileKind("a PNG file damaged by a transfer as text")
    private static let pointer = FileKind("a Git LFS pointer")

    /// Whether the first bytes are those of no kind that is known.
    var isUnknown: Bool { singular.hasPrefix("bytes ") }

    /// Whether the project decodes such files as images.
    public var isImage: Bool { self == .png || self == .jpeg }

    /// How to get at what the file should have been, or at a file that can be read; nil where its kind does not tell.
    public var advice: String? {
        switch self {
        case .textPNG: "transfer it again as a binary file"
        case .pointer: "run `git lfs pull`, which puts the file itself in its place"
        case _ where isOtherPicture:
            "make a PNG file of it (`mogrify -format png FILE`, ImageMagick) and take the original away if its name is another"
        default: nil
        }
    }

    /// Whether it is a picture that other programs read.
    private var isOtherPicture: Bool {
        [
            "a WebP file", "a GIF file", "a BMP file", "a TIFF file", "an AVIF file", "a HEIC file",
            "a JPEG 2000 file", "a JPEG XL file", "a Photoshop file", "a QOI file", "a PNM file", "an icon file",
        ].contains(singular)
    }

    /// "1 WebP file", "8 WebP files".
    public func counted(_ count: Int) -> String {
        count == 1 ? "1 \(singular.drop { $0 != " " }.dropFirst())" : "\(count) \(plural)"
    }

    /// The kind of a file that begins so.
    ///
    /// - Parameter start: the first ``startSize`` bytes, or all of a shorter file.
    public init(_ start: [UInt8]) {
        if start.isEmpty {
            self = .empty
        } else if let known = Self.table.first(where: { $0.matches(start) }) {
            self = known.kind
        } else if let markup = Self.markup(start) {
            self = markup
        } else if Self.isText(start) {
            self = .text
        } else {
            let bytes = start.prefix(4).map(Self.hex).joined(separator: " ")
            self.init("bytes \(bytes)", plural: "files of another kind")
        }
    }

    private init(_ singular: String, plural: String? = nil) {
        self.singular = singular
        self.plural = plural ?? singular.drop { $0 != " " }.dropFirst() + "s"
    }

    /// Two digits of base 16.
    public static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }

    /// A beginning of files: bytes at places.
    private struct Signature: Sendable {
        let kind: FileKind
        let parts: [(place: Int, bytes: [UInt8])]

        init(_ kind: FileKind, _ bytes: [UInt8], at place: Int = 0, and second: String? = nil, after other: Int = 0) {
            self.kind = kind
            parts = [(place, bytes)] + (second.map { [(other, Array($0.utf8))] } ?? [])
        }

        init(_ name: String, _ text: String, at place: Int = 0, and second: String? = nil, after other: Int = 0) {
            self.init(FileKind(name), Array(text.utf8), at: place, and: second, after: other)
        }

        func matches(_ start: [UInt8]) -> Bool {
            parts.allSatisfy { start.dropFirst($0.place).starts(with: $0.bytes) }
        }
    }

    /// Sources: the formats' specifications, and the list of signatures of file(1).
    private static let table: [Signature] =
        [
            // First: it begins with a name, which may look like another kind.
            Signature(.tar, Array("ustar".utf8), at: 257),
            Signature(.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        ]
        // Line ends that were changed, and bytes that were taken for text.
        + [
            [0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A], [0x89, 0x50, 0x4E, 0x47, 0x0A, 0x0A],
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0D],
            [0x3F, 0x50, 0x4E, 0x47],
        ]
        .map { Signature(.textPNG, $0) } + [Signature(.textPNG, [0xEF, 0xBF, 0xBD, 0x50, 0x4E, 0x47])] + [
            Signature(.jpeg, [0xFF, 0xD8, 0xFF]),
            Signature(.gzip, [0x1F, 0x8B]),
            Signature("a WebP file", "RIFF", and: "WEBP", after: 8),
            Signature("a GIF file", "GIF8"),
            Signature("a BMP file", "BM", and: "\0\0\0\0", after: 6),
            Signature(FileKind("a TIFF file"), [0x49, 0x49, 0x2A, 0x00]),
            Signature(FileKind("a TIFF file"), [0x4D, 0x4D, 0x00, 0x2A]),
            Signature(FileKind("a TIFF file"), [0x49, 0x49, 0x2B, 0x00]),
            Signature(FileKind("a TIFF file"), [0x4D, 0x4D, 0x00, 0x2B]),
            Signature("an AVIF file", "ftypavi", at: 4),
        ]
        + ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"].map {
            Signature("a HEIC file", "ftyp\($0)", at: 4)
        } + [
            Signature("an MP4 film", "ftyp", at: 4),
            Signature("a JPEG 2000 file", "jP  ", at: 4),
            Signature(FileKind("a JPEG 2000 file"), [0xFF, 0x4F, 0xFF, 0x51]),
            Signature("a JPEG XL file", "JXL ", at: 4),
            Signature(FileKind("a JPEG XL file"), [0xFF, 0x0A]),
            Signature("a Photoshop file", "8BPS"),
            Signature("a QOI file", "qoif"),
            Signature("a PDF file", "%PDF"),
            Signature(.zip, Array("PK\u{3}\u{4}".utf8)),
            Signature("an xz file", "7zXZ", at: 1),
            Signature("a bzip2 file", "BZh"),
            Signature("an RAR file", "Rar!"),
            Signature(FileKind("a 7z file"), [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
            Signature(FileKind("a Zstandard file"), [0x28, 0xB5, 0x2F, 0xFD]),
            Signature("an NPY file", "NUMPY", at: 1),
            Signature("an HDF5 file", "HDF\r\n", at: 1),
            Signature("a MATLAB file", "MATLAB 5.0"),
            Signature("a Parquet file", "PAR1"),
            Signature("a SQLite file", "SQLite format 3"),
            Signature("an ELF program", "ELF", at: 1),
            Signature(pointer, Array("version https://git-lfs".utf8)),
        ] + (2...5).map { Signature(.pickle, [0x80, $0]) } + (1...4).map { Signature(.idx, [0, 0, 8, $0]) }
        + (1...7).map { Signature("a PNM file", "P\($0)\n") } + [
            Signature(FileKind("an icon file"), [0, 0, 1, 0]),
            // The length of the header, which is below 4 GB, and its first byte.
            Signature(.safetensors, [0, 0, 0, 0], at: 4, and: "{", after: 8),
        ]

    /// Pages and drawings, which may begin with spaces, a mark or an XML declaration.
    private static func markup(_ start: [UInt8]) -> FileKind? {
        let text = String(decoding: start, as: UTF8.self).lowercased().drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        guard text.hasPrefix("<") else { return nil }
        if text.contains("<svg") { return FileKind("an SVG drawing") }
        if text.contains("<html") || text.hasPrefix("<!doctype html") { return FileKind("an HTML page") }
        return FileKind("an XML file")
    }

    /// Whether all is printable UTF-8, of which the end may be cut within a character.
    private static func isText(_ start: [UInt8]) -> Bool {
        let text = String(decoding: start, as: UTF8.self)
        guard start.allSatisfy({ $0 >= 32 || (9...13).contains($0) }) else { return false }
        return !text.dropLast().contains("\u{FFFD}")
    }
}
