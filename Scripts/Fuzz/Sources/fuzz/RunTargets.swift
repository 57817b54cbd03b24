import Foundation
import Retort
import Synchronization

/// A run of six steps, and what it leaves when it is stopped in the middle.
private enum SmallRun {
    private static let data: TrainingData = {
        let pixels = (0..<12 * 16).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let images = ImageSet(
            pixels: pixels, height: 4, width: 4, channels: 1, labels: (0..<12).map { $0 % 2 }, classNames: ["a", "b"])
        return TrainingData(
            labelled: images.subset(Array(0..<8)), validation: images.subset(Array(8..<12)),
            controllers: [ClassController(threshold: 0.9), HardnessController(.stronger(upTo: 2))])
    }()

    private static let log = scratch.appendingPathExtension("steps")

    /// Goes on from the checkpoint that is there, to the end or until so many steps are done.
    private static func fit(stoppingAfter stop: Int = .max) throws {
        let plan = TrainingPlan(steps: 6, stepsPerEpoch: 2, batchSize: 4, weightAveraging: 0.9)
        var model = MLP(inputs: 16, hidden: [3], classes: 2, seed: 1)
        let done = Mutex(0)
        var trainer = Trainer(plan, on: data, checkpoint: scratch) { progress in
            done.withLock { $0 = progress.step }
        }
        trainer.shouldStop = { done.withLock { $0 >= stop } }
        do { _ = try trainer.fit(&model) } catch is TrainingError {}
    }

    /// A checkpoint after three steps, within the second epoch and after a validation: its file, state and log.
    static let middle: (file: SafetensorsFile, state: String, log: Data) = {
        do {
            try fit(stoppingAfter: 3)
            let file = try SafetensorsFile.read(scratch)
            guard let state = file.metadata["state"], state.contains(#""step":3"#) else {
                fatalError("seed of a run: no state after three steps")
            }
            return (file, state, try Data(contentsOf: log))
        } catch { fatalError("seed of a run: \(error)") }
    }()

    /// Goes on from another state and log than the run left, with the checksum made right.
    static func goOn(state: String, log lines: Data) throws {
        try Seal.stored(middle.file, key: "state", text: state).write(to: scratch)
        // The run before this one went on from its log, or cut it.
        try lines.write(to: log)
        try fit()
    }

    /// The state with this log as its own.
    static func state(with log: Data) throws -> String {
        var state = try JSONSerialization.jsonObject(with: Data(middle.state.utf8)) as? [String: Any] ?? [:]
        var extent = state["log"] as? [String: Any] ?? [:]
        extent["bytes"] = log.count
        extent["checksum"] = Seal.lines(log)
        state["log"] = extent
        let text = try JSONSerialization.data(withJSONObject: state, options: .sortedKeys)
        return String(decoding: text, as: UTF8.self)
    }
}

/// The state of a run with some of its values changed: the run goes on, or is refused.
struct CheckpointTarget: FuzzTarget {
    let name = "checkpoint"

    func seeds() throws -> [Data] { (0..<8).map { Data([0, UInt8(7 * $0), UInt8(30 * $0)]) } }

    func read(_ input: Data) throws {
        let edited = try JSONEdits(bytes: Array(input)).applied(to: SmallRun.middle.state)
        try SmallRun.goOn(state: edited, log: SmallRun.middle.log)
    }
}

/// The log of a run with some of its values changed, or, where the first byte is 0, with lines of any bytes.
struct StepLogTarget: FuzzTarget {
    let name = "steps"

    func seeds() throws -> [Data] { [Data([0]) + SmallRun.middle.log] + (0..<8).map { Data([1, 0, 7 * $0, 30 * $0]) } }

    func read(_ input: Data) throws {
        guard let first = input.first else { return }
        let log = first == 0 ? Data(input.dropFirst()) : try edited(by: Array(input.dropFirst()))
        try SmallRun.goOn(state: SmallRun.state(with: log), log: log)
    }

    private func edited(by bytes: [UInt8]) throws -> Data {
        let lines = String(decoding: SmallRun.middle.log, as: UTF8.self).split(separator: "\n").joined(separator: ",")
        let text = try JSONEdits(bytes: bytes).applied(to: "[\(lines)]")
        let root = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        return try (root as? [Any] ?? [root]).reduce(into: Data()) { log, line in
            log += try JSONSerialization.data(withJSONObject: line, options: [.fragmentsAllowed, .sortedKeys])
            log.append(0x0A)
        }
    }
}
