import Datasets
import Foundation
import TensorCore

/// The log of a run beside its checkpoint, `FILE.steps`: what happened in each step and epoch, a line of JSON for each.
///
/// Only its end ever changes, so that a state costs the same however long the run was. A state says how much of the log
/// is its own; what a killed run wrote beyond that is cut away when it goes on.
final class StepLog {
    /// How much of a log belongs to a state.
    struct Extent: Codable, Hashable {
        /// The log's name when the state was written: older states are copied over newer ones, under another name.
        let file: String
        /// From the beginning.
        let bytes: Int
        /// Of these bytes.
        let checksum: String
    }

    /// What is logged of a step: the values of the network and those of networks that are trained beside it.
    struct Step: Codable {
        let step: Int
        let values: [String: Float]
        let peers: [[String: Float]]?
    }

    private struct EpochLine: Codable { let epoch: History.Epoch }

    private static let title = Data(#"{"log":"retort steps 1"}"#.utf8)
    private static let epochStart = Data(#"{"epoch":"#.utf8)

    let url: URL
    private var file: LineFile?
    private var pending = Data()
    private var length = 0
    private var checksum = Fingerprint()

    /// - Parameter checkpoint: the file that it lies beside.
    init(beside checkpoint: URL) { url = checkpoint.appendingPathExtension("steps") }

    /// What a state that is written now says of the log, all of which must be flushed.
    var extent: Extent { Extent(file: url.lastPathComponent, bytes: length, checksum: checksum.text) }

    /// Begins anew.
    ///
    /// - Throws: `FileWriteError` where another kind of file lies in its place, which is left as it is.
    func begin() throws {
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        var first: Data?
        // Of at most a line's length: the file may be anything.
        do { try LineFile.read(url, upTo: 1024) { first = first ?? $0 } } catch let error as FormatError {
            throw FileWriteError(path: url.pathAsGiven, cause: error.found)
        }
        let isEmpty = try OutputFile.size(url) == 0
        guard isEmpty || first == Self.title else {
            throw FileWriteError(
                path: url.pathAsGiven, cause: "exists and is no log of steps; move it, or name another checkpoint")
        }
    }

    func add(_ step: Step) throws { try add(line: StableCoding.data(step)) }

    /// - Parameter epoch: its steps are in the log already.
    func add(_ epoch: History.Epoch) throws { try add(line: StableCoding.data(EpochLine(epoch: epoch.withoutSteps))) }

    private func add(line: Data) throws {
        if length == 0 { take(Self.title) }
        take(line)
        if pending.count > 1 << 16 { try flush() }
    }

    private func take(_ line: Data) {
        pending.append(line)
        pending.append(0x0A)
        length += line.count + 1
        checksum.add(line)
    }

    /// Hands all lines to the system.
    ///
    /// - Parameter syncing: whether to wait until they are on the disk.
    func flush(syncing: Bool = false) throws {
        if !pending.isEmpty {
            let file = try file ?? LineFile(url, keeping: length - pending.count)
            self.file = file
            try file.append(pending)
            pending.removeAll(keepingCapacity: true)
        }
        if syncing { try file?.sync() }
    }

    /// Goes on after the part that belongs to a state; the rest is cut away when something is added.
    ///
    /// - Parameters:
    ///   - extent: as the state has it.
    ///   - read: gets each step and epoch of the part.
    ///   - wantsSteps: whether steps are read, and not only epochs.
    /// - Throws: `FormatError` for a log that does not have this part.
    func resume(_ extent: Extent, wantsSteps: Bool, step: (Step) throws -> Void, epoch: (History.Epoch) throws -> Void)
        throws
    {
        guard extent.bytes != 0 else { return try begin() }
        var sources = [url]
        // A state that was copied goes on from the log that it was written with.
        if extent.file != url.lastPathComponent, !extent.file.contains("/") {
            sources.append(url.deletingLastPathComponent().appendingPathComponent(extent.file))
        }
        let source = try sources.first { try FileManager.default.fileExists(atPath: $0.path) && has($0, extent) }
        guard let source else {
            throw FormatError(
                file: url.pathAsGiven,
                problem: FileManager.default.fileExists(atPath: url.path)
                    ? "not the log that the checkpoint was written with (\(extent.bytes.counted("byte")) or more)"
                    : "no such file, the log that the checkpoint was written with",
                advice: "put it back")
        }
        if source != url { try begin() }
        var number = 0
        try LineFile.read(source, upTo: extent.bytes) { line in
            number += 1
            if source == url {
                length += line.count + 1
                checksum.add(line)
            } else {
                take(line)
                if pending.count > 1 << 16 { try flush() }
            }
            do {
                if number == 1 {
                    guard line == Self.title else { throw fault(number, "'\(String(decoding: line, as: UTF8.self))'") }
                } else if line.starts(with: Self.epochStart) {
                    try epoch(StableCoding.value(EpochLine.self, from: line).epoch)
                } else if wantsSteps {
                    try step(StableCoding.value(Step.self, from: line))
                }
            } catch is DecodingError { throw fault(number, "what is no step and no epoch") }
        }
    }

    /// An error about a line.
    func fault(_ line: Int, _ found: String) -> FormatError {
        FormatError(
            file: url.pathAsGiven, place: "line \(line)", found: found, expected: "the log of the checkpoint's run")
    }

    /// Whether a file begins with this part; a machine that cannot read it is an error.
    private func has(_ file: URL, _ extent: Extent) throws -> Bool {
        var found = Fingerprint()
        do {
            guard try LineFile.read(file, upTo: extent.bytes, line: { found.add($0) }) == extent.bytes else {
                return false
            }
        } catch is FormatError { return false }
        return found.text == extent.checksum
    }
}
