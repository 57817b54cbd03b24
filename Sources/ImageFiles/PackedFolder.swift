import Datasets
import Foundation
import TensorCore

/// A folder of images in one file, which is copied and read more easily than many small ones.
public struct PackedFolder: Sendable, Encodable {
    /// How many images were packed, in how many classes, and the bytes of their files together.
    public let images, classes, bytes: Int
    /// The parts of the folder, with their numbers of images; one where it had none.
    public let parts: [String: Int]

    /// Packs a folder of images, in any layout that `DividedData` reads: with a subfolder for each class, with a table
    /// of files and classes, with tar archives, or with parts of these (train, test, val).
    ///
    /// The files' bytes stay as they are, and each is decoded once to see that it is intact. `DividedData` reads the
    /// file as it reads the folder: the same images in the same order, held out in the same way.
    ///
    /// - Parameters:
    ///   - url: the file, which is written whole or not at all.
    ///   - progress: called with the number of images that were looked at, and of all.
    /// - Throws: `FormatError` for a folder that holds no images or for the first that is not intact, `MachineError`
    ///   where the machine cannot read one, `FileWriteError` where the file cannot be written.
    public static func write(
        _ folder: URL, to url: URL, progress: ((_ done: Int, _ all: Int) -> Void)? = nil
    ) throws -> PackedFolder {
        let path = FilePath(folder)
        let parts: [(name: String, place: ImagePlace)]
        switch try DataLayout(of: path) {
        case .original, .packed:
            throw FormatError(
                file: "\(path)", found: "a data set that is one file or a few", expected: "a folder of images")
        case .whole(let place): parts = [("all", place)]
        case .parts(let train, let test, let validation):
            parts =
                [("train", train.place), ("test", test.place)]
                + (validation.map { [("validation", $0.place)] } ?? [])
        }
        let found = try parts.map { try LabelledFiles($0.place) }
        if let fault = found.flatMap(\.faults).first { throw fault.error.advising(Self.remedy) }
        try DataLayout.checkClasses(zip(parts, found).map { ($0.name, $1.classNames) }, in: path)
        guard found[0].classNames.count > 1 else {
            throw FormatError(file: "\(path)", found: "1 class", expected: "2 or more")
        }
        let files = found.flatMap { part in (0..<part.files.count).map { (part.files, $0) } }
        let checked = try sizesAndChecksums(files, progress)
        var ends: [Int64] = []
        for (size, _) in checked { ends.append((ends.last ?? 0) + Int64(size)) }
        let index = try found.map { try $0.index(.byName) }
        let names = PackedFiles.Names(classes: found[0].classNames, parts: parts.map(\.name))
        let file = SafetensorsFile(
            metadata: [
                "format": PackedFiles.format, "names": String(decoding: try JSONEncoder().encode(names), as: UTF8.self),
            ],
            entries: [
                "ends": .init(ends), "checksums": .init(checked.map(\.checksum)),
                "labels": .init(index.flatMap { $0.labels.map { Int32($0 ?? 0) } }),
                "identities": .init(index.flatMap { ($0.identities ?? []).map { Int64(bitPattern: $0) } }),
                "parts": .init(found.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1.labels.count) }),
                "paths": .init(
                    zip(parts, found).flatMap { part, found in
                        found.keys.indices.flatMap { number in
                            let start = parts.count > 1 ? "\(part.name)/" : ""
                            return Array("\(start)\(found.path(of: number))".utf8) + [0]
                        }
                    }),
            ])
        var next = 0
        try file.write(to: url, with: "images", of: Int(ends.last ?? 0)) {
            guard next < files.count else { return nil }
            defer { next += 1 }
            let (files, number) = files[next]
            let bytes = try files.bytes(of: number)
            guard PackedFiles.checksum(bytes) == checked[next].checksum else {
                throw FormatError(
                    file: files.name(of: number), problem: "the file changed while the folder was packed",
                    advice: "pack the folder when nothing writes to it")
            }
            return Data(bytes)
        }
        return PackedFolder(
            images: files.count, classes: names.classes.count, bytes: Int(ends.last ?? 0),
            parts: Dictionary(uniqueKeysWithValues: zip(names.parts, found.map(\.labels.count))))
    }

    private static let remedy = "take it out of the folder"

    /// Decodes all files, in threads and so many at a time.
    private static func sizesAndChecksums(
        _ files: [(any EncodedFiles, Int)], _ progress: ((Int, Int) -> Void)?
    ) throws -> [(size: Int, checksum: Int64)] {
        var found: [(size: Int, checksum: Int64)] = []
        for first in stride(from: 0, to: files.count, by: 256) {
            let part = files[first..<min(first + 256, files.count)]
            found += try Parallel.map(part.count) { place in
                Result {
                    let (files, number) = part[first + place]
                    let bytes = try files.bytes(of: number)
                    do { _ = try ImageFile.picture(bytes, name: files.name(of: number)).read() } catch let error
                        as FormatError
                    { throw error.advising(Self.remedy) }
                    return (bytes.count, PackedFiles.checksum(bytes))
                }
            }.map { try $0.get() }
            progress?(found.count, files.count)
        }
        return found
    }
}
