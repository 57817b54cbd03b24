import Autograd
import Synchronization
import TensorCore

/// Finds a parameter that a module stores and its `visitParameters` forgot, by reflection.
///
/// A visited parameter has a slot of the tape that was just bound; one without was left out. Which are visited is a
/// property of the type, so each type of network is looked through once.
enum VisitCheck {
    private static let checked = Mutex<Set<ObjectIdentifier>>([])

    /// Stops the program if the model stores a parameter that the tape does not know.
    static func check(_ model: some Module, on tape: Tape) {
        if let model = model as? AnyModule { return check(model.base, on: tape) }
        guard checked.withLock({ $0.insert(ObjectIdentifier(type(of: model))).inserted }) else { return }
        look(through: model, on: tape)
    }

    private static func look(through model: any Module, on tape: Tape) {
        func isKnown(_ parameter: Parameter) -> Bool { tape.variable(at: parameter.slot) != nil }
        for (label, value) in Mirror(reflecting: model).children {
            for part in parts(of: value) {
                func requireVisited(_ isVisited: Bool, _ type: Any.Type) {
                    require(
                        isVisited,
                        "\(Swift.type(of: model)).visitParameters: leaves out '\(label ?? "a property")' (\(type)), "
                            + "which would be neither trained nor saved")
                }
                if let parameter = part as? Parameter {
                    requireVisited(isKnown(parameter), Parameter.self)
                } else if let module = part as? any Module {
                    requireVisited(module.parameters.allSatisfy { isKnown($0.parameter) }, type(of: module))
                    look(through: module, on: tape)
                }
            }
        }
    }

    /// What may be a parameter or a module: the value, or what an optional or an array of such holds.
    private static func parts(of value: Any) -> [Any] {
        if value is Parameter || value is any Module { return [value] }
        return (value as? any PartsHolder)?.parts.flatMap(parts) ?? []
    }
}

private protocol PartsHolder {
    var parts: [Any] { get }
}

extension Optional: PartsHolder {
    fileprivate var parts: [Any] { map { [$0] } ?? [] }
}

extension Array: PartsHolder {
    // Numbers and labels are many, and none of them is a module.
    fileprivate var parts: [Any] { Element.self is any PlainElement.Type ? [] : self }
}

/// What a long array in a module may be of, without a parameter in it.
private protocol PlainElement {}
extension Int: PlainElement {}
extension Float: PlainElement {}
extension UInt8: PlainElement {}
extension Optional: PlainElement where Wrapped: PlainElement {}
