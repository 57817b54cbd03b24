import Layers
import Synchronization
import TensorCore

/// A network that another thread may ask while its original learns, for a transform that wants to know what a student
/// makes of a view. Who trains renews it, at the end of each epoch for instance.
///
/// What a transform sees of it depends on when batches are made, which is ahead of their steps: a run with one does not
/// give the same bits again.
public final class ModelCopy: Sendable {
    private let network: Mutex<any Module>

    /// Copies a network.
    public init(of network: any Module) { self.network = Mutex(network) }

    /// Takes over the present state of the original.
    public func renew(_ network: any Module) { self.network.withLock { $0 = network } }

    /// The copy's output for a batch, as `Module.predict(_:)`.
    public func predict(_ inputs: Tensor) -> Tensor { network.withLock { $0 }.predict(inputs) }
}
