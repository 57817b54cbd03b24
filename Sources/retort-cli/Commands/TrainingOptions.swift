import ArgumentParser
import Foundation
import Retort

/// What `train` and `distill` take alike: the network, the images that it learns from, how long and how, and where to.
struct TrainingOptions: ParsableArguments {
    @Option(help: "Network to train: convnet-WIDTH, resnet-DEPTH (8, 20, 32, 56) or mlp-HIDDEN[-HIDDEN…].")
    var architecture = "convnet-16"

    @Option(help: "Training images whose labels are used, the same number of each class. (default: all)")
    var labels: Int?

    @Option(help: "Training steps.")
    var steps = 1500

    @Option(help: "Labelled images in a step; images come again where this is more than there are.")
    var batch = 64

    @Option(
        help: ArgumentHelp(
            "Highest learning rate; it rises over the first twentieth of the steps and falls to 0 by a cosine. "
                + "(default: 0.2; 0.05 for mlp, which has no normalisation)"))
    var learningRate: Float?

    @Option(
        help: ArgumentHelp(
            "Augmentation of the training images. (default: none)",
            discussion:
                "One that is made for a task, or a policy of one's own in JSON; in a recipe also as YAML in its place.",
            valueName: AugmentOption.valueName), transform: AugmentOption.init(argument:))
    var augment = AugmentOption.none

    @Option(help: "Factor on the strength of the augmentation, 0 to 3.")
    var strength = 1.0

    @Option(help: ArgumentHelp("File for the trained model.", valueName: "FILE.safetensors"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "File that keeps the run's state after each twentieth of the steps; the same command continues from it.",
            valueName: "FILE"))
    var checkpoint: String?

    @Option(help: "Steps after which the state is written within an epoch too. (default: at ends of epochs alone)")
    var checkpointEvery: Int?

    @Option(
        help: ArgumentHelp(
            "How many of the last states are kept.",
            discussion: """
                The newest in the checkpoint's FILE, older ones in FILE.1, FILE.2 and so on, and that of the best validation \
                in FILE.best. To go back to one, copy it over FILE.
                """))
    var keepCheckpoints = 3

    @Option(
        help: ArgumentHelp(
            "Options from a YAML file, by their names without dashes; those of the command line win.",
            valueName: "FILE.yaml"))
    var recipe: String?

    @Flag(help: "Write the recipe of this command line instead of training.")
    var printRecipe = false

    func validate() throws {
        do { _ = try Architecture.family(named: architecture) } catch { throw ValidationError("--\(error)") }
        if let labels { try checkOption("labels", labels, 1...100_000_000) }
        try checkOption("steps", steps, 1...100_000_000)
        try checkOption("batch", batch, 1...65_536)
        if let learningRate { try checkOption("learning-rate", learningRate, 1e-9...1000) }
        try checkOption("strength", strength, 0...3)
        if let checkpointEvery { try checkOption("checkpoint-every", checkpointEvery, 1...100_000_000) }
        try checkOption("keep-checkpoints", keepCheckpoints, 1...1000)
        guard checkpointURL?.resolvingSymlinksInPath() != outputURL.resolvingSymlinksInPath() else {
            throw ValidationError("--checkpoint: the file of --output found, another one expected")
        }
    }

    var outputURL: URL { URL(fileURLWithPath: output) }

    var checkpointURL: URL? { checkpoint.map { URL(fileURLWithPath: $0) } }

    /// Makes sure that what will be written can be, before any work is done for it.
    func checkOutputs() throws {
        try OutputFile.check(outputURL)
        if let checkpointURL { try OutputFile.check(checkpointURL) }
    }

    var keeping: CheckpointKeeping { .init(every: checkpointEvery, last: keepCheckpoints, best: true) }

    /// The augmentation asked for; nil for none.
    func policy() throws -> AugmentationPolicy? {
        try augment.policy().map { strength == 1 ? $0 : $0.scaled(by: strength) }
    }

    /// The images to learn from: those with labels, and the others without.
    func split(_ data: CommandData, seed: UInt64) throws -> (labelled: ImageSet, unlabelled: ImageSet?) {
        guard let labels, labels != data.train.count else { return (data.train, nil) }
        guard (data.train.classCount...data.train.count).contains(labels) else {
            throw FormatError(
                file: "--labels", found: "\(labels)",
                expected: "\(data.train.classCount), one for each class, to \(data.train.count)")
        }
        let split = try data.train.split(labelled: labels, seed: seed)
        return (split.labelled, split.unlabelled)
    }

    /// The network to train for the images, as its file will describe it.
    ///
    /// - Throws: `FormatError` for what could not be read again, such as images too small for the network.
    func description(for data: CommandData, normalization: Normalization) throws -> ModelFile.Description {
        let description = ModelFile.Description(
            architecture: Architecture(
                try Architecture.family(named: architecture), height: data.train.height, width: data.train.width,
                channels: data.train.channels, classes: data.train.classCount),
            normalization: normalization, classNames: data.train.classNames)
        return try ModelFile.Description(decoding: description.encoded(), from: data.name)
    }

    /// - Parameter unlabelledRatio: images without labels in a step for each with one; nil for 64 images.
    func plan(for architecture: Architecture, seed: UInt64, unlabelledRatio: Double? = nil) -> TrainingPlan {
        var highest: Float = 0.2
        if case .mlp = architecture.family { highest = 0.05 }
        return TrainingPlan(
            steps: steps, stepsPerEpoch: max(1, steps / 20), batchSize: batch,
            unlabelledBatchSize: unlabelledRatio.map { max(1, Int((Double(batch) * $0).rounded())) } ?? 64,
            learningRate: .warmUp(0.05, then: .cosine(from: learningRate ?? highest, to: 0)), seed: seed)
    }
}
