import Autograd
import Datasets
import Foundation
import Layers
import TensorCore

/// Where a run is: what schedules and losses depend on.
public struct StepContext: Sendable {
    /// The step, from 0 over the whole run.
    public let step: Int
    /// The epoch, from 0.
    public let epoch: Int
    /// The share of the run's steps that are done, 0 ..< 1.
    public let progress: Float
    /// The last epoch that is done, with how its validation went; nil in the first.
    public let previous: History.Epoch?

    /// Describes a place in a run.
    public init(step: Int, epoch: Int, progress: Float, previous: History.Epoch? = nil) {
        self.step = step
        self.epoch = epoch
        self.progress = progress
        self.previous = previous
    }
}

/// What a loss gives back to the loop.
public struct StepLoss {
    /// What concerns a network that is trained beside the first.
    public struct Peer {
        /// Its share of the loss.
        public let loss: Float
        /// Its outputs for the batch, [N, classes].
        public let logits: Tensor
        /// What is to be logged of it.
        public let values: [String: Float]

        /// Bundles a peer's share.
        public init(_ loss: Float, logits: Tensor, values: [String: Float] = [:]) {
            self.loss = loss
            self.logits = logits
            self.values = values
        }
    }

    /// The loss, one element.
    public let loss: Variable
    /// The network's outputs for the batch, [N, classes].
    public let logits: Tensor
    /// What the loss wants logged: temperature, weight of the hard labels.
    public let values: [String: Float]
    /// The same of each network that is trained beside this one; their shares are part of ``loss``.
    public let peers: [Peer]

    /// Bundles a loss.
    public init(_ loss: Variable, logits: Tensor, values: [String: Float] = [:], peers: [Peer] = []) {
        self.loss = loss
        self.logits = logits
        self.values = values
        self.peers = peers
    }
}

/// The training loop: batches, gradients, steps, validation, controllers, checkpoints.
///
/// The same plan, data, network and seed give the same bits, on any number of threads and also if the run was killed
/// and continued from its checkpoint. A run that throws leaves the network as it was.
public struct Trainer: Sendable {
    /// How long and how.
    public var plan: TrainingPlan
    /// On what.
    public var data: TrainingData
    /// The file that keeps the run's state, written after each epoch and when the run is stopped after a step; nil to
    /// keep none. What happens in each step and epoch goes to a log beside it, FILE.steps, in lines of JSON.
    ///
    /// If it exists, the run goes on from it; a call after the last epoch returns the same result again. It must come
    /// from the same plan, network, images, augmentation, controllers and recipe. What of these is `Encodable` is
    /// compared by its JSON with sorted keys, anything else by its type.
    public var checkpoint: URL?
    /// How often within an epoch the state is written too, and what is kept beside the newest.
    public var keeping = CheckpointKeeping()
    /// Asked after every step whether to stop there, for a signal that came; so does cancelling the task that this runs
    /// in.
    public var shouldStop: (@Sendable () -> Bool)?
    /// What a teacher makes of the validation images, for the reports' agreement.
    package var teacherChoices: [Int]?
    /// Called after every step.
    public var progress: (@Sendable (TrainingProgress) -> Void)?

    /// Prepares a run.
    public init(
        _ plan: TrainingPlan, on data: TrainingData, checkpoint: URL? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) {
        self.plan = plan
        self.data = data
        self.checkpoint = checkpoint
        self.progress = progress
    }

