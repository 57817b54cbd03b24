import TensorCore

/// A tensor and where it stands on a tape. Operations on variables are recorded; operations on tensors are not.
public struct Variable {
    /// The tensor.
    public let value: Tensor
    /// The tape that the operations on this variable are written to.
    public let tape: Tape
    /// Its node; nil if no gradient flows through it.
    let node: Int?
    /// Its entry in the trace, on a tracing tape.
    let traced: Int?

    /// The extents of its axes.
    public var shape: Shape { value.shape }

    /// The same value, through which no gradient flows back.
    public func detached() -> Variable { Variable(value: value, tape: tape, node: nil, traced: traced) }

    /// Marks a feature map that a caller may ask for by name, such as a stage's output; passes it on unchanged.
    ///
    /// A name that is wanted and not given may still be a module's path; see ``outputOfModule(with:below:)``.
    public func named(_ name: String) -> Variable {
        if !tape.featureNames.contains(name) { tape.featureNames.append(name) }
        if let traced { tape.trace?.name(traced, name) }
        if tape.requestedFeatures.contains(name) {
            tape.namedMaps[name] = Tape.Unbound(value: value, node: node, traced: traced)
        }
        return self
    }

    /// Marks the output of a module, which a caller may ask for by the module's path; passes it on unchanged.
    ///
    /// - Parameters:
    ///   - slot: of one of the module's parameters, whose path tells that of the module.
    ///   - depth: how many components the parameter's path has beyond the module's; 1 for a layer's own weight.
    public func outputOfModule(with slot: Slot?, below depth: Int = 1) -> Variable {
        guard let path = tape.modulePath(of: slot, below: depth) else { return self }
        if tape.requestedFeatures.contains(path) {
            tape.namedMaps[path] = Tape.Unbound(value: value, node: node, traced: traced)
        }
        return self
    }
}
