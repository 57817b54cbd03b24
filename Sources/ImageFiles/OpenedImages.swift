import Datasets
import TensorCore

/// Images that were opened, and what was found on the way.
struct OpenedImages {
    var images: EncodedImages
    /// Files that were left out, where that was asked for.
    let errors: [(className: String?, error: FormatError)]
    /// The number of files of each class, those left out among them.
    let counts: [(name: String, count: Int)]
    /// What there is to say of the images.
    let remarks: [String]

    static let skipping = "leave out bad files by --skip-bad"

    /// Opens images that lie in files, one by one or in archives.
    ///
    /// - Parameters:
    ///   - rule: how images are held out later.
    ///   - memory: bytes for images that stay decoded.
    ///   - losses: nil for an error where a file cannot be used; else all are decoded once, and those that cannot be,
    ///     now or later, are left out.
    ///   - progress: called from time to time with the number of files that were looked at, and of all.
    init(
        _ place: ImagePlace, size: ImageSize, heldOut rule: HeldOut = .byName, memory: Int,
        losses: LostFiles.Teller?, progress: PictureStore.Progress? = nil
    ) throws {
        let found = try LabelledFiles(place)
        if losses == nil, let first = found.faults.first { throw first.error.advising(Self.skipping) }
        try self.init(
            found.files, found.index(rule), faults: found.faults, counts: found.counts, remarks: found.remarks,
            name: found.name, size: size, memory: memory, losses: losses, progress: progress)
    }

    /// Opens a part of a packed folder.
    init(
        _ part: PackedFiles.Part, of files: PackedFiles, size: ImageSize, heldOut rule: HeldOut, memory: Int,
        losses: LostFiles.Teller?, progress: PictureStore.Progress? = nil
    ) throws {
        var counts = [Int](repeating: 0, count: part.index.classCount)
        for case let label? in part.index.labels { counts[label] += 1 }
        try self.init(
            SomeFiles(files: files, numbers: part.numbers), files.index(of: part, rule), faults: [],
            counts: Array(zip(part.index.classNames, counts)), remarks: [], name: "\(files.path)", size: size,
            memory: memory, losses: losses, progress: progress)
    }

    private init(
        _ files: any EncodedFiles, _ index: ImageIndex, faults: [(className: String?, error: FormatError)],
        counts: [(name: String, count: Int)], remarks: [String], name: String, size: ImageSize, memory: Int,
        losses: LostFiles.Teller?, progress: PictureStore.Progress?
    ) throws {
        let (store, findings) = try PictureStore.open(
            files, for: size, memory: memory, checkingAll: losses != nil, progress: progress)
        let bad = findings.failures.sorted { $0.key < $1.key }
        if losses == nil, let first = bad.first { throw first.value.advising(Self.skipping) }
        func className(of file: Int) -> String? { index.labels[file].map { index.classNames[$0] } }
        let errors = faults + bad.map { (className(of: $0.key), $0.value) }
        let kept = (0..<files.count).filter { findings.failures[$0] == nil }
        let present = Set(kept.map { index.labels[$0] })
        for (label, className) in index.classNames.enumerated() where !present.contains(label) {
            throw errors.first { $0.className == className }?.error
                ?? FormatError(file: name, found: "no image of \(className)", expected: "1 or more")
        }
        // Ids count those that are left, as those of a folder without the others.
        let left = index.subset(kept)
        images = EncodedImages(
            ImageIndex(labels: left.labels, classNames: left.classNames, identities: left.identities), size, store,
            files: kept, losses: losses.map(LostFiles.init))
        (self.errors, self.counts) = (errors, counts)
        // Sensors of 12 bits in files of 16: all is nearly black, and most of what tells images apart is lost.
        let dark = findings.deepest.flatMap { largest in
            largest < 64
                ? "\(name): images of 16 bits use less than a quarter of their range (\(largest) of 255 at most); "
                    + "is sBIT missing in them?" : nil
        }
        self.remarks = remarks + [dark, store.remark(of: kept.count, in: name)].compactMap { $0 }
    }
}

/// Some of a number of files.
private struct SomeFiles: EncodedFiles {
    let files: PackedFiles
    let numbers: [Int]

    var count: Int { numbers.count }
    func name(of number: Int) -> String { files.name(of: numbers[number]) }
    func start(of number: Int) throws -> (size: Int, bytes: [UInt8]) { try files.start(of: numbers[number]) }
    func bytes(of number: Int) throws -> [UInt8] { try files.bytes(of: numbers[number]) }
}
