/// A parameter of a ``PixelOperation``: its limits, and what changes nothing.
///
/// A field is a number, a whole number, a range, an array of numbers or one of a few names. Its limits hold in
/// initialisers, in policy files and when strength scales it.
///
///     /// Degrees, counter-clockwise as one sees it.
///     @Field(within: -180...180, neutral: 0) var rotate: ClosedRange<Double>
///     /// What is read beyond the edges.
///     @Field var border: ImageBorder
///
/// Give every field a value in the type's initialiser, and visit it in ``PixelOperation/visitFields(_:)``.
@propertyWrapper
public struct Field<Value: Hashable & Sendable>: Hashable, Sendable {
    /// What the field holds.
    public var wrappedValue: Value
    let rule: any FieldRule<Value>
    /// Whether a policy file must give it.
    let isRequired: Bool

    init(_ rule: any FieldRule<Value>, isRequired: Bool) {
        wrappedValue = rule.start
        self.rule = rule
        self.isRequired = isRequired
    }

    /// A number within limits.
    ///
    /// - Parameters:
    ///   - limits: the least and the largest value.
    ///   - neutral: the value that changes nothing, about which strength scales; nil for what has no strength.
    ///   - isRequired: whether a policy file must give the field. Otherwise that of ``PixelOperation/template`` stands for
    ///     it where a file leaves it out.
    public init(within limits: ClosedRange<Double>, neutral: Double? = nil, required isRequired: Bool = false)
    where Value == Double {
        self.init(NumberRule(limits: limits, neutral: neutral), isRequired: isRequired)
    }

    /// A whole number within limits; parameters as for a number.
    public init(within limits: ClosedRange<Int>, neutral: Int? = nil, required isRequired: Bool = false)
    where Value == Int {
        self.init(CountRule(limits: limits, neutral: neutral), isRequired: isRequired)
    }

    /// A range within limits, which a policy file gives as `[lower, upper]`; parameters as for a number.
    public init(within limits: ClosedRange<Double>, neutral: Double? = nil, required isRequired: Bool = false)
    where Value == ClosedRange<Double> {
        self.init(RangeRule(bound: NumberRule(limits: limits, neutral: neutral)), isRequired: isRequired)
    }

    /// So many numbers within limits, an array in a policy file. They have no strength.
    public init(count: Int, within limits: ClosedRange<Double>) where Value == [Double] {
        self.init(NumbersRule(count: count, limits: limits), isRequired: false)
    }

    /// One of a few names, the cases of an enumeration.
    public init() where Value: RawRepresentable<String> & CaseIterable {
        self.init(ChoiceRule<Value>(), isRequired: false)
    }

    /// Whether two fields hold the same.
    public static func == (left: Field, right: Field) -> Bool { left.wrappedValue == right.wrappedValue }

    public func hash(into hasher: inout Hasher) { hasher.combine(wrappedValue) }
}

/// Walks the fields of a ``PixelOperation`` with their names.
public struct FieldVisitor {
    let work: any FieldWork

    /// Visits a field.
    ///
    /// - Parameter name: the property's own, which policy files use.
    public func callAsFunction<Value>(_ name: String, _ field: inout Field<Value>) { work.visit(name, &field) }
}

/// What is done to each field of an operation.
protocol FieldWork {
    func visit<Value>(_ name: String, _ field: inout Field<Value>)
}

/// A field as it was found.
struct ListedField {
    let name: String
    let json: JSONValue
    let mismatch: Mismatch?
}

/// Lists fields.
final class FieldList: FieldWork {
    private(set) var fields: [ListedField] = []

    func visit<Value>(_ name: String, _ field: inout Field<Value>) {
        let value = field.wrappedValue
        fields.append(ListedField(name: name, json: field.rule.json(value), mismatch: field.rule.mismatch(value)))
    }
}

/// Scales fields about what changes nothing.
struct FieldScaling: FieldWork {
    let factor: Double

    func visit<Value>(_ name: String, _ field: inout Field<Value>) {
        field.wrappedValue = field.rule.scaled(field.wrappedValue, by: factor)
    }
}

/// Sets fields from the members of a JSON object, takes those out, and keeps the first fault.
final class FieldReading: FieldWork {
    private(set) var members: [String: JSONValue]
    private(set) var fault: (field: String, mismatch: Mismatch)?

    init(_ members: [String: JSONValue]) { self.members = members }

    func visit<Value>(_ name: String, _ field: inout Field<Value>) {
        guard fault == nil else { return }
        guard let json = members.removeValue(forKey: name) else {
            if field.isRequired { fault = (name, Mismatch(found: "nothing", expected: "this field")) }
            return
        }
        do throws(Mismatch) {
            let value = try field.rule.value(of: json)
            if let mismatch = field.rule.mismatch(value) { throw mismatch }
            field.wrappedValue = value
        } catch { fault = (name, error) }
    }
}
