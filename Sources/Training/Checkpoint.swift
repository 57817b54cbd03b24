import Datasets
import Foundation
import Layers
import TensorCore

/// What a checkpoint says besides tensors.
private struct RunState: Codable {
    /// What the run started from, by name: a checkpoint continues no other run.
    let origin: Provenance
    /// ``CheckpointKeeping/settings``; nil where there were none.
    let settings: [String: String]?
    /// The number of labelled images of each class by its name, and files that were lost during the run; nil in states
    /// of versions that did not say it.
    let classCounts: [String: Int]?
    let lostFiles: [String]?
    let epoch: Int
    /// Steps done, which may end within the epoch, and what that epoch's came to.
    let step: Int
    let meter: EpochMeter.Sums
    let peerMeters: [EpochMeter.Sums]
    /// What is known of the steps and epochs so far lies there.
    let log: StepLog.Extent
    let controllers: [Data]
    let bestAccuracy: Double?
    let bestAge: Int
    let bestEpoch: Int?
}

/// What a run that is restored must go together with.
struct RunFrame {
    let plan: TrainingPlan
    /// What the run starts from, by name.
    let origin: Provenance
    /// ``CheckpointKeeping/settings``.
    let settings: [String: String]
    let data: TrainingData
    /// Networks that are trained beside the first.
    let peers: Int
}

/// A checkpoint that was read and is undamaged, whatever run it is of.
struct StoredState {
    /// Versions 2 and 3 had the history within, which grew with the run.
    fileprivate static let sealed = SealedFile(
        name: "a checkpoint", key: "state", formats: ["retort checkpoint 4"],
        older: ["retort checkpoint 2", "retort checkpoint 3"])

    fileprivate let source: String
    fileprivate let state: RunState
    /// Epochs that were done.
    var epoch: Int { state.epoch }
    fileprivate let tensors: [String: Tensor]
    fileprivate let integers: [String: [Int64]]

    /// - Throws: `FormatError` for a file that is no checkpoint or was damaged.
    init(_ url: URL) throws {
        let file = try SafetensorsFile.read(url, expecting: "a checkpoint, or the name of a new file,")
        source = file.source
        let text: String
        (text, tensors, integers) = try Self.sealed.open(file)
        guard let state = try? StableCoding.value(RunState.self, from: Data(text.utf8)) else {
            throw FormatError(
                file: source, place: "metadata: state", found: "text that cannot be decoded",
                expected: "the state of a run")
        }
        self.state = state
    }

    /// Whether a file is a checkpoint, or so damaged that it may be one.
    static func isPossible(_ url: URL) -> Bool {
        guard let start = try? InputFile.start(of: FilePath(url)), FileKind(start) == .safetensors else { return false }
        guard let file = try? SafetensorsFile.read(url) else { return true }
        return (sealed.formats + sealed.older).contains(file.metadata["format"] ?? "")
    }
}

