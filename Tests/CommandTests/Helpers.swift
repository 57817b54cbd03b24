import Foundation
import Retort
import Testing

/// How a run of the command line ended.
struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    var errorLines: [Substring] { errors.split(separator: "\n") }

    /// The output, which must be one JSON object.
    func json() throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "no JSON: \(output) \(errors)")
    }
}

/// A built program, in a folder of its own for each test.
struct CommandLine {
    /// The program beside the bundle of tests, where a build puts both.
    static func built(_ name: String) -> URL {
        final class Anchor {}
        let places = [Bundle.main.bundleURL, Bundle(for: Anchor.self).bundleURL.deletingLastPathComponent()]
        let found = places.map { $0.appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return found ?? places[0].appending(path: name)
    }

    var executable = built("retort")
    let folder: URL

    /// Runs the command in the folder and waits for its end.
    ///
    /// - Parameter meanwhile: called while it runs, with the file that its errors go to.
    @discardableResult
    func run(
        _ arguments: [String], environment: [String: String] = [:],
        meanwhile: (Process, URL) throws -> Void = { _, _ in }
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = executable
        process.currentDirectoryURL = folder
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, since a full pipe that nobody reads would stop the process.
        let streams = ["out", "err"].map { FileManager.default.temporaryDirectory.appending(path: "\(UUID()).\($0)") }
        defer { for url in streams { try? FileManager.default.removeItem(at: url) } }
        let handles = try streams.map { url in
            try Data().write(to: url)
            return try FileHandle(forWritingTo: url)
        }
        (process.standardOutput, process.standardError) = (handles[0], handles[1])
        process.standardInput = FileHandle.nullDevice
        try process.run()
        try meanwhile(process, streams[1])
        process.waitUntilExit()
        for handle in handles { try handle.close() }
        let texts = try streams.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }

    /// Runs a command line without quotes, which must succeed.
    @discardableResult
    func succeed(
        _ line: String, environment: [String: String] = [:], location: SourceLocation = #_sourceLocation
    ) throws -> Outcome {
        let outcome = try run(line.words, environment: environment)
        #expect(outcome.status == 0, "\(line): \(outcome.errors)", sourceLocation: location)
        return outcome
    }

    /// Runs a command line without quotes, which must be refused.
    @discardableResult
    func fail(_ line: String, location: SourceLocation = #_sourceLocation) throws -> Outcome {
        let outcome = try run(line.words)
        #expect(outcome.status != 0, "\(line): \(outcome.output)", sourceLocation: location)
        return outcome
    }

    /// Whether there is a C compiler, without which nothing can be put between a program and the system.
    static var hasCompiler: Bool {
        let folder = FileManager.default.temporaryDirectory
        return (try? CommandLine(executable: URL(filePath: "/usr/bin/env"), folder: folder).run(["cc", "--version"]))?
            .status == 0
    }

    /// Compiles functions in C that take the place of the system's.
    ///
    /// - Returns: the environment of a program that they are for.
    func replacing(_ functions: String) throws -> [String: String] {
        try Data(functions.utf8).write(to: folder.appending(path: ".functions.c"))
        let compiled = try CommandLine(executable: URL(filePath: "/usr/bin/env"), folder: folder)
            .run("cc -shared -fPIC .functions.c -o .functions.so".words)
        try #require(compiled.status == 0, "\(compiled.errors)")
        return ["LD_PRELOAD": folder.appending(path: ".functions.so").path]
    }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }

    /// Names of the files in the folder.
    func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
}

/// Writes a set as MNIST's files are: the layout is that of the published description.
func writeMNIST(_ part: String, _ images: ImageSet, to folder: URL) throws {
    func extent(_ value: Int) -> [UInt8] { stride(from: 24, through: 0, by: -8).map { UInt8(value >> $0 & 0xFF) } }
    let header = [0, 0, 8, 3] + extent(images.count) + extent(images.height) + extent(images.width)
    try Data(header + images.pixels).write(to: folder.appending(path: "\(part)-images-idx3-ubyte"))
    let labels = images.labels.map { UInt8($0 ?? 0) }
    try Data([0, 0, 8, 1] + extent(images.count) + labels).write(
        to: folder.appending(path: "\(part)-labels-idx1-ubyte"))
}

/// Few enough images for a debug build: `mini` holds 200 to train on and 50 to test on, as many of each class.
let mini = Result {
    let digits = try Digits.embedded()
    return (
        train: try digits.train.split(labelled: 200, seed: 0).labelled,
        test: try digits.test.split(labelled: 50, seed: 0).labelled
    )
}

func writeMini(to folder: URL) throws {
    let data = folder.appending(path: "mini")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    try writeMNIST("train", mini.get().train, to: data)
    try writeMNIST("t10k", mini.get().test, to: data)
}

extension String {
    /// The arguments of a command line without quotes.
    var words: [String] { split(separator: " ").map(String.init) }
}
