import ArgumentParser
import Foundation
import Retort

/// What `train` and `distill` take alike: the network, the images that it learns from, how long and how, and where to.
struct TrainingOptions: ParsableArguments, CheckedOptions, FileOptions, WholeNumberOptions {
    @Option(help: "Network to train: \(NetworkRegistry.standard.patterns.joined(separator: ", ")).")
    var architecture = "convnet-16"

    @Option(
        help: ArgumentHelp(
            "Published weights that it begins with, by PyTorch's names. (default: fresh ones)",
            valueName: "FILE.safetensors"))
    var weights: String?

    @Option(help: "Training images whose labels are used. (default: all)")
    var labels: Int?

    @Option(
        help: ArgumentHelp(
            "How --labels are distributed over the classes: 'even', as many of each, or 'shares', in proportion to "
                + "their images. (default: even)",
            valueName: "even|shares"))
    var labelsBy: String?

    @Option(help: "Training steps.")
    var steps = 1500

    @Option(help: "Labelled images in a step; images come again where this is more than there are.")
    var batch = 64

    @OptionGroup var learning: LearningOptions

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
                The newest in the checkpoint's FILE, older ones in FILE.1, FILE.2 and so on, and that of the best \
                validation in FILE.best. To go back to one, copy it over FILE. The log of steps is FILE.steps.
                """))
    var keepCheckpoints = 3

    @Option(
        help: ArgumentHelp(
            "Options from a YAML file, by their names without dashes; those of the command line win.",
            valueName: "FILE.yaml"))
    var recipe: String?

    @Flag(help: "Write the recipe of this command line instead of training.")
    var printRecipe = false

    func check() throws {
        try checkArchitecture("architecture", architecture)
        try checkSetting("strength", strength, 0...3)
        if let labelsBy {
            guard LabelDistribution(rawValue: labelsBy) != nil else {
                let names = LabelDistribution.allCases.map(\.rawValue).joined(separator: " or ")
                throw ConfigurationError(["labels-by"], "'\(labelsBy)' found, \(names) expected")
            }
            guard labels != nil else {
                throw ConfigurationError(["labels-by"], "has no effect without --labels; leave it out")
            }
        }
    }

    static let wholeNumbers = [
        "labels": WholeNumber.Range(1...100_000_000), "steps": .init(1...100_000_000), "batch": .init(1...65_536),
        "checkpoint-every": .init(1...100_000_000), "keep-checkpoints": .init(1...1000),
    ]

    var outputURL: URL { URL(fileURLWithPath: output) }

    var checkpointURL: URL? { checkpoint.map { URL(fileURLWithPath: $0) } }

    var files: [NamedFile] {
        guard !printRecipe else { return [] }
        let states = checkpointURL.map { keeping.files(of: $0) } ?? []
        return (recipe.map { [NamedFile("--recipe", $0, .read)] } ?? [])
            + (weights.map { [NamedFile("--weights", $0, .read)] } ?? []) + [NamedFile("--output", output, .written)]
            + states.enumerated().map {
                NamedFile("--checkpoint", $0 == 0 ? checkpoint ?? "" : $1.relativePath, .written)
            }
    }

    /// What is kept of a run.
    ///
    /// - Parameter command: what the run was asked for by.
    func keeping(for command: any ParsableCommand) throws -> CheckpointKeeping {
        var keeping = keeping
        keeping.settings = try Setting.texts(of: command)
        return keeping
    }

    private var keeping: CheckpointKeeping {
        .init(every: checkpointEvery, last: keepCheckpoints, best: true, steps: false)
    }

    /// The augmentation asked for; nil for none.
    func policy() throws -> AugmentationPolicy? {
        try learning.augment.policy().map { strength == 1 ? $0 : $0.scaled(by: strength) }
    }

    /// The images to learn from: those with labels, and the others without.
    func split(_ data: DividedData, seed: UInt64) throws -> (
        labelled: any ImageSource, unlabelled: (any ImageSource)?
    ) {
        try data.checkClasses()
        if let checkpoint, data.validation.count == 0 {
            StandardStream.say("\(checkpoint).best is not kept: no image is held out for validation")
        }
        guard let labels, labels != data.train.count else { return (data.train, nil) }
        guard (data.train.classCount...data.train.count).contains(labels) else {
            throw ConfigurationError(
                ["labels"],
                "\(labels) found, \(data.train.classCount) (one for each class) to \(data.train.count) expected")
        }
        let distribution = labelsBy.flatMap(LabelDistribution.init) ?? .even
        do {
            let split = try data.train.split(labelled: labels, seed: seed, by: distribution)
            return (split.labelled, split.unlabelled)
        } catch let error as FormatError where distribution == .even {
            throw error.advising("keep the classes' shares by --labels-by shares")
        }
    }

    /// A network for the images: the one to train unless another name is given.
    ///
    /// - Throws: `ConfigurationError` for images that it does not take, `FormatError` for weights that are not its own.
    func network(named name: String? = nil, for data: DividedData, seed: UInt64) throws -> any Module {
        var network: any Module
        do {
            network = try NetworkRegistry.standard.makeNetwork(
                named: name ?? architecture, inputShape: data.train.size.shape, classes: data.train.classCount,
                seed: seed)
        } catch let fault as FormatError {
            throw ConfigurationError([name == nil ? "architecture" : "mutual"], fault.problem)
        }
        if let weights, name == nil {
            for difference in try PublishedWeights.load(URL(fileURLWithPath: weights), into: &network) {
                StandardStream.say("\(weights): \(difference)")
            }
        }
        return network
    }

    /// What the network's file will say of it.
    func description(for data: DividedData, normalization: Normalization) -> ModelFile.Description {
        ModelFile.Description(
            architecture: architecture.lowercased(), normalization: normalization, classNames: data.train.classNames,
            heldOut: data.heldOut ?? .byName, keepsAspect: data.train.size.keepsAspect)
    }

    /// - Parameter unlabelledRatio: images without labels in a step for each with one; nil for 64 images.
    func plan(seed: UInt64, unlabelledRatio: Double? = nil) throws -> TrainingPlan {
        let highest = try NetworkRegistry.standard.family(of: architecture).learningRate
        return TrainingPlan(
            steps: steps, stepsPerEpoch: max(1, steps / 20), batchSize: batch,
            unlabelledBatchSize: unlabelledRatio.map { max(1, Int((Double(batch) * $0).rounded())) } ?? 64,
            learningRate: learning.schedule(or: highest), seed: seed)
    }
}
