import Foundation
import Retort

/// The folder that an experiment's results and teachers are kept in: `runs/NAME.json`, and `teachers/NAME.safetensors`
/// with `teachers/NAME.json` beside it.
///
/// Files are written whole or not at all, so several processes may work on one folder.
struct SynergyStore {
    let folder: URL

    private var runs: URL { folder.appendingPathComponent("runs", isDirectory: true) }
    private var teachers: URL { folder.appendingPathComponent("teachers", isDirectory: true) }

    /// Makes sure that results can be written.
    func prepare() throws {
        try OutputFile.prepareFolder(runs)
        try OutputFile.prepareFolder(teachers)
    }

    /// How a run ended; nil if it did not end yet.
    ///
    /// - Parameter settings: what it depends on now.
    /// - Throws: `FormatError` for a damaged file, and for the result of a run that depended on something else.
    func result(of cell: SynergyCell, settings: [String: String]) throws -> SynergyResult? {
        let url = runs.appendingPathComponent("\(cell.name).json")
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        let result = try Self.read(SynergyResult.self, from: url)
        try result.check(cell, file: url.path)
        try checkSettings(result.settings, settings, file: url.path)
        return result
    }

    /// Every result in the folder, in the order of their names.
    ///
    /// - Throws: `FormatError` for a damaged file, for the result of another version, and for results that are not of
    ///   the same images.
    func results() throws -> [SynergyResult] {
        var images: [SynergyData: String] = [:]
        return try FolderListing(runs).files.map { runs.appendingPathComponent($0.name) }.filter {
            $0.pathExtension == "json"
        }
        .map { url in
            let result = try Self.read(SynergyResult.self, from: url)
            guard url.lastPathComponent == "\(result.cell.name).json" else {
                throw FormatError(
                    file: url.path, place: "cell", found: "\(result.cell.name)",
                    expected: "the run of the file's name")
            }
            try result.check(result.cell, file: url.path)
            let first = images[result.cell.data, default: result.settings["images"] ?? "none"]
            images[result.cell.data] = first
            try checkSettings(result.settings, result.cell.settings(images: first), file: url.path)
            return result
        }
    }

    func write(_ result: SynergyResult) throws {
        let url = runs.appendingPathComponent("\(result.cell.name).json")
        try AtomicFile.write(Data((try jsonText(result) + "\n").utf8), to: url)
    }

    /// A teacher that was trained already; nil if there is none.
    ///
    /// - Throws: `FormatError` for a damaged file, and for a teacher that was trained otherwise.
    func teacher(_ teacher: SynergyTeacher, settings: [String: String]) throws -> (any Module)? {
        let url = teachers.appendingPathComponent("\(teacher.name).json")
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        let record = try Self.read(TeacherRecord.self, from: url)
        try checkSettings(record.settings, settings, file: url.path)
        let weights = weights(of: teacher)
        guard let network = try ModelFile.read(weights).module else {
            throw FormatError(file: weights.path, found: "an int8 model", expected: "a teacher in float32")
        }
        guard record.checksum == Self.checksum(network) else {
            throw FormatError(
                file: weights.path, found: "other weights", expected: "those that \(url.lastPathComponent) is about")
        }
        return network
    }

    /// Writes a teacher: its weights first, so that there are weights where there is a record.
    func write(
        _ teacher: SynergyTeacher, _ model: ModelFile, settings: [String: String], test: ClassReport, seconds: Double
    ) throws {
        guard let network = model.module else { fatalError("SynergyStore: an int8 teacher") }
        try model.write(to: weights(of: teacher))
        let record = TeacherRecord(
            teacher: teacher, settings: settings, checksum: Self.checksum(network), testAccuracy: test.accuracy,
            seconds: seconds)
        try AtomicFile.write(
            Data((try jsonText(record) + "\n").utf8), to: teachers.appendingPathComponent("\(teacher.name).json"))
    }

    private func weights(of teacher: SynergyTeacher) -> URL {
        teachers.appendingPathComponent("\(teacher.name).safetensors")
    }

    private static func checksum(_ network: any Module) -> String { Fingerprint.of { $0.add(network.tensors) } }

    /// Decodes a file.
    ///
    /// - Throws: `FormatError` with the place in it.
    private static func read<Value: Decodable>(_ type: Value.Type, from url: URL) throws -> Value {
        let data = try InputFile.read(url)
        do { return try JSONDecoder().decode(type, from: data) } catch let error as DecodingError {
            throw FormatError(error, in: url.path)
        }
    }

    private func checkSettings(_ stored: [String: String], _ now: [String: String], file: String) throws {
        guard let name = Set(stored.keys).union(now.keys).sorted().first(where: { stored[$0] != now[$0] }) else {
            return
        }
        throw FormatError(
            file: file, place: "settings: \(name)", found: stored[name] ?? "nothing",
            expected:
                "\(now[name] ?? "nothing"), as this version and these images have it (remove the file to run it again)")
    }
}

/// What is known of a stored teacher.
private struct TeacherRecord: Codable {
    let teacher: SynergyTeacher
    let settings: [String: String]
    /// Of its weights.
    let checksum: String
    /// Share of the test images that it classifies correctly.
    let testAccuracy: Double
    let seconds: Double
}

extension SynergyResult {
    /// Makes sure that a stored result is possible, and of the run that is wanted.
    ///
    /// - Throws: `FormatError` with the place in the file.
    func check(_ wanted: SynergyCell, file: String) throws {
        guard cell == wanted else {
            throw FormatError(file: file, place: "cell", found: cell.name, expected: wanted.name)
        }
        guard images > 0, (0...images).contains(right) else {
            throw FormatError(
                file: file, place: "right", found: "\(right) of \(images) images",
                expected: "a share of 1 or more images")
        }
        guard (0...1).contains(validationAccuracy) else {
            throw FormatError(
                file: file, place: "validationAccuracy", found: "\(validationAccuracy)", expected: "a number in 0 ... 1"
            )
        }
        guard seconds >= 0 else {
            throw FormatError(file: file, place: "seconds", found: "\(seconds)", expected: "0 or more")
        }
    }
}

extension FormatError {
    /// A decoder's error in the house's form.
    init(_ error: DecodingError, in file: String) {
        func place(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            self.init(
                file: file, place: place(context.codingPath + [key]), found: "nothing", expected: "a value")
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            self.init(file: file, place: place(context.codingPath), found: "another type", expected: "\(type)")
        case .dataCorrupted(let context):
            let path = place(context.codingPath)
            self.init(
                file: file, place: path, found: path.isEmpty ? "text that is no JSON" : "a value out of range",
                expected: path.isEmpty ? "JSON" : "one that the program knows")
        @unknown default:
            self.init(file: file, found: "text that cannot be decoded", expected: "a stored result")
        }
    }
}
