import Datasets
import Foundation
import TensorCore

/// Image files packed into one, and what is known of them.
///
/// A safetensors file: the array `images` has the files' bytes one after another, as they were. Others have for each
/// image where its bytes end, its label, identity, part and checksum, and its path, which a zero ends; the metadata
/// have the names of classes and parts.
struct PackedFiles: EncodedFiles {
    static let format = "retort images 1"
    /// What may stand in the place of a file that is none.
    static let wanted = "a folder of images, a table of files and labels, a tar shard or a file of `retort pack`"
    private static let remedy = "pack the folder again"

    /// What is known of the images of a part.
    struct Part {
        let name: String
        /// Of its images among all.
        let numbers: [Int]
        let index: ImageIndex
    }

    /// One where the folder had none.
    let parts: [Part]
    let path: FilePath
    /// Where in the file the images' bytes begin.
    private let origin: Int
    private let ends: [Int64]
    private let checksums: [Int64]
    private let imageNames: [String]

    /// Opens a file; its images are not read.
    ///
    /// - Throws: `FormatError` for a file that is none, or is damaged or cut off; `MachineError` where the machine
    ///   cannot read it.
    init(_ url: URL) throws {
        path = FilePath(url)
        // Mapped: what is not looked at is not read.
        let data: Data
        do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
            _ = try FileReader(path)
            throw MachineError("\(path)", "cannot be mapped into memory")
        }
        let file = try SafetensorsFile(
            decoding: data, file: "\(path)", expecting: Self.wanted)
        let name = "\(path)"
        func fault(_ found: String, _ expected: String) -> FormatError {
            FormatError(file: name, found: found, expected: expected, advice: Self.remedy)
        }
        guard file.metadata["format"] == Self.format else {
            throw FormatError(
                file: name, found: file.contents, expected: Self.wanted)
        }
        guard let names = file.metadata["names"].flatMap({ try? JSONDecoder().decode(Names.self, from: Data($0.utf8)) })
        else { throw fault("no names of classes", "those of a packed folder") }
        func elements<Element: SafetensorsElement>(_ name: String, count: Int? = nil) throws -> [Element] {
            do { return try file.elements(name, shape: count.map { [$0] }) } catch { throw error.advising(Self.remedy) }
        }
        ends = try elements("ends")
        let count = ends.count
        checksums = try elements("checksums", count: count)
        let labels: [Int32] = try elements("labels", count: count)
        let identities: [Int64] = try elements("identities", count: count)
        let places: [UInt8] = try elements("parts", count: count)
        let paths: [UInt8] = try elements("paths")
        imageNames = paths.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
        let bytes = file.entries["images"]?.shape.elementCount ?? -1
        origin = data.count - bytes
        guard zip([0] + ends, ends).allSatisfy({ $0 <= $1 }), ends.last ?? 0 == bytes else {
            throw fault("ends of images that are out of order", "ascending ones, the last at byte \(bytes)")
        }
        guard labels.allSatisfy({ $0 >= 0 && $0 < names.classes.count }), !names.parts.isEmpty,
            places.allSatisfy({ $0 < names.parts.count }), imageNames.count == count
        else { throw fault("labels, parts or images without a name", "one of each image") }
        parts = names.parts.enumerated().map { place, name in
            let numbers = places.indices.filter { places[$0] == place }
            return Part(
                name: name, numbers: numbers,
                index: ImageIndex(
                    labels: numbers.map { Int(labels[$0]) }, classNames: names.classes,
                    identities: numbers.map { UInt64(bitPattern: identities[$0]) }))
        }
    }

    struct Names: Codable {
        let classes, parts: [String]
    }

    var count: Int { ends.count }

    /// What is known of a part's images; of groups where the rule has them.
    ///
    /// - Throws: `FormatError` for an image of no group.
    func index(of part: Part, _ rule: HeldOut) throws -> ImageIndex {
        guard let groups = try ImageGroups(rule) else { return part.index }
        return ImageIndex(
            labels: part.index.labels, classNames: part.index.classNames,
            identities: try part.numbers.map { number in
                // Without the name of the part.
                let path = imageNames[number].split(separator: "/").dropFirst(parts.count > 1 ? 1 : 0)
                    .joined(separator: "/")
                return try groups.identity(of: path, file: name(of: number))
            })
    }

    func name(of number: Int) -> String { "\(path): \(imageNames[number])" }

    func start(of number: Int) throws -> (size: Int, bytes: [UInt8]) {
        let range = range(of: number)
        return (range.count, try read(range.prefix(FileKind.startSize)))
    }

    func bytes(of number: Int) throws -> [UInt8] {
        let bytes = try read(range(of: number))
        guard Self.checksum(bytes) == checksums[number] else {
            throw FormatError(
                file: name(of: number), problem: "other bytes than were packed (their checksum differs)",
                advice: "pack the folder again")
        }
        return bytes
    }

    /// Where in the file an image's bytes are.
    private func range(of number: Int) -> Range<Int> {
        origin + (number == 0 ? 0 : Int(ends[number - 1]))..<origin + Int(ends[number])
    }

    private func read(_ range: Range<Int>) throws -> [UInt8] {
        try [UInt8](InputFile.read(path, from: range.lowerBound, count: range.count))
    }

    static func checksum(_ bytes: [UInt8]) -> Int64 { Int64(bitPattern: ImageIndex.identity(bytes)) }
}
