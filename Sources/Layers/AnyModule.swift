import Autograd

/// A module of a type that the program does not know, such as the network of a file; with the same parameter paths.
///
/// `Trainer` and `Distiller` wrap and unwrap `any Module` themselves.
public struct AnyModule: Module {
    /// The module.
    public var base: any Module

    /// Wraps a module; one that is wrapped already is not wrapped again.
    public init(_ module: any Module) { base = (module as? AnyModule)?.base ?? module }

    public func callAsFunction(_ input: Variable) -> Variable { base(input) }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { base.visitParameters(visitor) }
}

/// Calls the closure with a module that it may change, wrapped as a value of a known type; on an error the module stays
/// as it was.
///
/// - Returns: what the closure returns.
public func withAnyModule<Result>(
    _ model: inout any Module, _ body: (inout AnyModule) throws -> Result
) rethrows -> Result {
    var wrapped = AnyModule(model)
    let result = try body(&wrapped)
    model = wrapped.base
    return result
}
