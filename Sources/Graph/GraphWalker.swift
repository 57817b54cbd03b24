/// The order, the lifetimes and the lookup of a graph's values, whatever a value is: tensors in inference, variables in
/// training, uint8 with a scale in an integer network.
///
/// Nodes run in their order, each reads earlier ones, and a value is freed after its last reader.
public struct GraphWalker: Sendable {
    /// For each node the earlier ones that it reads.
    public let sources: [[Int]]
    /// The node whose value is the result.
    public let output: Int
    /// For each node those that nobody reads after it.
    let lastReads: [[Int]]

    /// Prepares to run nodes.
    ///
    /// - Parameters:
    ///   - sources: for each node the earlier ones that it reads.
    ///   - output: the node whose value is the result.
    public init(sources: [[Int]], output: Int) {
        var lastReads = [[Int]](repeating: [], count: sources.count)
        var alive = Set(sources.indices).subtracting([output])
        for node in sources.indices.reversed() {
            for source in Set(sources[node]) where alive.remove(source) != nil { lastReads[node].append(source) }
        }
        self.sources = sources
        self.output = output
        self.lastReads = lastReads
    }

    /// Runs all nodes.
    ///
    /// - Parameter evaluate: a node's value; its second argument gives the value of a node that it reads.
    /// - Returns: the value of ``output``.
    public func run<Value>(_ evaluate: (_ node: Int, _ value: (Int) -> Value) throws -> Value) rethrows -> Value {
        var values = [Value?](repeating: nil, count: sources.count)
        func value(of node: Int) -> Value {
            guard let value = values[node] else { fatalError("GraphWalker: node \(node) is read and has no value") }
            return value
        }
        for node in sources.indices {
            values[node] = try evaluate(node, value)
            for source in lastReads[node] { values[source] = nil }
        }
        return value(of: output)
    }

    /// The largest sum of the sizes of values that are alive together.
    ///
    /// - Parameter sizes: of each node's value.
    public func peak(of sizes: [Int]) -> Int {
        var (live, peak) = (0, 0)
        for (node, size) in sizes.enumerated() {
            live += size
            peak = max(peak, live)
            live -= lastReads[node].reduce(0) { $0 + sizes[$1] }
        }
        return peak
    }
}
