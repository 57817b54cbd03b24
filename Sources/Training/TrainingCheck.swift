import Autograd
import Datasets
import Layers
import TensorCore

extension TrainingData {
    /// Pixels of a batch below which its memory is not asked for, which takes a pass.
    private static let fewPixels = 1 << 18

    /// Images in each step.
    private func batchSize(of plan: TrainingPlan) -> Int {
        let isJoined = unlabelled.map { $0.count > 0 } ?? false
        return plan.batchSize + (isJoined ? plan.unlabelledBatchSize : 0)
    }

    /// Makes sure that a network can be trained on these images, before work is done for it.
    ///
    /// - Throws: `ConfigurationError` for a normalisation that would see one value alone, `MachineError` where a step
    ///   needs more memory than there is.
    package func check(_ model: some Module, for plan: TrainingPlan) throws {
        let batch = batchSize(of: plan)
        let validationBatch = usableValidation.map { min($0.count, $0.evaluationBatchSize) } ?? 0
        // So few pixels go through any network that the machine can hold.
        guard batch == 1 || max(batch, validationBatch) * labelled.height * labelled.width > Self.fewPixels else {
            return
        }
        var copy = model
        let paths = model.parameters.map(\.path).filter { $0.hasSuffix(".runningMean") }
            .map { String($0.dropLast(".runningMean".count)) }
        let tape = Tape(mode: .evaluation, features: batch == 1 ? Set(paths) : [], tracing: true)
        tape.bind(&copy)
        let image = Tensor.zeros([1, labelled.height, labelled.width, labelled.channels])
        let output = copy(tape.input(image))
        for path in paths {
            guard let map = tape.features[path]?.value.shape, map.dropLast().allSatisfy({ $0 == 1 }) else { continue }
            throw ConfigurationError(
                ["batch"],
                "1 image with a map of 1×1 in \(path), whose normalization then sees a single value: a batch of 2 or "
                    + "more expected")
        }
        // What is kept for the way back, once, and the gradients of the largest result and of what it was made of.
        let results = (tape.traced(output)?.trace.entries ?? []).map { entry in
            if case .operation(_, _, let shape) = entry { shape.elementCount } else { 0 }
        }
        let largest = results.max() ?? 0
        let perImage = results.reduce(0, +) + 2 * largest + 3 * image.count
        let weights = model.parameters.reduce(0) { $0 + $1.parameter.value.count }
        try MachineMemory.require(
            4 * (max(batch * perImage, validationBatch * 3 * largest) + 2 * weights),
            for: "a step with \(batch.counted("image")) of \(labelled.height)×\(labelled.width)×\(labelled.channels)")
    }
}
