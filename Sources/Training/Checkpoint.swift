import Datasets
import Foundation
import Layers
import TensorCore

/// What a checkpoint says besides tensors.
private struct RunState: Codable {
    /// Of files that older versions wrote; now it is part of the origin.
    var plan: TrainingPlan?
    /// What the run started from, by name: a checkpoint continues no other run.
    let origin: Provenance
    let epoch: Int
    /// Steps done, which may end within the epoch, and what that epoch's came to.
    let step: Int
    let meter: EpochMeter
    let peerMeters: [EpochMeter]
    let history: History
    let controllers: [Data]
    let bestAccuracy: Double?
    let bestAge: Int
}

extension Run {
    /// Version 2 had the plan beside the origin.
    private static var sealed: SealedFile {
        SealedFile(
            key: "state", formats: ["retort checkpoint 3", "retort checkpoint 2"], content: "state of a run")
    }

    /// All that is needed to go on, as a file.
    ///
    /// - Parameter origin: what the run started from, by name.
    func file(origin: Provenance) throws -> SafetensorsFile {
        let state = try StableCoding.text(
            RunState(
                origin: origin, epoch: epoch, step: step, meter: meter, peerMeters: peerMeters,
                history: history,
                controllers: try controllers.map { try StableCoding.data($0) }, bestAccuracy: best?.accuracy,
                bestAge: best?.age ?? 0))
        var tensors: [String: Tensor] = [:]
        for (group, members) in [
            ("model", model.tensors), ("optimizer", optimizer.tensors), ("average", average?.tensors ?? [:]),
            ("best", best?.tensors ?? [:]),
        ] {
            for (path, tensor) in members { tensors["\(group)/\(path)"] = tensor }
        }
        return Self.sealed.file(state, tensors)
    }

    /// Takes over the state of a checkpoint of this very run: all of it or, on an error, nothing.
    ///
    /// - Throws: `FormatError` for a file that is no checkpoint, was damaged, or belongs to a run with another plan,
    ///   network, loss, images or controllers.
    mutating func restore(from file: SafetensorsFile, plan: TrainingPlan, origin: Provenance) throws {
        func fault(_ place: String, _ found: String, _ expected: String) -> FormatError {
            FormatError(file: file.source, place: place, found: found, expected: expected)
        }
        let (text, tensors) = try Self.sealed.open(file)
        guard let state = try? StableCoding.value(RunState.self, from: Data(text.utf8)) else {
            throw fault("metadata: state", "text that cannot be decoded", "the state of a run")
        }
        var found = state.origin
        if let older = state.plan { found.values["training plan"] = try StableCoding.text(older) }
        if let other = found.difference(from: origin) {
            throw fault("metadata: state", "another \(other)", "this run's (remove the file to start afresh)")
        }
        guard (0...plan.epochs).contains(state.epoch), plan.contains(step: state.step, in: state.epoch),
            (0...state.epoch).contains(state.bestAge),
            state.history.epochs.map(\.number) == Array(0..<state.epoch),
            state.controllers.count == controllers.count
        else {
            throw fault(
                "metadata: state",
                "step \(state.step) in epoch \(state.epoch), \(state.controllers.count) controllers",
                "at most \(plan.epochs) epochs, \(controllers.count) controllers")
        }
        func members(of group: String) -> [String: Tensor] {
            var found: [String: Tensor] = [:]
            for (name, tensor) in tensors where name.hasPrefix(group + "/") {
                found[String(name.dropFirst(group.count + 1))] = tensor
            }
            return found
        }
        var restored = self
        try restored.model.load(members(of: "model"), from: file.source)
        let shapes = model.tensors.mapValues(\.shape)
        let moments = members(of: "optimizer")
        if let name = restored.optimizer.restore(moments, shapes: shapes, steps: state.step) {
            throw fault(
                "tensor optimizer/\(name)", "shape \(moments[name]?.shape ?? [])", "that of a parameter")
        }
        if average != nil {
            var averaged = model
            try averaged.load(members(of: "average"), from: file.source)
            restored.average?.tensors = averaged.tensors
            restored.average?.steps = state.step
        }
        if let accuracy = state.bestAccuracy {
            var best = model
            try best.load(members(of: "best"), from: file.source)
            restored.best = (best.tensors, accuracy, state.bestAge)
        }
        restored.controllers = try zip(controllers, state.controllers).enumerated().map { index, pair in
            guard let controller = try? pair.0.decodedLikeSelf(pair.1) else {
                throw fault("metadata: state", "a state that controller \(index) cannot read", "one of its own")
            }
            return controller
        }
        restored.history = state.history
        restored.epoch = state.epoch
        restored.step = state.step
        restored.meter = state.meter
        restored.peerMeters = state.peerMeters
        self = restored
    }
}

extension DataController {
    fileprivate func decodedLikeSelf(_ data: Data) throws -> Self { try StableCoding.value(Self.self, from: data) }
}
