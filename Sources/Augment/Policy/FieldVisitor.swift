/// Walks the fields of a ``PixelOperation``.
public struct FieldVisitor {
    let work: any FieldWork

    /// Visits a field.
    public func callAsFunction<Value>(_ field: inout Field<Value>) { work.visit(&field) }
}

/// What is done to each field of an operation.
protocol FieldWork {
    func visit<Value>(_ field: inout Field<Value>)
}

/// Lists fields: their names, and what they hold.
final class FieldList: FieldWork {
    private(set) var fields: [(name: String, json: JSONValue)] = []

    func visit<Value>(_ field: inout Field<Value>) {
        fields.append((field.declaration.name, field.declaration.rule.json(field.wrappedValue)))
    }
}

/// Scales fields about what changes nothing.
struct FieldScaling: FieldWork {
    let factor: Double

    func visit<Value>(_ field: inout Field<Value>) {
        field.wrappedValue = field.declaration.rule.scaled(field.wrappedValue, by: factor)
    }
}

/// Sets fields from the members of a JSON object, takes those out, and keeps the first fault.
final class FieldReading: FieldWork {
    private(set) var members: [String: JSONValue]
    private(set) var fault: (field: String, mismatch: Mismatch)?

    init(_ members: [String: JSONValue]) { self.members = members }

    func visit<Value>(_ field: inout Field<Value>) {
        guard fault == nil else { return }
        let (name, rule) = (field.declaration.name, field.declaration.rule)
        guard let json = members.removeValue(forKey: name) else {
            if field.declaration.isRequired { fault = (name, Mismatch(found: "nothing", expected: "this field")) }
            return
        }
        do throws(Mismatch) {
            let value = try rule.value(of: json)
            if let mismatch = rule.mismatch(value) { throw mismatch }
            field.wrappedValue = value
        } catch { fault = (name, error) }
    }
}
