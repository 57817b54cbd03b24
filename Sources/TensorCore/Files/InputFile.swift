import Foundation

/// Reads whole files from outside the program.
public enum InputFile {
    /// The file's bytes.
    ///
    /// Memory is taken for what the file holds, once; a device, pipe or folder is refused rather than waited for.
    ///
    /// - Throws: ``FormatError`` for a file that is missing, without permission, not regular, or that shrinks while it
    ///   is read; ``MachineError`` where the machine cannot read it or has no memory for it.
    public static func read(_ url: URL) throws -> Data {
        guard url.isFileURL else {
            throw FormatError(file: url.absoluteString, found: "an address", expected: "the path of a file")
        }
        return try read(FilePath(url))
    }

    /// The file's bytes, as ``read(_:)-(URL)``.
    public static func read(_ path: FilePath) throws -> Data {
        let file = try FileReader(path)
        return try bytes(of: file, from: 0, count: file.size)
    }

    /// A part of a file.
    ///
    /// - Parameters:
    ///   - start: its first byte, 0 or more.
    ///   - count: how many bytes, 0 or more.
    /// - Throws: as ``read(_:)-(URL)``, and ``FormatError`` for a file that ends before them.
    package static func read(_ path: FilePath, from start: Int, count: Int) throws -> Data {
        let file = try FileReader(path)
        guard start <= file.size, count <= file.size - start else {
            throw FormatError(
                file: "\(path)", found: "end at byte \(file.size)",
                expected: "\(count.counted("byte")) from byte \(start) on")
        }
        file.move(to: start)
        return try bytes(of: file, from: start, count: count)
    }

    /// The next bytes of a file that has them.
    private static func bytes(of file: FileReader, from start: Int, count: Int) throws -> Data {
        guard count > 0 else { return Data() }
        // malloc and not Data(count:): a sparse file may claim more than the machine has, which only malloc reports.
        guard let buffer = malloc(count) else {
            throw MachineError("\(file.path)", "needs \(count) bytes of memory, which the machine does not have")
        }
        do {
            let filled = try file.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
            guard filled == count else {
                throw FormatError(
                    file: "\(file.path)", found: "end at byte \(start + filled)",
                    expected: (start + count).counted("byte"))
            }
        } catch {
            free(buffer)
            throw error
        }
        return Data(bytesNoCopy: buffer, count: count, deallocator: .free)
    }

    /// The first bytes of a file, fewer where it is shorter, as ``FileKind`` takes them.
    ///
    /// - Throws: as ``read(_:)-(URL)``.
    public static func start(of path: FilePath) throws -> [UInt8] { try FileReader(path).next(FileKind.startSize) }
}
