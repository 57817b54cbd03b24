import ArgumentParser
import Foundation
import Retort

/// How `quantize` trains a network with the rounding of its INT8 form in place.
struct QuantizationTraining: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Steps of training with the rounding of INT8 in place, under a teacher; 0 for none.", valueName: "STEPS"))
    var qat = 0

    @Option(
        help: ArgumentHelp(
            "Model that teaches in these steps. (default: the model itself, in FP32)", valueName: "FILE.safetensors"))
    var teacher: String?

    @Option(help: "Highest learning rate of these steps.")
    var learningRate: Float = 0.003

    @Option(help: "Weight of the labels beside the teacher in these steps, 0 to 1.")
    var hardLabelWeight: Float = 0.1

    @Option(
        help: ArgumentHelp(
            "Augmentation of the training images in these steps.", valueName: "digits|ocr|natural|none|FILE.json"),
        transform: AugmentOption.init(argument:))
    var augment = AugmentOption.none

    func validate() throws {
        try checkOption("qat", qat, 0...100_000_000)
        try checkOption("learning-rate", learningRate, 1e-9...1000)
        try checkOption("hard-label-weight", hardLabelWeight, 0...1)
        if qat == 0, let teacher {
            throw ValidationError("--teacher: \(teacher) found without --qat, a number of steps expected")
        }
    }

    /// Trains a network's INT8 form.
    ///
    /// - Parameters:
    ///   - network: where it starts; weights that are 0 stay 0.
    ///   - stored: the model that the network is of, which teaches where no other does.
    ///   - calibration: inputs that steps and zero points start from.
    func quantized(
        _ network: some Module, of stored: StoredModel, on data: CommandData, calibratedOn calibration: [Tensor],
        observer: Observer, seed: UInt64
    ) throws -> QuantizedModel {
        let teacher = try self.teacher.map { try StoredModel($0) } ?? stored
        try teacher.checkFits(data)
        guard teacher.description.normalization == stored.description.normalization else {
            throw FormatError(
                file: teacher.url.path, found: "another normalization", expected: "that of \(stored.url.path)")
        }
        let images = TrainingData(
            labelled: data.train, validation: data.validation.count > 0 ? data.validation : nil,
            normalization: stored.description.normalization,
            transform: try augment.policy() ?? PlainTransform())
        let mask = PruningMask(ofZerosIn: network)
        var aware = try QuantizationAwareNetwork(
            network, calibratedOn: calibration, observer: observer, batchNormPasses: qat * 9 / 10)
        let plan = TrainingPlan(
            steps: qat, stepsPerEpoch: max(1, qat / 20),
            learningRate: .warmUp(0.05, then: .cosine(from: learningRate, to: 0)), seed: seed)
        let bar = ProgressBar("INT8")
        _ = try Distiller(teacher: teacher.trained(), hardLabelWeight: .constant(hardLabelWeight)).fit(
            &aware, on: images, plan: plan, afterStep: { mask.apply(to: &$0) }, progress: { bar.update($0) })
        return try aware.quantized()
    }
}
