import Dispatch
import Retort

/// What augmentation adds to the time of a training step of cnn16 when the loader prepares batches ahead: epochs with
/// and without it take turns.
struct PrefetchedTraining {
    private let channels: Int
    private let images: ImageSet
    private let policy: AugmentationPolicy
    private let batch: Int

    /// `prefetch/digits`: the ready policy of that name, 28×28×1. `prefetch/natural`: 32×32×3. nil for other names.
    init?(_ name: String, batch: Int) {
        let side: Int
        switch name {
        case "prefetch/digits": (side, channels, policy) = (28, 1, .digits)
        case "prefetch/natural": (side, channels, policy) = (32, 3, .natural)
        default: return nil
        }
        images = Augmentations.noise(2048, side: side, channels: channels)
        self.batch = batch
    }

    /// Images a second with and without augmentation, medians over rounds that together take the time given, and the
    /// share of time that augmentation adds: median, least and most of the rounds.
    func measure(seconds: Double) throws -> (augmented: Double, plain: Double, added: [Double]) {
        var model = ConvNet(width: 16, channels: channels, classes: 10, seed: 1)
        var optimizer = Optimizer(.sgd(momentum: 0.9, nesterov: false, weightDecay: 0))
        let normalization = Normalization.of(images)
        var epoch = 0
        func time(_ transform: any BatchTransform) throws -> Double {
            let source = EpochPlan.Source(images, batchSize: batch)
            let plan = EpochPlan(sources: [source], steps: max(2, 1024 / batch), epoch: epoch, seed: 1)
            epoch += 1
            let start = DispatchTime.now().uptimeNanoseconds
            var batches = BatchLoader(plan, transform: transform, normalization: normalization).makeIterator()
            while let batch = try batches.next() {
                let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                    model(tape.constant(batch.inputs)).crossEntropy(batch)
                }
                optimizer.step(&model, along: gradients, rate: 0.01)
            }
            return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 / Double(plan.steps * plan.batchSize)
        }
        _ = (try time(policy), try time(PlainTransform()))
        var rounds: [(augmented: Double, plain: Double)] = []
        let start = DispatchTime.now().uptimeNanoseconds
        while rounds.isEmpty || Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 < seconds {
            let first = rounds.count % 2 == 0 ? try time(policy) : 0
            let plain = try time(PlainTransform())
            rounds.append((first > 0 ? first : try time(policy), plain))
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let added = rounds.map { $0.augmented / $0.plain - 1 }
        return (
            1 / median(rounds.map(\.augmented)), 1 / median(rounds.map(\.plain)),
            [median(added), added.min() ?? 0, added.max() ?? 0]
        )
    }
}
