import Autograd
import Datasets
import Layers
import Prune
import TensorCore
import Training

extension FilterImportance {
    /// The importance of filters by how the cross-entropy on labelled images would change without them.
    ///
    /// - Parameters:
    ///   - network: the network whose filters are compared; it stays as it is.
    ///   - images: some hundred training images with labels.
    ///   - normalization: as the network expects it.
    ///   - batchSize: images in each gradient.
    public static func taylor(
        of network: any Module, on images: ImageSet, normalization: Normalization, batchSize: Int = 64
    ) -> FilterImportance {
        func gradients(of network: some Module, on batch: Batch) -> [String: Tensor] {
            var network = network
            let (_, gradients) = valueAndGradients(of: &network) { network, tape in
                network(tape.constant(batch.inputs)).crossEntropy(batch)
            }
            var found: [String: Tensor] = [:]
            network.forEachParameter { path, parameter in found[path] = gradients[parameter.slot] }
            return found
        }
        let batches = images.batches(of: batchSize, normalization: normalization)
        return .taylor(gradients: batches.map { gradients(of: network, on: $0) })
    }
}
