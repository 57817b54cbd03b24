import Layers
import TensorCore

/// Gradual magnitude pruning while a network is trained, so that the rest can take over from what goes: much is cut
/// early, where much is superfluous, and little at the end (Zhu and Gupta, arXiv 1710.01878).
///
///     var pruning = GradualPruning(to: 0.8, over: 100...600, every: 25)
///     _ = try Trainer(plan, on: data).fit(&model, afterStep: { pruning.update(&$0, steps: $1) })
///
/// Of a run that goes on from a checkpoint it finds its mask in the weights that are 0 there. With weight averaging or
/// early stopping the result may be older than the last cut: apply ``mask`` to it.
public struct GradualPruning: Sendable {
    /// The shares of weights that are 0 from the first step on, and at the end.
    public let sparsities: (initial: Double, final: Double)
    /// Steps of training after which the first and the last cut are made.
    public let range: ClosedRange<Int>
    /// Steps from one cut to the next.
    public let interval: Int
    /// Which weights are compared.
    public let scope: PruningMask.Scope
    /// What is kept so far; nil before the first cut.
    public private(set) var mask: PruningMask?
    private var reached: Double?

    /// Plans the cuts.
    ///
    /// - Parameters:
    ///   - initial: the share of weights that is cut first, 0 ... 1.
    ///   - final: the share at the end, not less.
    ///   - range: steps of training after which the first and the last cut are made; some hundred should follow.
    ///   - interval: steps from one cut to the next.
    ///   - scope: which weights are compared.
    public init(
        from initial: Double = 0, to final: Double, over range: ClosedRange<Int>, every interval: Int,
        scope: PruningMask.Scope = .network
    ) {
        require(
            initial >= 0 && initial <= final && final <= 1,
            "GradualPruning: sparsity from \(initial) to \(final), 0 ... 1 and no less at the end expected")
        require(
            range.lowerBound >= 0 && interval > 0,
            "GradualPruning: steps \(range) every \(interval), from 0 on and every 1 or more expected")
        sparsities = (initial, final)
        self.range = range
        self.interval = interval
        self.scope = scope
    }

    /// The share of weights that is 0 after so many steps of training; nil before the first cut.
    ///
    /// f + (i − f) (1 − (t − t₀) / (n Δt))³ at the last cut t that is not later (equation 1 of the paper).
    public func sparsity(afterSteps steps: Int) -> Double? {
        guard steps >= range.lowerBound else { return nil }
        guard steps < range.upperBound else { return sparsities.final }
        let past = (steps - range.lowerBound) / interval * interval
        let left = 1 - Double(past) / Double(range.count - 1)
        return sparsities.final + (sparsities.initial - sparsities.final) * left * left * left
    }

    /// Keeps what is cut at 0, and cuts more where that is due: for a training loop's `afterStep`.
    ///
    /// - Parameters:
    ///   - module: the network in training.
    ///   - steps: that it has been trained for; called for every one, from where the run begins.
    public mutating func update(_ module: inout some Module, steps: Int) {
        guard let target = sparsity(afterSteps: steps) else { return }
        if mask == nil, steps > range.lowerBound { mask = PruningMask(ofZerosIn: module) }
        mask?.apply(to: &module)
        guard target != reached else { return }
        let wider = PruningMask(sparsity: target, of: module, scope: scope, including: mask)
        wider.apply(to: &module)
        (mask, reached) = (wider, target)
    }
}
