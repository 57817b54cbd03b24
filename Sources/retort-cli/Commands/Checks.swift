import ArgumentParser
import Foundation
import Retort

/// Refuses an option's value outside its range.
///
/// - Throws: `ConfigurationError`.
func checkSetting<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    guard range.contains(value) else {
        throw ConfigurationError(
            [.name(name)], "\(value) found, \(range.lowerBound) to \(range.upperBound) expected")
    }
}

/// Refuses a network's name that is none.
///
/// - Throws: `ConfigurationError`.
func checkArchitecture(_ option: String, _ name: String) throws {
    do { _ = try Architecture.family(named: name) } catch let fault as FormatError {
        throw ConfigurationError([.name(option)], "\(fault.found) found, \(fault.expected) expected")
    }
}

/// Refuses an option's value outside its range, as wrong usage of a command that has no recipes.
func checkOption<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    do { try checkSetting(name, value, range) } catch { throw ValidationError("--\(error)") }
}

/// A file that a command will write.
enum OutputFile {
    /// Makes sure, before any work is done for it, that the file can be written; leaves nothing behind.
    ///
    /// - Throws: `FileWriteError` saying why not.
    static func check(_ url: URL) throws {
        let target = url.resolvingSymlinksInPath()
        let kind = try? FileManager.default.attributesOfItem(atPath: target.path)[.type] as? FileAttributeType
        guard kind == nil || kind == .typeRegular else {
            throw FileWriteError(path: url.path, cause: "exists and is not a regular file")
        }
        let probe = target.deletingLastPathComponent().appendingPathComponent(".\(target.lastPathComponent).probe")
        do { try AtomicFile.write(Data(), to: probe) } catch {
            throw FileWriteError(path: url.path, cause: error.cause)
        }
        try? FileManager.default.removeItem(at: probe)
    }

    /// Bytes of a file.
    static func size(_ url: URL) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
    }
}

/// A result as JSON that a person can read too, its keys in order.
func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// A value as JSON on one line, its keys in order: the same value as the same text.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// What a command found, in words or as JSON.
protocol CommandResult: Encodable, CustomStringConvertible {}

extension CommandResult {
    /// Writes the result to standard output; JSON has its keys in order.
    func show(asJSON: Bool) throws {
        guard asJSON else { return print(description) }
        print(try jsonText(self))
    }
}
