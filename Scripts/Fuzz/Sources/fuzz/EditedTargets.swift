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

/// The state of a run with some of its values changed and the checksum made right: the run goes on, or is refused.
struct CheckpointTarget: FuzzTarget {
    let name = "checkpoint"

    func seeds() throws -> [Data] { (0..<8).map { Data([0, UInt8(7 * $0), UInt8(30 * $0)]) } }

    private static let data: TrainingData = {
        let pixels = (0..<12 * 16).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let images = ImageSet(
            pixels: pixels, height: 4, width: 4, channels: 1, labels: (0..<12).map { $0 % 2 }, classNames: ["a", "b"])
        return TrainingData(
            labelled: images.subset(Array(0..<8)), validation: images.subset(Array(8..<12)),
            controllers: [ClassController(threshold: 0.9), HardnessController(.stronger(upTo: 2))])
    }()

    private static func fit(_ checkpoint: URL) throws {
        let plan = TrainingPlan(steps: 6, stepsPerEpoch: 2, batchSize: 4, weightAveraging: 0.9)
        var model = MLP(inputs: 16, hidden: [3], classes: 2, seed: 1)
        _ = try Trainer(plan, on: data, checkpoint: checkpoint).fit(&model)
    }

    /// A checkpoint in the middle of the run.
    private static let file: SafetensorsFile = {
        do {
            try fit(scratch)
            return try SafetensorsFile.read(scratch)
        } catch { fatalError("seed of checkpoint: \(error)") }
    }()

    func read(_ input: Data) throws {
        guard let text = Self.file.metadata["state"] else { fatalError("checkpoint: no state in the seed") }
        let edited = try JSONEdits(bytes: Array(input)).applied(to: text)
        try Seal.stored(Self.file, key: "state", text: edited).write(to: scratch)
        do { try Self.fit(scratch) } catch is TrainingError {}
    }
}
