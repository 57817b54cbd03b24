/// The operators that are read, by name.
enum OperatorTable {
    /// From a node to its results.
    typealias Evaluate = @Sendable (NodeCall) throws -> [GraphValue]

    /// The versions of the standard operator set that are read.
    static let versions = 1...23

    /// Those of the standard domain.
    static let standard: [String: Evaluate] = [
        activations, functions, resizing, widening, arithmetic, comparisons, convolutions, pooling, normalizations,
        products, reductions,
        selections, extents, parts, constants, casts, rearrangements, quantization,
    ].reduce(into: [:]) { table, part in table.merge(part) { first, _ in first } }

    /// The operator of a name; nil if it is not read.
    static func find(_ name: String, domain: String) -> Evaluate? {
        domain.isEmpty ? standard[name] : domain == "com.microsoft" ? runtime[name] : nil
    }
}