    /// Trains a network with a loss of the caller's.
    ///
    /// - Parameters:
    ///   - model: the network; holds the result afterwards.
    ///   - features: names of the feature maps that the loss reads from the tape.
    ///   - recipe: what the loss depends on, in the caller's words; a checkpoint of another recipe is refused.
    ///   - peers: of a model that is several networks, those besides the one that its forward pass is, in the order of
    ///     the loss's ``StepLoss/peers``. Each is validated by itself, and has a history of its own.
    ///   - afterStep: called with the model and the number of steps that it has been trained for: before the first
    ///     step, of a run that goes on from a checkpoint too, and after each. To keep pruned weights at zero, for
    ///     instance.
    ///   - loss: from the bound model, a batch and where the run is, to the loss.
    /// - Throws: `ConfigurationError` for a parameter group of no parameter and for a normalization that would see
    ///   single values; `MachineError` where a step needs more memory than there is; `FormatError` when a class has no
    ///   labelled image, data or plan do not go together, or the checkpoint is damaged or of another run,
    ///   `FileWriteError` when it cannot be written or another run uses it, ``TrainingError`` when the loss or a weight
    ///   is no longer finite or the run was stopped, `CancellationError` when the task that this runs in was cancelled.
    public func fit<M: Module>(
        _ model: inout M, features: Set<String> = [], recipe: String = "", peers: (M) -> [any Module] = { _ in [] },
        afterStep: ((inout M, _ steps: Int) -> Void)? = nil, loss: (M, Batch, Tape, StepContext) throws -> StepLoss
    ) throws -> History {
        plan.requireSound()
        try data.check(for: plan)
        try plan.groups.check(for: model)
        for network in [model] + peers(model) { try data.check(network, for: plan) }
        var run = Run(model: model, plan: plan, controllers: data.controllers, keepingSteps: keeping.steps)
        var store: RunStore?
        if let checkpoint {
            let origin = try origin(of: model, loss: recipe)
            let frame = RunFrame(
                plan: plan, origin: origin, settings: keeping.settings, data: data, peers: peers(model).count)
            store = try RunStore(checkpoint, keeping: keeping, frame: frame)
            try store?.open(&run)
        }
        Interruption.beginSteps(
            after: run.step, of: plan.steps, from: run.step > 0 ? checkpoint?.pathAsGiven : nil)
        afterStep?(&run.model, run.step)
        while run.epoch < plan.epochs, !run.isOutOfPatience(plan) {
            if isStopping { throw try stop(run, store) }
            let record = try runEpoch(&run, features, peers, afterStep, store, loss)
            try probe(&run)
            run.finishEpoch(record, plan)
            try store?.add(record)
            try store?.save(run)
        }
        try store?.finish()
        model = run.result(plan)
        return run.history
    }

    /// Trains a network to predict the labels.
    ///
    /// - Parameter labelSmoothing: the share of each label spread over all classes, 0 ... 1.
    public func fit<M: Module>(
        _ model: inout M, labelSmoothing: Float = 0, afterStep: ((inout M, _ steps: Int) -> Void)? = nil
    ) throws -> History {
        try fit(&model, recipe: "labels, smoothed by \(labelSmoothing)", afterStep: afterStep) {
            model, batch, tape, _ in
            let logits = model(tape.constant(batch.inputs))
            return StepLoss(logits.crossEntropy(batch, labelSmoothing: labelSmoothing), logits: logits.value)
        }
    }

    /// What a checkpoint of the run says that it comes from.
    private func origin(of model: some Module, loss: String) throws -> Provenance {
        // Another loss is trained with more tensors than the network's, and so shows in them too.
        var origin = try data.provenance(after: ("loss", loss))
        origin.add("network", Fingerprint.of { $0.add(model.tensors) })
        origin.add("training plan", try StableCoding.text(plan))
        return origin
    }

