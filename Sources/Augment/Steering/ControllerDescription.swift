import Datasets
import TensorCore

/// What steers a run, as a recipe has it: `{controller: class, threshold: 0.97}`, `{controller: hardness, stronger:
/// 1.3}` or `{controller: operations, probes: 2}`.
public struct ControllerDescription: Decodable {
    /// From the policy whose operations are steered and a seed, to a controller that has seen nothing.
    private typealias Maker = @Sendable (AugmentationPolicy?, UInt64) throws -> any DataController

    private let make: Maker

    /// Reads a description.
    ///
    /// - Throws: `ConfigurationError` for an unknown controller or key and a number out of range, `DecodingError` for a
    ///   value that is missing or of another type.
    public init(from decoder: any Decoder) throws {
        let values = try StrictMapping(decoder)
        let kinds: [(name: String, value: (StrictMapping) throws -> Maker)] = [
            ("class", Self.byClass), ("hardness", Self.byHardness), ("operations", Self.byOperation),
        ]
        make = try values.choice("controller", of: kinds)(values)
    }

    /// The controller.
    ///
    /// - Parameters:
    ///   - policy: the run's augmentation; nil for none.
    ///   - seed: what the choice of probes depends on.
    /// - Throws: `ConfigurationError` for operations to be steered where there are none.
    public func controller(steering policy: AugmentationPolicy?, seed: UInt64) throws -> any DataController {
        try make(policy, seed)
    }

    private static func byClass(_ values: StrictMapping) throws -> Maker {
        try values.check(["controller", "measure", "threshold", "step", "cap", "decay", "margin"])
        let standard = ClassController()
        let measures = [ClassController.Measure.accuracy, .loss].map { ($0.rawValue, $0) }
        let controller = ClassController(
            unchecked: values.has("measure") ? try values.choice("measure", of: measures) : standard.measure,
            threshold: try values.value("threshold", or: standard.threshold),
            step: try values.value("step", or: standard.step), cap: try values.value("cap", or: standard.cap),
            decay: try values.value("decay", or: standard.decay),
            margin: try values.value("margin", or: standard.margin))
        try check(controller.mismatch, values)
        return { _, _ in controller }
    }

    private static func byHardness(_ values: StrictMapping) throws -> Maker {
        let effects = ["stronger", "weaker", "curriculum"]
        try values.check(["controller", "momentum"] + effects)
        let given = effects.filter(values.has)
        guard given.count == 1, let name = given.first else {
            throw values.fault("\(given.count) effects, one of \(effects.joined(separator: ", ")) expected")
        }
        let effect: HardnessController.Effect
        switch name {
        case "stronger": effect = .stronger(upTo: try values.value(name))
        case "weaker": effect = .weaker(downTo: try values.value(name))
        default:
            let curriculum: Curriculum = try values.value(name)
            effect = .curriculum(from: curriculum.from, to: curriculum.to, epochs: curriculum.epochs)
        }
        let controller = HardnessController(
            unchecked: effect,
            momentum: try values.value("momentum", or: HardnessController(.stronger(upTo: 1)).momentum))
        try check(controller.mismatch, values)
        return { _, _ in controller }
    }

    private struct Curriculum: Decodable {
        let from, to: Float
        let epochs: Int

        init(from decoder: any Decoder) throws {
            let values = try StrictMapping(decoder, known: ["from", "to", "epochs"])
            from = try values.value("from")
            to = try values.value("to")
            epochs = try values.value("epochs")
        }
    }

    private static func byOperation(_ values: StrictMapping) throws -> Maker {
        try values.check(["controller", "probes", "cap", "memory"])
        let standard = OperationController(AugmentationPolicy {})
        let (probes, cap, memory) = (
            try values.value("probes", or: standard.probesPerEpoch), try values.value("cap", or: standard.cap),
            try values.value("memory", or: standard.memory)
        )
        @Sendable func controller(_ policy: AugmentationPolicy, _ seed: UInt64) -> OperationController {
            OperationController(unchecked: policy, seed: seed, probesPerEpoch: probes, cap: cap, memory: memory)
        }
        // Now, though the policy comes later: a wrong number is the description's fault.
        try check(controller(standard.policy, 0).mismatch, values)
        let missing = values.fault("steers operations, and there is no augmentation that has some")
        return { policy, seed in
            guard let policy else { throw missing }
            return controller(policy, seed)
        }
    }

    private static func check(_ mismatch: Mismatch?, _ values: StrictMapping) throws {
        guard let mismatch else { return }
        throw values.fault("\(mismatch.found) found, \(mismatch.expected) expected")
    }
}
