import Datasets
import TensorCore

/// Image files that are decoded when they are asked for. The first of them stay decoded, as many as memory is given
/// for.
final class PictureStore: Sendable {
    /// The files' sizes when they were first looked at, in bytes; 0 for what is no image.
    let byteCounts: [Int]
    private let files: any EncodedFiles
    private let size: ImageSize
    /// The first files' images.
    private let kept: [DecodedImage?]

    /// Bytes for decoded images where nothing else is asked for: a quarter of what the machine has available.
    static var usualMemory: Int { MachineMemory.available / 4 }

    /// What is called while files are first looked at.
    typealias Progress = (_ done: Int, _ all: Int) -> Void

    /// What was found when files were first looked at.
    struct Findings {
        /// By the number of the file, why it cannot be used.
        var failures: [Int: FormatError] = [:]
        /// The largest byte of images of 16 bits a sample among them; nil where there are none.
        var deepest: UInt8?
    }

    private struct Look: Sendable {
        var byteCount = 0
        var image: DecodedImage?
        var deepest: UInt8?
        var failure: (any Error)?
    }

    /// Looks at each file's first bytes, and decodes as many as memory is given for.
    ///
    /// - Parameters:
    ///   - size: at which a network reads the images.
    ///   - memory: bytes for decoded images.
    ///   - isCheckingAll: whether those that are not kept are decoded too, to see if they are intact.
    ///   - progress: called from time to time with the number of files that were looked at, and of all.
    /// - Throws: `MachineError` where the machine cannot read a file.
    static func open(
        _ files: any EncodedFiles, for size: ImageSize, memory: Int, checkingAll isCheckingAll: Bool,
        progress: Progress? = nil
    ) throws -> (store: PictureStore, findings: Findings) {
        PictureMemory.keepFreed()
        var findings = Findings()
        var (byteCounts, kept, spent): ([Int], [DecodedImage?], Int) = ([], [], 0)
        // So many at a time, in their order, so that what is kept and told does not depend on threads.
        for first in stride(from: 0, to: files.count, by: 256) {
            let part = first..<min(first + 256, files.count)
            let (isKeeping, isDecoding) = (spent < memory, spent < memory || isCheckingAll)
            for (number, look) in looks(at: part, of: files, for: size, decoding: isDecoding).enumerated() {
                if let failure = look.failure {
                    // Another error than one of a file's content speaks of the machine, and is no reason to go on.
                    guard let error = failure as? FormatError else { throw failure }
                    findings.failures[first + number] = error
                }
                byteCounts.append(look.byteCount)
                findings.deepest = [findings.deepest, look.deepest].compactMap { $0 }.max()
                if isKeeping {
                    kept.append(spent < memory ? look.image : nil)
                    spent += look.image?.pixels.count ?? 0
                }
            }
            progress?(part.upperBound, files.count)
        }
        return (PictureStore(byteCounts, files, size, kept), findings)
    }

    /// How many images stay decoded, and their bytes.
    var keptCount: Int { kept.count { $0 != nil } }
    var keptBytes: Int { kept.reduce(0) { $0 + ($1?.pixels.count ?? 0) } }

    /// A line on images that do not stay decoded, if there are some.
    func remark(of count: Int, in name: String) -> String? {
        guard keptCount < count else { return nil }
        return "\(name): \(keptCount) of \(count.counted("image")) stay decoded, in \(keptBytes.bytesInWords); the "
            + "others are decoded when they are needed, and damage in them shows then"
    }

    private init(_ byteCounts: [Int], _ files: any EncodedFiles, _ size: ImageSize, _ kept: [DecodedImage?]) {
        (self.byteCounts, self.files, self.size, self.kept) = (byteCounts, files, size, kept)
    }

    /// The images of files, decoded in threads.
    ///
    /// - Returns: of each its image; or a `FormatError` of a file that is no longer what it was or is damaged, or a
    ///   `MachineError` where the machine cannot read it.
    func images(_ numbers: [Int]) -> [Result<DecodedImage, any Error>] {
        Parallel.map(numbers.count) { place in Result { try self.image(numbers[place]) } }
    }

    /// What errors call a file.
    func name(of number: Int) -> String { files.name(of: number) }

    private func image(_ number: Int) throws -> DecodedImage {
        if number < kept.count, let image = kept[number] { return image }
        let bytes: [UInt8]
        do { bytes = try files.bytes(of: number) } catch let error as FormatError {
            // Without its folder, all others of its class are gone too: it is the disk that is missing, or the class.
            if let folder = files.vanishedFolder(of: number) {
                throw MachineError(
                    "\(folder)", "the folder vanished during the run; put it back, and give the same command again")
            }
            throw lost(number, error.problem)
        }
        guard bytes.count == byteCounts[number] else {
            throw lost(number, "it has changed (\(bytes.count.counted("byte")), \(byteCounts[number]) before)")
        }
        return try ImageFile.picture(bytes, name: files.name(of: number)).read(for: size)
    }

    /// An error of a file that was there when the images were opened.
    private func lost(_ number: Int, _ problem: String) -> FormatError {
        FormatError(
            file: files.name(of: number), problem: "lost during the run: \(problem)",
            advice: "put it back as it was, and give the same command again")
    }

    private static func looks(
        at part: Range<Int>, of files: any EncodedFiles, for size: ImageSize, decoding: Bool
    ) -> [Look] {
        Parallel.map(part.count) { place in
            var look = Look()
            do {
                let number = part.lowerBound + place
                let name = files.name(of: number)
                if decoding {
                    let bytes = try files.bytes(of: number)
                    look.byteCount = bytes.count
                    let picture = try ImageFile.picture(bytes, name: name)
                    let image = try picture.read(for: size)
                    if picture.isDeep { look.deepest = image.pixels.max() }
                    look.image = image
                } else {
                    let start = try files.start(of: number)
                    look.byteCount = start.size
                    try ImageFile.checkKind(FileKind(start.bytes), name: name)
                }
            } catch {
                look.failure = error
            }
            return look
        }
    }
}
