import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import Training

/// Two students that teach each other while both learn the labels (deep mutual learning, Zhang et al., arXiv
/// 1706.00384).
///
///     let history = try MutualLearning().fit(&student, &peer, on: data, plan: plan)
///     let other = history.peers[0]
///
/// The loss of each is cross-entropy + T² · KL(other ‖ own), or another response loss for the second term, with the
/// other's outputs in the same step as constants. Cross-entropy is over the images that have a label, the rest over
/// all. Both are updated at once; the paper lets the second see the first's outputs after its update, which makes one
/// of the two the later and costs another forward pass. They must differ to have something to say: other weights to
/// begin with, or another network.
///
/// The first leads: its validation is what steers controllers and ends a run that waits no longer, and the history is
/// its own. That of the second is the history's only peer. Gradients are clipped by the norm of both together.
public struct MutualLearning: Sendable {
    /// What compares a student's outputs with the other's.
    public var loss: ResponseLoss
    /// T, above 0; 1 in the paper.
    public var temperature: Float

    /// Describes mutual learning.
    public init(loss: ResponseLoss = .hinton, temperature: Float = 1) {
        self.loss = loss
        self.temperature = temperature
    }

    /// Trains both students.
    ///
    /// - Parameters:
    ///   - first: the student that leads; holds the result afterwards.
    ///   - second: the other; likewise.
    ///   - data: the images, their transform and what steers it.
    ///   - plan: how long and how.
    ///   - checkpoint: the file that keeps the state of both and that a later call continues.
    ///   - keeping: how often within an epoch the state is written too, and what is kept beside the newest.
    ///   - progress: called after every step, with what concerns the first.
    ///   - shouldStop: asked after every step whether to stop there.
    /// - Returns: the history of the first, with that of the second as its peer.
    /// - Throws: before the first step `ConfigurationError` for networks of different classes and numbers out of range;
    ///   and what `Trainer` throws.
    public func fit<First: Module, Second: Module>(
        _ first: inout First, _ second: inout Second, on data: TrainingData, plan: TrainingPlan,
        checkpoint: URL? = nil, keeping: CheckpointKeeping = .init(),
        progress: (@Sendable (TrainingProgress) -> Void)? = nil, shouldStop: (@Sendable () -> Bool)? = nil
    ) throws -> History {
        try loss.check()
        try data.check(for: plan)
        guard temperature > 0, temperature.isFinite else {
            throw ConfigurationError(["temperature"], "\(temperature) is not a number above 0")
        }
        let images = try data.sample(1)
        let shapes = (first.predict(images).shape, second.predict(images).shape)
        guard shapes.0 == shapes.1 else {
            throw ConfigurationError(
                ["second"],
                "the network gives outputs of shape \(shapes.1) for an image, the first \(shapes.0): both need the same "
                    + "classes"
            )
        }
        let recipe = "mutual at \(temperature): " + (try StableCoding.text(loss))
        var pair = StudentPair(first: first, second: second)
        var trainer = Trainer(plan, on: data, checkpoint: checkpoint, progress: progress)
        trainer.keeping = keeping
        trainer.shouldStop = shouldStop
        let history = try trainer.fit(&pair, recipe: recipe, peers: { [$0.second] }) { pair, batch, tape, _ in
            let input = tape.constant(batch.inputs)
            let (logits, others) = (pair.first(input), pair.second(input))
            let (own, peer) = (term(logits, others.value, batch), term(others, logits.value, batch))
            return StepLoss(
                own.total + peer.total, logits: logits.value, values: own.values,
                peers: [.init(peer.total.value.scalar, logits: others.value, values: peer.values)])
        }
        (first, second) = (pair.first, pair.second)
        return history
    }

    /// The loss of one student, and its terms by name.
    private func term(
        _ logits: Variable, _ other: Tensor, _ batch: Batch
    ) -> (total: Variable, values: [String: Float]) {
        let hard = logits.crossEntropy(batch)
        let soft = loss(
            student: logits, teacher: other, labels: batch.labels, temperature: temperature, weights: batch.weights)
        return (hard + soft, ["crossEntropy": hard.value.scalar, "response": soft.value.scalar])
    }
}

/// Two networks with one input; as a network it is the first.
private struct StudentPair<First: Module, Second: Module>: Module {
    var first: First
    var second: Second

    func callAsFunction(_ input: Variable) -> Variable { first(input) }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("first", &first)
        visitor("second", &second)
    }
}