extension RunState {
    /// What to say of the state of another run, and what to do; nil for that of the frame's.
    fileprivate func difference(from frame: RunFrame) -> (problem: String, advice: String)? {
        guard let part = origin.difference(from: frame.origin) else { return nil }
        let (old, new) = (settings ?? [:], frame.settings)
        let sameSettings = "go on with the settings that it has"
        // Who asked for it knows the options.
        guard !old.isEmpty, !new.isEmpty else { return (part, sameSettings) }
        let kind = CheckpointKeeping.command
        let names = Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }
        guard !names.isEmpty else {
            let change = origin.differs("labelled images", from: frame.origin) ? imageChange(in: frame.data) : nil
            // An option that is called as what differs, such as --teacher, names it.
            let file = new["--\(part.drop { $0 != " " }.dropFirst())"].map { "\($0) has changed" }
            return (
                "\(part) with the same options: "
                    + (change ?? file ?? "a file that they name has changed, or the program"),
                change == nil ? "put it back as it was" : "put the files back as they were"
            )
        }
        func text(_ name: String, in settings: [String: String], other: [String: String]) -> String {
            guard let value = settings[name], value != "false" else { return "no \(name)" }
            if value == "true" { return name }
            return Self.isShort(value) && other[name].map(Self.isShort) ?? true ? "\(name) \(value)" : "another \(name)"
        }
        let told = names.contains(kind) ? [kind] : names
        let had = told.map { text($0, in: old, other: new) }
        let has = told.map { text($0, in: new, other: old) }.filter { !had.contains($0) }
        return (
            "it has \(had.joined(separator: ", "))"
                + (has.isEmpty ? "" : "; this one has \(has.joined(separator: ", "))"),
            sameSettings
        )
    }

    /// In what labelled images differ from those of the state, as far as it is known.
    private func imageChange(in data: TrainingData) -> String? {
        let now = data.classCounts
        let counts = (classCounts ?? now).sorted { $0.key < $1.key }.compactMap { name, count in
            count == now[name] ? nil : "\(name) had \(count.counted("image")) for training and has \(now[name] ?? 0)"
        }
        let lost = lostFiles.flatMap { $0.isEmpty ? nil : "lost during the run: \($0.firstInWords)" }
        let parts = counts.prefix(3) + [lost].compactMap(\.self)
        guard parts.isEmpty else { return parts.joined(separator: "; ") }
        return classCounts == nil ? nil : "as many of each class, but another of them or other bytes"
    }

    /// Whether a value is told in a line of others; a policy in YAML is not.
    private static func isShort(_ value: String) -> Bool { value.count <= 60 && !value.contains(where: \.isNewline) }
}

extension Run {
    /// All that is needed to go on, as a file.
    ///
    /// - Parameters:
    ///   - frame: what the run started from and was asked for.
    ///   - log: how much of the log belongs to the state.
    func file(in frame: RunFrame, log: StepLog.Extent) throws -> SafetensorsFile {
        let state = try StableCoding.text(
            RunState(
                origin: frame.origin, settings: frame.settings.isEmpty ? nil : frame.settings,
                classCounts: frame.data.classCounts, lostFiles: frame.data.lostFiles, epoch: epoch, step: step,
                meter: meter.sums, peerMeters: peerMeters.map(\.sums),
                log: log,
                controllers: try controllers.map { try StableCoding.data($0) }, bestAccuracy: best?.accuracy,
                bestAge: best?.age ?? 0, bestEpoch: history.bestEpoch))
        var tensors: [String: Tensor] = [:]
        for (group, members) in [
            ("model", model.tensors), ("optimizer", optimizer.tensors), ("average", average?.tensors ?? [:]),
            ("best", best?.tensors ?? [:]),
        ] {
            for (path, tensor) in members { tensors["\(group)/\(path)"] = tensor }
        }
        var samples: [String: [Int64]] = [:]
        for (index, meter) in ([meter] + peerMeters).enumerated() where meter.count > 0 {
            samples["samples/\(index)"] = meter.samples
        }
        return StoredState.sealed.file(state, tensors, integers: samples)
    }

