/// What a network that is read from a file may cost for one image.
///
/// A file of a kilobyte can describe a network that runs for days. Its cost is computed from its shapes when it is
/// read, before anything runs, and held to these limits; who knows that a file is good raises them.
public struct GraphLimits: Hashable, Sendable {
    /// Products, sums and comparisons, and elements that are read or written.
    public var operations: Double
    /// Bytes of the results of nodes that are in memory at the same time.
    public var activationBytes: Int

    /// Describes limits; the defaults are some hundred times what a ResNet-50 needs for a photograph.
    public init(operations: Double = 4e11, activationBytes: Int = 4 << 30) {
        self.operations = operations
        self.activationBytes = activationBytes
    }
}
