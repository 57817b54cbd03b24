import ArgumentParser
import Retort

/// What every command that trains takes alike.
struct LearningOptions: ParsableArguments, CheckedOptions, FileOptions {
    @Option(
        help: ArgumentHelp(
            "Highest learning rate; it rises over the first twentieth of the steps and falls to 0 by a cosine. "
                + "(default: 0.2; 0.05 for mlp, which has no normalisation, and after pruning; 0.003 for INT8)"))
    var learningRate: Float?

    @Option(
        help: ArgumentHelp(
            "Augmentation of the training images. (default: none)",
            discussion:
                "One that is made for a task, or a policy of one's own in JSON; in a recipe also as YAML in its place.",
            valueName: AugmentOption.valueName), transform: AugmentOption.init(argument:))
    var augment = AugmentOption.none

    func check() throws {
        if let learningRate { try checkSetting("learning-rate", learningRate, 1e-9...1000) }
        try augment.check()
    }

    var files: [NamedFile] { augment.file.map { [NamedFile("--augment", $0, .read)] } ?? [] }

    /// - Parameter rate: the highest where none was given.
    func schedule(or rate: Float) -> Schedule { .warmUp(0.05, then: .cosine(from: learningRate ?? rate, to: 0)) }
}

/// How much the labels weigh beside a teacher.
struct LabelWeightOptions: ParsableArguments, CheckedOptions {
    @Option(
        help: ArgumentHelp(
            "Weight of the labels beside the teacher, 0 to 1; 0.9:0.1 goes from 0.9 to 0.1 by a cosine. (default: 0.1)",
            valueName: "W|FROM:TO|SCHEDULE"), transform: ScheduleOption.init(argument:))
    var hardLabelWeight = usual

    private static var usual: ScheduleOption { ScheduleOption(0.1) }

    /// Whether it is another than the usual weight.
    var isGiven: Bool { hardLabelWeight != Self.usual }

    func check() throws {
        for value in hardLabelWeight.extremes { try checkSetting("hard-label-weight", value, 0...1) }
    }

    var schedule: Schedule { hardLabelWeight.schedule { .cosine(from: $0, to: $1) } }
}

/// How the images of a folder are read where no model says it.
struct ImageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Sides in pixels that the images of a folder of PNG or JPEG files are brought to. "
                + "(default: 32; a teacher's size)", valueName: "PIXELS|HEIGHTxWIDTH"),
        transform: ImageSides.init(argument:))
    var imageSize: ImageSides?

    @Flag(help: "Read the images of such a folder in grey.")
    var grey = false

    var wanted: WantedImages { WantedImages(asked: imageSize, usual: 32, grey: grey) }
}
