import Datasets
import Foundation
import Layers
import TensorCore

/// The state of a run between two epochs: all that a checkpoint holds.
struct Run<M: Module> {
    var model: M
    var optimizer: Optimizer
    var average: WeightAverage?
    var controllers: [any DataController]
    var history = History()
    var epoch = 0
    /// Mean loss of each sample in the last epoch, for the controllers.
    var sampleLosses: [Int: Float] = [:]
    /// With early stopping: the best weights so far and since how many epochs they are the best.
    var best: (tensors: [String: Tensor], accuracy: Double, age: Int)?

    init(model: M, plan: TrainingPlan, controllers: [any DataController]) {
        self.model = model
        self.controllers = controllers
        optimizer = Optimizer(plan.optimizer)
        average = plan.weightAveraging.map { WeightAverage(of: model, decay: $0) }
    }

    /// The model as it would be used now: with averaged weights if they are kept.
    var usable: M { average?.applied(to: model) ?? model }

    mutating func finishEpoch(_ record: History.Epoch, _ plan: TrainingPlan) {
        history.epochs.append(record)
        for index in controllers.indices {
            if let report = record.validation { controllers[index].validated(report) }
            controllers[index].trained(epoch: epoch, sampleLosses: sampleLosses)
        }
        if plan.patience != nil, let accuracy = record.validation?.accuracy {
            if let best, best.accuracy >= accuracy {
                self.best?.age += 1
            } else {
                best = (usable.tensors, accuracy, 0)
            }
            history.bestEpoch = best?.accuracy
        }
        epoch += 1
    }

    func isOutOfPatience(_ plan: TrainingPlan) -> Bool {
        guard let patience = plan.patience, let best else { return false }
        return best.age >= patience
    }

    func result(_ plan: TrainingPlan) -> M {
        guard let best else { return usable }
        var model = model
        model.forEachParameter { path, parameter in if let value = best.tensors[path] { parameter.value = value } }
        return model
    }
}

// MARK: Checkpoints

/// What a checkpoint says besides tensors.
private struct RunState: Codable {
    let plan: TrainingPlan
    let epoch: Int
    let optimizerSteps: Int
    let averageSteps: Int
    let history: History
    let controllers: [Data]
    let bestAccuracy: Double?
    let bestAge: Int
}

extension Run {
    func file(plan: TrainingPlan) throws -> SafetensorsFile {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let state = RunState(
            plan: plan, epoch: epoch, optimizerSteps: optimizer.steps, averageSteps: average?.steps ?? 0,
            history: history, controllers: try controllers.map { try encoder.encode($0) },
            bestAccuracy: best?.accuracy, bestAge: best?.age ?? 0)
        var file = SafetensorsFile(metadata: [
            "format": "retort checkpoint 1", "state": String(decoding: try encoder.encode(state), as: UTF8.self),
        ])
        for (group, tensors) in [
            ("model", model.tensors), ("optimizer", optimizer.tensors), ("average", average?.tensors ?? [:]),
            ("best", best?.tensors ?? [:]),
        ] {
            for (path, tensor) in tensors { file.entries["\(group)/\(path)"] = .init(tensor) }
        }
        return file
    }

    mutating func restore(from file: SafetensorsFile, plan: TrainingPlan) throws {
        func fault(_ place: String, _ found: String, _ expected: String) -> FormatError {
            FormatError(file: file.source, place: place, found: found, expected: expected)
        }
        guard file.metadata["format"] == "retort checkpoint 1", let text = file.metadata["state"] else {
            throw fault("metadata", "format '\(file.metadata["format"] ?? "none")'", "a checkpoint of a training run")
        }
        guard let state = try? JSONDecoder().decode(RunState.self, from: Data(text.utf8)) else {
            throw fault("metadata: state", "text that cannot be decoded", "the state of a run")
        }
        guard state.plan == plan else {
            throw fault("metadata: state", "the checkpoint of another training plan", "this run's plan")
        }
        guard state.controllers.count == controllers.count, state.epoch >= 0, state.epoch <= plan.epochs,
            state.history.epochs.count == state.epoch
        else {
            throw fault(
                "metadata: state", "\(state.controllers.count) controllers, epoch \(state.epoch)",
                "\(controllers.count) controllers, at most \(plan.epochs) epochs")
        }
        var restored = self
        try restored.model.load(tensors("model/", of: file), from: file.source)
        let shapes = model.tensors.mapValues(\.shape)
        let moments = try tensors("optimizer/", of: file)
        for (name, tensor) in moments where shapes[name.drop { $0 != "/" }.dropFirst().description] != tensor.shape {
            throw fault("tensor optimizer/\(name)", "shape \(tensor.shape)", "that of a parameter")
        }
        restored.optimizer.restore(moments, steps: state.optimizerSteps)
        if average != nil {
            var averaged = model
            try averaged.load(tensors("average/", of: file), from: file.source)
            restored.average?.tensors = averaged.tensors
            restored.average?.steps = state.averageSteps
        }
        if let accuracy = state.bestAccuracy {
            var best = model
            try best.load(tensors("best/", of: file), from: file.source)
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
        self = restored
    }

    private func tensors(_ prefix: String, of file: SafetensorsFile) throws -> [String: Tensor] {
        var found: [String: Tensor] = [:]
        for name in file.entries.keys where name.hasPrefix(prefix) {
            found[String(name.dropFirst(prefix.count))] = try file.tensor(name)
        }
        return found
    }
}

extension DataController {
    fileprivate func decodedLikeSelf(_ data: Data) throws -> Self { try JSONDecoder().decode(Self.self, from: data) }
}
