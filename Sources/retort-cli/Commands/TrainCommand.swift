import ArgumentParser
import Foundation
import Retort

/// `retort train`.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a network on labels, tests it and writes it to a file.")

    @OptionGroup var data: DataOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var common: CommonOptions

    @Option(help: "Side in pixels that the images of a folder of PNG or JPEG files are brought to.")
    var imageSize = 32

    @Flag(help: "Read the images of such a folder in grey.")
    var grey = false

    @Option(help: "Share of each label that is spread over all classes, 0 to 1: the baseline that needs no teacher.")
    var labelSmoothing: Float = 0

    func validate() throws {
        try checkOption("image-size", imageSize, 4...1024)
        try checkOption("label-smoothing", labelSmoothing, 0...1)
    }

    func run() throws {
        if training.printRecipe { return print(try Recipe.text(of: self), terminator: "") }
        common.apply()
        try training.checkOutputs()
        let policy = try training.policy()
        let data = try data.read(imagesAs: ImageSize(height: imageSize, width: imageSize, channels: grey ? 1 : 3))
        let labelled = try training.split(data, seed: common.seed).labelled
        let images = TrainingData(
            labelled: labelled, validation: data.validation.count > 0 ? data.validation : nil,
            // Of all training images, which takes no labels.
            normalization: .of(data.train), transform: policy ?? PlainTransform())
        let description = training.description(for: data, normalization: images.normalization)
        var model = try training.network(for: data, seed: common.seed)
        let plan = try training.plan(seed: common.seed)
        let history = try fit(&model, on: images, plan, bar: ProgressBar(description.architecture))
        try TrainingResult(
            saving: model, description, trainedOn: images, history: history, of: data, options: training,
            recipe: try Recipe.text(of: self)
        ).show(asJSON: common.json)
    }

    private func fit(
        _ model: inout some Module, on images: TrainingData, _ plan: TrainingPlan, bar: ProgressBar
    ) throws -> History {
        var trainer = Trainer(plan, on: images, checkpoint: training.checkpointURL) { bar.update($0) }
        trainer.keeping = training.keeping
        trainer.shouldStop = Interruption.hasCome
        return try Interruption.watching { try trainer.fit(&model, labelSmoothing: labelSmoothing) }
    }
}
