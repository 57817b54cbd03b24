import Autograd
import Datasets
import TensorCore

extension Variable {
    /// Cross-entropy of logits with what a batch says of its classes, by the batch's weights; rows without a label have
    /// no say.
    ///
    /// - Parameter labelSmoothing: the share of each target spread over all classes, 0 ... 1.
    public func crossEntropy(_ batch: Batch, labelSmoothing: Float = 0) -> Variable {
        require(
            labelSmoothing >= 0 && labelSmoothing <= 1,
            "crossEntropy: labelSmoothing \(labelSmoothing), 0 ... 1 expected"
        )
        guard let targets = batch.targets else {
            guard let weights = batch.weights else {
                return softmaxCrossEntropy(labels: batch.labels, smoothing: labelSmoothing)
            }
            return softmaxCrossEntropy(
                targets: Tensor(oneHot: batch.labels, classes: shape[1], smoothing: labelSmoothing),
                weights: zip(batch.labels, weights).map { $0 == nil ? 0 : $1 })
        }
        let spread = labelSmoothing / Float(targets.shape[1])
        return softmaxCrossEntropy(
            targets: labelSmoothing == 0 ? targets : targets.affine(factor: 1 - labelSmoothing, offset: spread),
            weights: batch.labels.indices.map { batch.labels[$0] == nil ? 0 : batch.weights?[$0] ?? 1 })
    }
}
