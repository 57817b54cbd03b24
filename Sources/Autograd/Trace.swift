import TensorCore

/// Every step of one forward pass in the order it was taken: what a `NetworkGraph` is made from.
public struct Trace: Sendable {
    /// One step; inputs are indices of earlier entries.
    public enum Entry: Sendable {
        /// The network's input.
        case input(Shape)
        /// A tensor of the model, by its path.
        case parameter(String, Tensor)
        /// A tensor that is neither.
        case constant(Tensor)
        /// An operation, and its result's shape.
        case operation(AnyOperation, inputs: [Int], Shape)
    }

    /// The steps.
    public private(set) var entries: [Entry] = []

    /// The names that values were given, by their entries.
    public private(set) var names: [Int: [String]] = [:]

    mutating func name(_ entry: Int, _ name: String) { names[entry, default: []].append(name) }

    mutating func append(_ entry: Entry) -> Int {
        entries.append(entry)
        return entries.count - 1
    }
}

extension Tape {
    /// What was traced so far, and which entry a variable is; nil on a tape that does not trace.
    public func traced(_ output: Variable) -> (trace: Trace, output: Int)? {
        guard let trace, let index = output.traced else { return nil }
        return (trace, index)
    }
}
