import ArgumentParser
import Retort

/// What a student of `retort distill` learns, and from which outputs.
struct LessonOptions: ParsableArguments, CheckedOptions {
    @Option(
        help: ArgumentHelp(
            "What compares the networks' outputs.",
            discussion: """
                kl suits most; dkd where the teacher is sure of nearly all, dist where it is far better. Both have \
                large gradients: with few steps give them a quarter of the learning rate.
                """))
    var loss = ResponseLoss.hinton

    @Option(
        help: ArgumentHelp(
            "Temperature of both networks' outputs; 3:1 goes from 3 to 1 in a line. (default: 4)",
            discussion: "Any schedule goes as YAML: '{schedule: step, from: 4, factor: 0.5, at: [0.3, 0.6]}'.",
            valueName: "T|FROM:TO|SCHEDULE"),
        transform: ScheduleOption.init(argument:))
    var temperature = usualTemperature

    private static var usualTemperature: ScheduleOption { ScheduleOption(4) }

    @Option(
        help: ArgumentHelp(
            "Temperatures to try in runs of a quarter of the steps; the best on validation data is taken: '[1, 2, 4]'.",
            valueName: "LIST"), transform: Described<[Float]>.init(argument:))
    var temperatures: Described<[Float]>?

    @Option(
        help: ArgumentHelp(
            "The temperature is learnt against the student from --temperature on: '{lowest: 1, highest: 21}'.",
            valueName: "CURRICULUM"), transform: Described<TemperatureCurriculum.Description>.init(argument:))
    var curriculum: Described<TemperatureCurriculum.Description>?

    @OptionGroup var labels: LabelWeightOptions

    @Option(
        help: ArgumentHelp(
            "Feature maps to match beside the outputs, as YAML: '[{stage: stage1, weight: 0.5, loss: attention}]'.",
            valueName: "LIST"), transform: Described<[Hint.Description]>.init(argument:))
    var hints: Described<[Hint.Description]>?

    @Option(
        help: ArgumentHelp(
            "Feature maps by which the student tells its image from others, as YAML: '[{stage: stage2, weight: 0.1}]'.",
            valueName: "LIST"), transform: Described<[ContrastTerm.Description]>.init(argument:))
    var contrasts: Described<[ContrastTerm.Description]>?

    @Option(
        help: ArgumentHelp(
            "Leave out images without labels of which the teacher is less sure than this, 0 to 1.", valueName: "P"))
    var confidence: Float = 0

    func check() throws {
        for value in temperature.extremes { try checkSetting("temperature", value, 0.01...1000) }
        try checkSetting("confidence", confidence, 0...1)
        guard let temperatures else { return }
        guard !temperatures.value.isEmpty else {
            throw ConfigurationError(["temperatures"], "an empty list found, one temperature or more expected")
        }
        guard curriculum == nil else {
            throw ConfigurationError(
                ["temperatures"], "looks for one that stays, --curriculum changes it; leave one out")
        }
        for value in temperatures.value { try checkSetting("temperatures", value, 0.01...1000) }
    }

    /// The distillation as far as these options go.
    ///
    /// - Parameter loop: what decides on temperature and weight of the labels where they were not given.
    func distiller(_ teacher: any Module, loop: SteeringOptions.Loop) -> Distiller {
        var distiller = Distiller(
            teacher: teacher, loss: loss, temperature: temperature.schedule { .linear(from: $0, to: $1) },
            hardLabelWeight: labels.schedule, hints: hints?.value.map(\.hint) ?? [])
        if loop == .article {
            let method = TrainingMethod.scheduled
            if temperature == Self.usualTemperature { distiller.temperature = method.temperature }
            if !labels.isGiven { distiller.hardLabelWeight = method.hardLabelWeight }
        }
        distiller.contrasts = contrasts?.value.map(\.contrast) ?? []
        distiller.dynamics.curriculum = curriculum?.value.curriculum
        if confidence > 0 { distiller.dynamics.confidence = .atLeast(confidence) }
        return distiller
    }
}
