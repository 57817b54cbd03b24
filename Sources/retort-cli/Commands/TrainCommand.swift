import ArgumentParser
import Foundation
import Retort

/// `retort train`.
struct TrainCommand: ParsableCommand, CheckedOptions {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a network on labels, tests it and writes it to a file.")

    @OptionGroup var data: DataOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var common: CommonOptions

    @OptionGroup var images: ImageOptions

    @Option(help: "Share of each label that is spread over all classes, 0 to 1: the baseline that needs no teacher.")
    var labelSmoothing: Float = 0

    func check() throws { try checkSetting("label-smoothing", labelSmoothing, 0...1) }

    func run() throws {
        if training.printRecipe { return try StandardStream.write(Recipe.text(of: self)) }
        common.apply()
        let lock = try FileLock(training.outputURL)
        defer { withExtendedLifetime(lock) {} }
        let policy = try training.policy()
        let data = try data.read(as: self.images.wanted)
        let labelled = try training.split(data, seed: common.seed).labelled
        let images = TrainingData(
            labelled: labelled, validation: data.validation.count > 0 ? data.validation : nil,
            // Of all training images, which takes no labels.
            normalization: try .of(data.train), transform: policy ?? PlainTransform())
        let description = training.description(for: data, normalization: images.normalization)
        var model = try training.network(for: data, seed: common.seed)
        let plan = try training.plan(seed: common.seed)
        let bar = ProgressBar(description.architecture)
        var trainer = Trainer(plan, on: images, checkpoint: training.checkpointURL) { bar.update($0) }
        trainer.keeping = try training.keeping(for: self)
        trainer.shouldStop = Interruption.hasCome
        let history = try Interruption.telling(of: images) { try trainer.fit(&model, labelSmoothing: labelSmoothing) }
        try TrainingResult(
            saving: model, description, trainedOn: images, history: history, of: data, options: training,
            recipe: try Recipe.text(of: self)
        ).show(asJSON: common.json)
    }
}
