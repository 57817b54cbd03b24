import Foundation
import TensorCore
import TestSupport

@testable import Training

/// A checkpoint whose content was changed and whose checksums were made right again, as nobody does by accident: what
/// is left to stop it are the checks of each number.
enum ForgedCheckpoint {
    /// Calls the closure with each change of the state's text, of what controllers keep in it, of the samples' losses
    /// and of the log; the files hold it while the closure runs, and what they held before in the end.
    ///
    /// - Parameter body: gets a description of the change.
    static func forEachChange(of url: URL, _ body: (String) throws -> Void) throws {
        let (original, logURL) = (try Data(contentsOf: url), url.appendingPathExtension("steps"))
        let log = try Data(contentsOf: logURL)
        func restore() throws {
            try original.write(to: url)
            try log.write(to: logURL)
        }
        defer { try? restore() }
        let sealed = SealedFile(name: "a checkpoint", key: "state", formats: ["retort checkpoint 4"])
        let (text, tensors, integers) = try sealed.open(SafetensorsFile.read(url))
        func attempt(
            _ name: String, _ state: Any, _ tensors: [String: Tensor], _ integers: [String: [Int64]],
            log changed: Data? = nil
        ) throws {
            try restore()
            if let changed { try changed.write(to: logURL) }
            let data = try JSONSerialization.data(withJSONObject: state, options: [.fragmentsAllowed])
            let text = String(decoding: data, as: UTF8.self)
            try sealed.file(text, tensors, integers: integers).write(to: url)
            try body(name)
        }
        let state = try JSONSerialization.jsonObject(with: Data(text.utf8))
        for (name, changed) in jsonChanges(of: state) where !name.hasPrefix(".origin.") {
            try attempt(name, changed, tensors, integers)
        }
        // Controllers are JSON within the JSON.
        if let state = state as? [String: Any], let controllers = state["controllers"] as? [String] {
            for (index, encoded) in controllers.enumerated() {
                let inner = try JSONSerialization.jsonObject(with: Data(base64Encoded: encoded) ?? Data())
                for (name, changed) in jsonChanges(of: inner) {
                    var copies = controllers
                    let data = try JSONSerialization.data(withJSONObject: changed, options: [.fragmentsAllowed])
                    copies[index] = data.base64EncodedString()
                    var forged = state
                    forged["controllers"] = copies
                    try attempt("controller \(index)\(name)", forged, tensors, integers)
                }
            }
        }
        for (name, numbers) in integers {
            for (place, value) in [(0, -1), (1, -1), (2, 0), (2, -1), (2, .max), (0, .max)] as [(Int, Int64)]
            where place < numbers.count {
                var copies = integers
                copies[name]?[place] = value
                try attempt("\(name)[\(place)] = \(value)", state, tensors, copies)
            }
            for length in [0, 1, 3, numbers.count - 1] where length < numbers.count {
                try attempt(
                    "\(name) of \(length)", state, tensors,
                    integers.merging([name: Array(numbers.prefix(length))]) { $1 })
            }
        }
        for name in tensors.keys.sorted() {
            for shape in [[], [0], [1], [1 << 10, 3]] as [Shape] {
                try attempt("\(name) of \(shape)", state, tensors.merging([name: .zeros(shape)]) { $1 }, integers)
            }
            try attempt(
                "\(name) below 0", state, tensors.merging([name: (tensors[name] ?? Tensor(Float(0))) * -1]) { $1 },
                integers)
            try attempt("no \(name)", state, tensors.filter { $0.key != name }, integers)
        }
        try forEachChange(ofLog: log) { name, changed, extent in
            guard var forged = state as? [String: Any], var part = forged["log"] as? [String: Any] else { return }
            (part["bytes"], part["checksum"]) = (changed.count, extent)
            forged["log"] = part
            try attempt(name, forged, tensors, integers, log: changed)
        }
    }

    /// The log with one line after another changed, and the checksum of each.
    private static func forEachChange(ofLog log: Data, _ body: (String, Data, String) throws -> Void) throws {
        let lines = log.split(separator: 0x0A).map { Data($0) }
        func attempt(_ name: String, _ lines: [Data]) throws {
            let checksum = Fingerprint.of { fingerprint in for line in lines { fingerprint.add(line) } }
            try body(name, Data(lines.map { $0 + [0x0A] }.joined()), checksum)
        }
        for place in [0, 1, 4, lines.count - 1] {
            for content in ["", "{}", "null", "{\"epoch\":{}}", "{\"step\":-1}"] {
                var changed = lines
                changed[place] = Data(content.utf8)
                try attempt("line \(place) \(content)", changed)
            }
            try attempt("no line \(place)", Array(lines[..<place] + lines[(place + 1)...]))
            try attempt("line \(place) twice", Array(lines[...place] + lines[place...]))
            for (name, changed) in jsonChanges(of: try JSONSerialization.jsonObject(with: lines[place])) {
                let data = try JSONSerialization.data(withJSONObject: changed, options: [.fragmentsAllowed])
                try attempt("line \(place)\(name)", Array(lines[..<place]) + [data] + Array(lines[(place + 1)...]))
            }
        }
    }
}
