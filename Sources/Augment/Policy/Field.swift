/// A parameter of a ``PixelOperation``: its limits, and what changes nothing.
///
/// A field is a number, a whole number, a range, an array of numbers or one of a few names. Its limits hold in
/// initialisers, in policy files and when strength scales it.
///
///     /// Degrees, counter-clockwise as one sees it.
///     @Field("rotate", within: -180...180, neutral: 0) var rotate: ClosedRange<Double>
///     /// What is read beyond the edges.
///     @Field("border") var border: ImageBorder
///
/// Give every field a value in the type's initialiser, and visit it in ``PixelOperation/visitFields(_:)``.
@propertyWrapper
public struct Field<Value: Hashable & Sendable>: Hashable, Sendable {
    private var value: Value
    let declaration: FieldDeclaration<Value>

    private init(_ declaration: FieldDeclaration<Value>) {
        value = declaration.rule.start
        self.declaration = declaration
    }

    /// What the field holds. Stops the program where it is set to what is outside the limits.
    public var wrappedValue: Value {
        get { value }
        set {
            if let mismatch = declaration.rule.mismatch(newValue) {
                fatalError(
                    "\(declaration.owner): \(declaration.name): \(mismatch.found) given, \(mismatch.expected) expected")
            }
            value = newValue
        }
    }

    /// A number within limits.
    ///
    /// - Parameters:
    ///   - name: the property's own, which policy files use.
    ///   - limits: the least and the largest value.
    ///   - neutral: the value that changes nothing, about which strength scales; nil for what has no strength.
    ///   - isRequired: whether a policy file must give the field. Otherwise that of ``PixelOperation/template`` stands
    ///     for it where a file leaves it out.
    ///   - owner: the type that declares the field, for errors.
    public init(
        _ name: String, within limits: ClosedRange<Double>, neutral: Double? = nil, required isRequired: Bool = false,
        owner: StaticString = #function
    ) where Value == Double {
        self.init(.init(name, NumberRule(limits: limits, neutral: neutral), isRequired, owner))
    }

    /// A whole number within limits; parameters as for a number.
    public init(
        _ name: String, within limits: ClosedRange<Int>, neutral: Int? = nil, required isRequired: Bool = false,
        owner: StaticString = #function
    ) where Value == Int {
        self.init(.init(name, CountRule(limits: limits, neutral: neutral), isRequired, owner))
    }

    /// A range within limits, which a policy file gives as `[lower, upper]`; parameters as for a number.
    public init(
        _ name: String, within limits: ClosedRange<Double>, neutral: Double? = nil, required isRequired: Bool = false,
        owner: StaticString = #function
    ) where Value == ClosedRange<Double> {
        self.init(.init(name, RangeRule(bound: NumberRule(limits: limits, neutral: neutral)), isRequired, owner))
    }

    /// So many numbers within limits, an array in a policy file. They have no strength.
    public init(_ name: String, count: Int, within limits: ClosedRange<Double>, owner: StaticString = #function)
    where Value == [Double] {
        self.init(.init(name, NumbersRule(count: count, limits: limits), false, owner))
    }

    /// One of a few names, the cases of an enumeration.
    public init(_ name: String, owner: StaticString = #function)
    where Value: RawRepresentable<String> & CaseIterable {
        self.init(.init(name, ChoiceRule<Value>(), false, owner))
    }

    /// Whether two fields hold the same.
    public static func == (left: Field, right: Field) -> Bool { left.value == right.value }

    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// What is said of a field where it is declared.
final class FieldDeclaration<Value: Sendable>: Sendable {
    let name: String
    let rule: any FieldRule<Value>
    /// Whether a policy file must give the field.
    let isRequired: Bool
    /// The type that has the field.
    let owner: StaticString

    init(_ name: String, _ rule: any FieldRule<Value>, _ isRequired: Bool, _ owner: StaticString) {
        self.name = name
        self.rule = rule
        self.isRequired = isRequired
        self.owner = owner
    }
}
