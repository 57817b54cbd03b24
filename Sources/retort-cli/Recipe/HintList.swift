import Retort
import Yams

/// Feature maps to match: a list of `{stage: stage1, weight: 0.5, loss: attention}`, or with `student` and `teacher` in place
/// of `stage` where the maps have two names.
struct HintList: RecipeValue {
    let hints: [Hint]
    let node: Node

    init(_ value: RecipeNode) throws {
        hints = try value.elements(of: "a list of hints").map(Self.hint)
        node = value.node
    }

    private static func hint(_ value: RecipeNode) throws -> Hint {
        let losses: [(name: String, value: FeatureLoss)] = [
            ("hint", .hint), ("margin-relu", .marginReLU), ("attention", .attention), ("similarity", .similarity),
            ("relational", .relational()),
        ]
        let what = "a hint with a stage"
        var loss = try value.descending("loss").rest.isEmpty ? value.member("loss", of: what).choice(of: losses) : .hint
        var keys = ["stage", "student", "teacher", "weight", "loss"]
        if case .relational = loss { keys += ["distance", "angle"] }
        let members = Dictionary(
            uniqueKeysWithValues: try value.members(keys, of: what).map { ($0.key, $0.value) })
        if case .relational(let distance, let angle) = loss {
            loss = .relational(
                distance: try members["distance"].map { Float(try $0.number()) } ?? distance,
                angle: try members["angle"].map { Float(try $0.number()) } ?? angle)
        }
        let weight = try members["weight"].map { Float(try $0.number()) } ?? 1
        if let stage = members["stage"] {
            if let other = members["student"] ?? members["teacher"] {
                throw other.error(found: "a name beside 'stage'", expected: "one of the two")
            }
            return Hint(try stage.text(), weight: weight, loss: loss)
        }
        return Hint(
            student: try value.member("student", of: what).text(),
            teacher: try value.member("teacher", of: what).text(),
            weight: weight, loss: loss)
    }
}