    private func runEpoch<M: Module>(
        _ run: inout Run<M>, _ features: Set<String>, _ peers: (M) -> [any Module],
        _ afterStep: ((inout M, _ steps: Int) -> Void)?,
        _ store: RunStore?, _ loss: (M, Batch, Tape, StepContext) throws -> StepLoss
    ) throws -> History.Epoch {
        let epochPlan = data.epochPlan(run.epoch, plan: plan, controllers: run.controllers)
        let firstStep = run.epoch * plan.stepsPerEpoch
        if run.step == firstStep {
            run.peerMeters = peers(run.model).map { _ in EpochMeter(keepingSteps: run.keepsSteps) }
        }
        var rate: Float = 0
        var batches = BatchLoader(
            epochPlan, transform: data.transform, normalization: data.normalization, from: run.step - firstStep
        ).makeIterator()
        while let batch = try next(&batches, run, store) {
            let step = run.step
            let context = StepContext(
                step: step, epoch: run.epoch, progress: plan.progress(at: step), previous: run.history.epochs.last)
            // Not the loss itself: it holds the tape, and with it the weights that the optimiser is to change in place.
            var outcome: (logits: Tensor, values: [String: Float], peers: [StepLoss.Peer])?
            let random = Philox(seed: plan.seed, epoch: step, operation: RandomPurpose.dropout)
            let (value, gradients) = try valueAndGradients(
                of: &run.model, random: random, features: features, freezing: plan.groups.freezes
            ) {
                let result = try loss($0, batch, $1, context)
                outcome = (result.logits, result.values, result.peers)
                return result.loss
            }
            guard value.isFinite, let outcome else { throw divergence(run.firstNonFinite() ?? "the loss", at: step) }
            rate = plan.learningRate.value(at: context.progress)
            run.optimizer.step(&run.model, along: gradients, rate: rate, clipping: plan.gradientClipping)
            afterStep?(&run.model, step + 1)
            run.average?.update(with: run.model, freezing: plan.groups.freezes)
            let isLast = step + 1 == firstStep + epochPlan.steps
            // Before validation and the checkpoint, which is to stay good.
            if let place = run.firstNonFinite(beyondModel: isLast) { throw divergence(place, at: step) }
            require(
                outcome.peers.count == run.peerMeters.count,
                "Trainer: a loss with \(outcome.peers.count) peers, \(run.peerMeters.count) expected")
            let own = outcome.peers.reduce(value) { $0 - $1.loss }
            let values = run.meter.add(own, logits: outcome.logits, rate: rate, values: outcome.values, batch)
            let peerValues = outcome.peers.enumerated().map { index, peer in
                run.peerMeters[index].add(peer.loss, logits: peer.logits, rate: rate, values: peer.values, batch)
            }
            try store?.add(.init(step: step, values: values, peers: peerValues.isEmpty ? nil : peerValues))
            run.step += 1
            let report = isLast ? try validate(run.usable, epoch: run.epoch) : nil
            progress?(
                TrainingProgress(
                    epoch: run.epoch, epochs: plan.epochs, step: run.step, steps: plan.steps, loss: own,
                    accuracy: run.meter.accuracy, values: outcome.values, batchSize: batch.count,
                    validation: report))
            if isLast {
                run.meter.validation = report
            } else {
                try pause(run, store)
            }
        }
        for (index, peer) in peers(run.usable).enumerated() {
            run.peerMeters[index].validation = try validate(peer, epoch: run.epoch)
        }
        func record(_ meter: EpochMeter, peers: [History.Epoch]) -> History.Epoch {
            meter.record(
                epoch: run.epoch, classes: data.labelled.classCount, learningRate: rate,
                controllers: run.controllers, peers: peers)
        }
        run.sampleLosses = run.meter.sampleLosses
        return record(run.meter, peers: run.peerMeters.map { record($0, peers: []) })
    }

    /// Within an epoch: writes the state where it is due, and ends the run where that was asked for.
    private func pause(_ run: Run<some Module>, _ store: RunStore?) throws {
        let isStopping = isStopping
        guard isStopping || keeping.isDue(after: run.step) else { return }
        if let place = run.firstNonFinite(beyondModel: true) { throw divergence(place, at: run.step - 1) }
        try store?.save(run)
        if isStopping { throw try stop(run, store) }
    }

    private var isStopping: Bool { Task.isCancelled || shouldStop?() ?? false }

    private func stop(_ run: Run<some Module>, _ store: RunStore?) throws -> any Error {
        try store?.finish()
        return Task.isCancelled
            ? CancellationError() : TrainingError.stopped(step: run.step, checkpoint: writtenCheckpoint)
    }

    private func divergence(_ place: String, at step: Int) -> TrainingError {
        .diverged(
            step: step, place: place, learningRate: plan.learningRate.extremes.max() ?? 0,
            checkpoint: writtenCheckpoint)
    }

    /// The checkpoint's file, once it is there.
    private var writtenCheckpoint: String? {
        checkpoint.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0.pathAsGiven : nil }
    }
}
