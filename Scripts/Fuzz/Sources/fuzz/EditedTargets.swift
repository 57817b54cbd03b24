import Foundation
import Retort

/// The graph of a model file with some of its values changed: the first byte says which file, the others are edits.
struct GraphTarget: FuzzTarget {
    let name = "graph"

    private static let files: [SafetensorsFile] = {
        do {
            return try [false, true].flatMap { isInt8 in
                try ModelTarget(isInt8: isInt8).seeds().map { try SafetensorsFile(decoding: $0, file: "seed") }
            }
        } catch { fatalError("seeds of graph: \(error)") }
    }()

    func seeds() throws -> [Data] { Self.files.indices.map { Data([UInt8($0), 0, 9, 200]) } }

    func read(_ input: Data) throws {
        guard let first = input.first else { return }
        var file = Self.files[Int(first) % Self.files.count]
        let key = "retort.graph"
        guard let text = file.metadata[key] else { fatalError("graph: no \(key) in a seed") }
        file.metadata[key] = try JSONEdits(bytes: Array(input.dropFirst())).applied(to: text)
        try ModelTarget(isInt8: false).read(file.encoded())
    }
}
