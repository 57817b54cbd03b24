import ArgumentParser
import Foundation
import Retort

/// How `quantize` and `prune` let a teacher repair what they did to a network.
struct TeachingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model that teaches in these steps. (default: the model itself, as it was)",
            valueName: "FILE.safetensors"))
    var teacher: String?

    @Option(help: "Highest learning rate of these steps. (default: 0.003 for INT8, 0.05 after pruning)")
    var learningRate: Float?

    @Option(help: "Weight of the labels beside the teacher in these steps, 0 to 1.")
    var hardLabelWeight: Float = 0.1

    @Option(
        help: ArgumentHelp(
            "Augmentation of the training images in these steps.", valueName: AugmentOption.valueName),
        transform: AugmentOption.init(argument:))
    var augment = AugmentOption.none

    func validate() throws {
        if let learningRate { try checkOption("learning-rate", learningRate, 1e-9...1000) }
        try checkOption("hard-label-weight", hardLabelWeight, 0...1)
    }

    /// Trains a network under the teacher.
    ///
    /// - Parameters:
    ///   - title: of the progress bar.
    ///   - rate: the highest learning rate where none was given.
    ///   - stored: the model that the network was made of, which teaches where no other does.
    ///   - afterStep: as the distiller has it.
    func train<Network: Module>(
        _ network: inout Network, title: String, steps: Int, rate: Float, of stored: StoredModel, on data: CommandData,
        seed: UInt64, afterStep: ((inout Network, _ steps: Int) -> Void)? = nil
    ) throws {
        let teacher = try self.teacher.map { try StoredModel($0) } ?? stored
        try teacher.checkFits(data)
        try teacher.checkNormalization(stored.description.normalization, of: stored)
        let images = TrainingData(
            labelled: data.train, validation: data.validation.count > 0 ? data.validation : nil,
            normalization: stored.description.normalization,
            transform: try augment.policy() ?? PlainTransform())
        let plan = TrainingPlan(
            steps: steps, stepsPerEpoch: max(1, steps / 20),
            learningRate: .warmUp(0.05, then: .cosine(from: learningRate ?? rate, to: 0)), seed: seed)
        let bar = ProgressBar(title)
        _ = try Distiller(teacher: teacher.trained(), hardLabelWeight: .constant(hardLabelWeight)).fit(
            &network, on: images, plan: plan, afterStep: afterStep, progress: { bar.update($0) })
    }
}