    /// Takes over the state of a checkpoint of this very run: all of it or, on an error, nothing. The log goes on where
    /// the state has it.
    ///
    /// - Throws: `FormatError` for a checkpoint of a run with another plan, network, loss, images or controllers, and
    ///   for a state that no run can have had, its log included.
    mutating func restore(from stored: StoredState, log: StepLog, in frame: RunFrame) throws {
        let (source, state, tensors, integers) = (stored.source, stored.state, stored.tensors, stored.integers)
        func fault(_ place: String, _ found: String, _ expected: String) -> FormatError {
            FormatError(file: source, place: place, found: found, expected: expected)
        }
        if let other = state.difference(from: frame) {
            throw FormatError(
                file: source, place: "the state of another run", problem: other.problem, advice: other.advice)
        }
        try check(state, in: frame, fault)
        func members(of group: String) -> [String: Tensor] {
            var found: [String: Tensor] = [:]
            for (name, tensor) in tensors where name.hasPrefix(group + "/") {
                found[String(name.dropFirst(group.count + 1))] = tensor
            }
            return found
        }
        var restored = self
        try restored.model.load(members(of: "model"), from: source)
        let shapes = model.tensors.mapValues(\.shape)
        let moments = members(of: "optimizer")
        if let name = restored.optimizer.restore(moments, shapes: shapes, steps: state.step) {
            throw fault(
                "tensor optimizer/\(name)", "shape \(moments[name]?.shape ?? [])", "that of a parameter")
        }
        if average != nil {
            var averaged = model
            try averaged.load(members(of: "average"), from: source)
            restored.average?.tensors = averaged.tensors
            restored.average?.steps = state.step
        }
        if let accuracy = state.bestAccuracy {
            var best = model
            try best.load(members(of: "best"), from: source)
            restored.best = (best.tensors, accuracy, state.bestAge)
        }
        restored.controllers = try zip(controllers, state.controllers).enumerated().map { index, pair in
            guard let controller = try? pair.0.decodedLikeSelf(pair.1),
                frame.data.isPossible(controller)
            else {
                throw fault("metadata: state", "a state that controller \(index) cannot have had", "one of its own")
            }
            return controller
        }
        restored.epoch = state.epoch
        restored.step = state.step
        let past = try PastSteps(
            log, state.log, keepingSteps: keepsSteps, step: state.step, epoch: state.epoch, in: frame)
        restored.history.epochs = past.epochs
        restored.history.bestEpoch = state.bestEpoch
        func meter(_ index: Int, _ sums: EpochMeter.Sums, _ steps: StepValues?) throws -> EpochMeter {
            let name = "samples/\(index)"
            guard let meter = EpochMeter(sums, samples: integers[name] ?? [], steps: steps) else {
                throw fault("array \(name)", "losses of samples that do not fit the state", "those of its epoch")
            }
            return meter
        }
        restored.meter = try meter(0, state.meter, past.values)
        restored.peerMeters = try state.peerMeters.enumerated().map { index, sums in
            try meter(index + 1, sums, past.peerValues?[index])
        }
        self = restored
    }

    /// Checks every number of a state against the run.
    private func check(_ state: RunState, in frame: RunFrame, _ fault: (String, String, String) -> FormatError) throws {
        let plan = frame.plan
        guard (0...plan.epochs).contains(state.epoch), plan.contains(step: state.step, in: state.epoch),
            state.controllers.count == controllers.count
        else {
            throw fault(
                "metadata: state",
                "step \(state.step) in epoch \(state.epoch), \(state.controllers.count.counted("controller"))",
                "at most \(plan.epochs.counted("epoch")), \(controllers.count.counted("controller"))")
        }
        let steps = state.step - min(state.epoch * plan.stepsPerEpoch, plan.steps)
        guard state.peerMeters.count == (steps > 0 ? frame.peers : 0),
            ([state.meter] + state.peerMeters).allSatisfy({
                $0.isPossible(after: steps, batch: plan.batchSize + plan.unlabelledBatchSize)
            })
        else {
            throw fault("metadata: state", "sums of an epoch that it cannot have", "those of \(steps.counted("step"))")
        }
        let isBestPossible =
            switch (state.bestAccuracy, state.bestEpoch) {
            case (nil, nil): state.bestAge == 0
            case (let accuracy?, let epoch?):
                plan.patience != nil && (0...1).contains(accuracy) && (0..<state.epoch).contains(epoch)
                    && state.bestAge == state.epoch - 1 - epoch
            default: false
            }
        guard isBestPossible else {
            throw fault(
                "metadata: state",
                "a best accuracy of \(state.bestAccuracy ?? 0), \(state.bestAge.counted("epoch")) old",
                "one of \(state.epoch.counted("epoch")), where the plan ends early")
        }
    }
}

extension DataController {
    fileprivate func decodedLikeSelf(_ data: Data) throws -> Self { try StableCoding.value(Self.self, from: data) }
}
