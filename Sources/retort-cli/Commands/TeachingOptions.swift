import ArgumentParser
import Foundation
import Retort

/// How `quantize` and `prune` let a teacher repair what they did to a network.
struct TeachingOptions: ParsableArguments, FileOptions {
    @Option(
        help: ArgumentHelp(
            "Model that teaches in these steps. (default: the model itself, as it was)",
            valueName: "FILE.safetensors"))
    var teacher: String?

    @OptionGroup var learning: LearningOptions
    @OptionGroup var labels: LabelWeightOptions

    var files: [NamedFile] { teacher.map { [NamedFile("--teacher", $0, .read)] } ?? [] }

    /// Trains a student under the teacher.
    ///
    /// - Parameters:
    ///   - title: of the progress bar.
    ///   - rate: the highest learning rate where none was given.
    ///   - stored: the model that the student was made of, which teaches where no other does.
    ///   - afterStep: as the distiller has it.
    func train<Network: Module>(
        _ student: inout Network, title: String, steps: Int, rate: Float, of stored: StoredModel, on data: DividedData,
        seed: UInt64, afterStep: ((inout Network, _ steps: Int) -> Void)? = nil
    ) throws {
        let teacher =
            try self.teacher.map {
                // One of another format is normalised as the model is.
                try StoredModel(
                    URL(fileURLWithPath: $0), importing: ImportSettings(taking: stored.description.normalization))
            } ?? stored
        let images = TrainingData(
            labelled: data.train, validation: data.validation.count > 0 ? data.validation : nil,
            normalization: stored.description.normalization,
            transform: [teacher.imageSize].seeing(
                try learning.augment.policy() ?? PlainTransform(), besides: data.train.size))
        let plan = TrainingPlan(
            steps: steps, stepsPerEpoch: max(1, steps / 20),
            learningRate: learning.schedule(or: rate), seed: seed)
        let bar = ProgressBar(title)
        let network = try teacher.teacher(of: data, normalization: images.normalization)
        try Interruption.telling(of: images, otherwise: "nothing was written") {
            _ = try Distiller(teacher: network, hardLabelWeight: labels.schedule).fit(
                &student, on: images, plan: plan, afterStep: afterStep, progress: { bar.update($0) },
                shouldStop: Interruption.hasCome)
        }
    }
}
