import Retort
import Yams

/// The value of an option that is more than a word: a schedule, hints, controllers, a policy. A recipe has it as YAML,
/// and so has the option on a command line.
protocol RecipeValue {
    /// - Throws: `RecipeError` with the place of the fault.
    init(_ value: RecipeNode) throws

    /// As a recipe has it.
    var node: Node { get }
}

extension RecipeValue {
    /// Reads the text that came with an option.
    init(argument: String) throws {
        try self.init(RecipeNode(text: argument, file: "", isFile: false))
    }
}

/// The value of an option that a library describes: `[Hint.Description]`, for instance.
struct Described<Description: Decodable>: RecipeValue {
    let value: Description
    let node: Node

    init(_ value: RecipeNode) throws {
        self.value = try value.decoded()
        node = value.node
    }
}
