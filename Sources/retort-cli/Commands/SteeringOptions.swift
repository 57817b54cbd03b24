import ArgumentParser
import Retort

/// What chooses and changes the views of `retort distill` as the student learns.
struct SteeringOptions: ParsableArguments, CheckedOptions, WholeNumberOptions {
    /// What decides on settings beside the command line.
    enum Loop: String, ExpressibleByArgument, CaseIterable {
        case evidence, article, none
    }

    @Option(
        help: ArgumentHelp(
            "What decides on settings beside this command line.",
            discussion: """
                evidence: what teacher, labels and classes are worth is measured before the first step, and whether the \
                teacher still is after each epoch; without evidence nothing changes. article: classes under 97 % on \
                validation come more often, hard images are changed more, --hard-label-weight 0.9:0.1, --temperature 3:1.
                """))
    var loop = Loop.none

    @Option(
        help: ArgumentHelp(
            "What steers instead, as YAML: '[{controller: class, threshold: 0.95}]'.", valueName: "LIST"),
        transform: Described<[ControllerDescription]>.init(argument:))
    var controllers: Described<[ControllerDescription]>?

    @Option(
        help: ArgumentHelp(
            "Draw views anew in which the teacher keeps less than this share of its confidence, 0 to 1.",
            valueName: "SHARE"))
    var gate: Float?

    @Option(
        help: ArgumentHelp(
            "Of so many views of an image take the one that the teacher reads and the student does not.",
            valueName: "NUMBER"))
    var candidates: Int?

    func check() throws {
        if loop != .none {
            for (name, isAsked) in [
                ("controllers", controllers != nil), ("gate", gate != nil && loop == .evidence),
                ("candidates", candidates != nil && loop == .evidence),
            ] where isAsked {
                throw ConfigurationError(
                    [.name(name)], "steers instead of --loop \(loop.rawValue); leave one of the two out")
            }
        }
        if let gate { try checkSetting("gate", gate, 0...1) }
        guard gate == nil || candidates == nil else {
            throw ConfigurationError(
                ["candidates"], "chooses among views, which --gate draws anew; leave one of the two out")
        }
    }

    static let wholeNumbers = ["candidates": WholeNumber.Range(2...16)]

    /// - Throws: `ConfigurationError` for operations to be steered where there are none.
    func controllers(steering policy: AugmentationPolicy?, seed: UInt64) throws -> [any DataController] {
        guard let controllers else { return loop == .article ? ArticleLoop.controllers : [] }
        return try controllers.value.enumerated().map { index, description in
            do { return try description.controller(steering: policy, seed: seed) } catch let fault as ConfigurationError
            {
                throw ConfigurationError(["controllers", .index(index)], fault.problem)
            }
        }
    }

    /// What the images go through.
    ///
    /// - Parameters:
    ///   - student: what chooses among candidates sees of the student.
    ///   - size: at which the student reads images.
    ///   - sizes: at which the teachers do; those that differ see the same views at the largest of them.
    /// - Throws: `ConfigurationError` for views that a teacher chooses where it reads another size.
    func transform(
        _ policy: AugmentationPolicy?, teacher: (any Module)?, student: ModelCopy, size: ImageSize,
        teachers sizes: [ImageSize]
    ) throws -> any BatchTransform {
        let plain = sizes.seeing(policy ?? PlainTransform(), besides: size)
        if let own = sizes.first(where: { !$0.hasSides(of: size) }) {
            for (name, isAsked) in [("gate", gate != nil), ("candidates", candidates != nil)] where isAsked {
                throw ConfigurationError(
                    [.name(name)],
                    "asks the teacher about the student's images of \(size.height)×\(size.width), and it reads "
                        + "\(own.height)×\(own.width); leave it out, or leave out --image-size")
            }
        }
        guard let policy, let teacher else { return plain }
        if let gate { return TeacherGate(policy, share: gate) { teacher.predict($0) } }
        guard let candidates else { return plain }
        return ViewSelector(policy, candidates: candidates) {
            teacher.predict($0)
        } student: {
            student.predict($0)
        }
    }
}
