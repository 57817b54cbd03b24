import Datasets
import Layers
import TensorCore

/// The state of a run between two steps: all that a checkpoint holds.
struct Run<M: Module> {
    var model: M
    var optimizer: Optimizer
    var average: WeightAverage?
    var controllers: [any DataController]
    var history = History()
    var epoch = 0
    /// Steps done.
    var step = 0
    /// Whether the history is to have the values of every step.
    let keepsSteps: Bool
    /// What the epoch's steps so far came to.
    var meter: EpochMeter
    /// The same of each network that is trained beside the model.
    var peerMeters: [EpochMeter] = []
    /// Mean loss of each sample in the last epoch, for the controllers.
    var sampleLosses: [Int: Float] = [:]
    /// With early stopping: the best weights so far and since how many epochs they are the best.
    var best: (tensors: [String: Tensor], accuracy: Double, age: Int)?

    init(model: M, plan: TrainingPlan, controllers: [any DataController], keepingSteps: Bool) {
        self.model = model
        keepsSteps = keepingSteps
        meter = EpochMeter(keepingSteps: keepingSteps)
        self.controllers = controllers
        optimizer = Optimizer(plan.optimizer, groups: plan.groups)
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
                history.bestEpoch = epoch
            }
        }
        epoch += 1
        meter = EpochMeter(keepingSteps: keepsSteps)
        peerMeters = []
    }

    /// Whether the last epoch did better on validation data than all before it.
    var isBestSoFar: Bool {
        guard let accuracy = history.epochs.last?.validation?.accuracy else { return false }
        return history.epochs.dropLast().allSatisfy { ($0.validation?.accuracy ?? 0) < accuracy }
    }

    /// The first tensor of the model that holds a NaN or an infinity, if any; or else of the optimiser, where a second
    /// moment can become infinite while the weights do not show it.
    func firstNonFinite(beyondModel: Bool = false) -> String? {
        if let found = model.parameters.first(where: { !$0.parameter.value.isFinite }) { return found.path }
        guard beyondModel else { return nil }
        return optimizer.tensors.filter { !$0.value.isFinite }.keys.min().map { "the optimiser's state \($0)" }
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
