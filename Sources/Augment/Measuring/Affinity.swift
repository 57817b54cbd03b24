import Datasets
import TensorCore

/// How far views lie from the data, seen by a network: affinity of Gontijo-Lopes et al. 2020, "Affinity and diversity:
/// quantifying mechanisms of data augmentation" (arXiv 2002.08973).
///
/// The network's accuracy on augmented validation images over that on the images as they are. 1 for views that are as
/// familiar as the data, 0 for views of which it recognises none.
///
/// - Parameters:
///   - transform: usually an ``AugmentationPolicy``.
///   - images: validation images; those without a label are left out.
///   - normalization: the network's.
///   - seed: what the draws depend on.
///   - network: trained without this transform, from inputs [N, H, W, C] to logits [N, classes], in evaluation mode.
/// - Returns: 0 or more; nil if the network classifies no image correctly as it is.
public func affinity(
    of transform: any BatchTransform, on images: ImageSet, normalization: Normalization, seed: UInt64 = 0,
    network: (Tensor) -> Tensor
) -> Double? {
    let plain = score(images, PlainTransform(), normalization, seed, network)
    let augmented = score(images, transform, normalization, seed, network)
    return plain.right == 0 ? nil : Double(augmented.right) / Double(plain.right)
}

/// How much views still ask of the network that was trained on them: diversity of Gontijo-Lopes et al. 2020
/// (arXiv 2002.08973), the final training loss under the policy.
///
/// Compare it with that of a network trained without the policy, on images as they are: the larger the ratio, the
/// harder the views are to fit.
///
/// - Parameters:
///   - transform: the one that the network was trained with.
///   - images: its training images; those without a label are left out, mixed ones count with their mixed targets.
///   - normalization: the network's.
///   - seed: what the draws depend on.
///   - network: from inputs [N, H, W, C] to logits [N, classes], in evaluation mode.
/// - Returns: mean cross-entropy in nats, 0 without a labelled image.
public func diversity(
    of transform: any BatchTransform, on images: ImageSet, normalization: Normalization, seed: UInt64 = 0,
    network: (Tensor) -> Tensor
) -> Double {
    let found = score(images, transform, normalization, seed, network)
    return found.count == 0 ? 0 : found.loss / Double(found.count)
}

/// How many images are classified correctly, the sum of cross-entropies and the number of labelled images.
private func score(
    _ images: ImageSet, _ transform: any BatchTransform, _ normalization: Normalization, _ seed: UInt64,
    _ network: (Tensor) -> Tensor
) -> (right: Int, loss: Double, count: Int) {
    var (right, loss, count) = (0, 0.0, 0)
    for batch in images.batches(of: 250, normalization: normalization, transform: transform, seed: seed) {
        let logits = network(batch.inputs)
        let (choices, logProbabilities) = (logits.argmax(), logSoftmax(logits))
        for (row, label) in batch.labels.enumerated() {
            guard let label else { continue }
            count += 1
            if choices[row] == label { right += 1 }
            if let targets = batch.targets {
                for other in 0..<targets.shape[1] where targets[row, other] > 0 {
                    loss -= Double(targets[row, other] * logProbabilities[row, other])
                }
            } else {
                loss -= Double(logProbabilities[row, label])
            }
        }
    }
    return (right, loss, count)
}
