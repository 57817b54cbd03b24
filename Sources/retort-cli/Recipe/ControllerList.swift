import Foundation
import Retort
import Yams

/// What steers a run: a list of `{controller: class, threshold: 0.97}`, `{controller: hardness, stronger: 1.3}` and
/// `{controller: operations, probes: 2}`.
struct ControllerList: RecipeValue {
    /// From the policy whose steps are steered and a seed, to a controller that has seen nothing.
    private typealias Maker = (AugmentationPolicy?, UInt64) throws -> any DataController

    private let makers: [Maker]
    let node: Node

    init(_ value: RecipeNode) throws {
        makers = try value.elements(of: "a list of controllers").map(Self.maker)
        node = value.node
    }

    /// The controllers.
    ///
    /// - Parameters:
    ///   - policy: the run's augmentation; nil for none.
    ///   - seed: what the choice of probes depends on.
    /// - Throws: `FormatError` for operations to be steered where there are none.
    func controllers(steering policy: AugmentationPolicy?, seed: UInt64) throws -> [any DataController] {
        try makers.map { try $0(policy, seed) }
    }

    private static func maker(_ value: RecipeNode) throws -> Maker {
        let what = "a mapping with a controller"
        let kinds: [(name: String, value: (RecipeNode) throws -> Maker)] = [
            ("class", byClass), ("hardness", byHardness), ("operations", byOperation),
        ]
        return try value.member("controller", of: what).choice(of: kinds)(value)
    }

    private static func byClass(_ value: RecipeNode) throws -> Maker {
        var changes: [String: Any] = [:]
        let measures = [ClassController.Measure.accuracy, .loss].map { ($0.rawValue, $0) }
        let keys = ["controller", "measure", "threshold", "step", "cap", "decay", "margin"]
        for (key, member) in try value.members(keys, of: "a class controller").dropping("controller") {
            changes[key] = key == "measure" ? try member.choice(of: measures).rawValue : try member.number()
        }
        let controller = try changed(ClassController(), changes, value)
        return { _, _ in controller }
    }

    private static func byHardness(_ value: RecipeNode) throws -> Maker {
        var changes: [String: Any] = [:]
        let effects = ["stronger", "weaker", "curriculum"]
        let members = try value.members(["controller", "momentum"] + effects, of: "a hardness controller")
        let given = members.filter { effects.contains($0.key) }
        guard given.count == 1, let (name, effect) = given.first else {
            throw value.error(
                found: "\(given.count) effects", expected: "one of \(effects.joined(separator: ", "))")
        }
        switch name {
        case "stronger": changes["effect"] = ["stronger": ["upTo": try effect.number()]]
        case "weaker": changes["effect"] = ["weaker": ["downTo": try effect.number()]]
        default:
            _ = try effect.members(["from", "to", "epochs"], of: "a mapping with from, to and epochs")
            func member(_ key: String) throws -> RecipeNode { try effect.member(key, of: "a curriculum") }
            changes["effect"] = [
                "curriculum": [
                    "from": try member("from").number(), "to": try member("to").number(),
                    "epochs": try member("epochs").wholeNumber(),
                ] as [String: Any]
            ]
        }
        if let momentum = members.first(where: { $0.key == "momentum" }) {
            changes["momentum"] = try momentum.value.number()
        }
        let controller = try changed(HardnessController(.stronger(upTo: 1)), changes, value)
        return { _, _ in controller }
    }

    private static func byOperation(_ value: RecipeNode) throws -> Maker {
        var changes: [String: Any] = [:]
        let keys = ["controller", "probes", "cap", "memory"]
        for (key, member) in try value.members(keys, of: "an operation controller").dropping("controller") {
            if key == "probes" {
                changes["probesPerEpoch"] = try member.wholeNumber()
            } else {
                changes[key] = try member.number()
            }
        }
        let fixed = changes
        // Now, though the policy comes later: a wrong number is the recipe's fault.
        _ = try changed(OperationController(AugmentationPolicy {}), fixed, value)
        return { policy, seed in
            guard let policy else {
                throw FormatError(
                    file: "--controllers", place: value.path, found: "operations to be steered",
                    expected: "--augment with some of them beside")
            }
            return try changed(OperationController(policy, seed: seed), fixed, value)
        }
    }

    /// A controller with other parameters, checked as one that comes from a checkpoint.
    private static func changed<Controller: DataController>(
        _ standard: Controller, _ parameters: [String: Any], _ value: RecipeNode
    ) throws -> Controller {
        let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(standard)) as? [String: Any]
        let state = (encoded ?? [:]).merging(parameters) { $1 }
        do {
            return try JSONDecoder().decode(Controller.self, from: JSONSerialization.data(withJSONObject: state))
        } catch let error as FormatError {
            throw value.error(found: error.found, expected: error.expected)
        }
    }
}

extension [(key: String, value: RecipeNode)] {
    /// All members but one.
    fileprivate func dropping(_ key: String) -> Self { filter { $0.key != key } }
}
