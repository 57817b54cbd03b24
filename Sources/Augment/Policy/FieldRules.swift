import TensorCore

/// What a kind of field may hold, how a policy file writes it, and what strength does to it.
protocol FieldRule<Value>: Sendable {
    associatedtype Value

    /// What a field holds before it is given a value.
    var start: Value { get }
    func json(_ value: Value) -> JSONValue
    /// The value that a policy file gives; the mismatch is of type alone, limits are checked by `mismatch`.
    func value(of json: JSONValue) throws(Mismatch) -> Value
    func mismatch(_ value: Value) -> Mismatch?
    func scaled(_ value: Value, by factor: Double) -> Value
}

/// A number within limits.
struct NumberRule: FieldRule {
    let limits: ClosedRange<Double>
    /// The value that changes nothing; nil for what has no strength.
    let neutral: Double?

    private var expected: String { "a number within \(limits.text)" }

    var start: Double { limits.lowerBound }

    func json(_ value: Double) -> JSONValue { .number(value) }

    func value(of json: JSONValue) throws(Mismatch) -> Double {
        guard case .number(let number) = json else { throw Mismatch(found: json.summary, expected: expected) }
        return number
    }

    func mismatch(_ value: Double) -> Mismatch? {
        limits.contains(value) ? nil : Mismatch(found: value.text, expected: expected)
    }

    func scaled(_ value: Double, by factor: Double) -> Double {
        guard let neutral else { return value }
        return min(max(neutral + (value - neutral) * factor, limits.lowerBound), limits.upperBound)
    }
}

/// A whole number within limits.
struct CountRule: FieldRule {
    let limits: ClosedRange<Int>
    /// As of a ``NumberRule``.
    let neutral: Int?

    private var expected: String { "a whole number within \(limits.lowerBound)…\(limits.upperBound)" }

    var start: Int { limits.lowerBound }

    func json(_ value: Int) -> JSONValue { .number(Double(value)) }

    func value(of json: JSONValue) throws(Mismatch) -> Int {
        guard case .number(let number) = json, let count = Int(exactly: number) else {
            throw Mismatch(found: json.summary, expected: expected)
        }
        return count
    }

    func mismatch(_ value: Int) -> Mismatch? {
        limits.contains(value) ? nil : Mismatch(found: "\(value)", expected: expected)
    }

    func scaled(_ value: Int, by factor: Double) -> Int {
        let bounds = Double(limits.lowerBound)...Double(limits.upperBound)
        let number = NumberRule(limits: bounds, neutral: neutral.map(Double.init))
        return Int(number.scaled(Double(value), by: factor).rounded())
    }
}

/// A range within limits, `[lower, upper]` in a policy file.
struct RangeRule: FieldRule {
    /// What each bound may be.
    let bound: NumberRule

    private var expected: String { "a range within \(bound.limits.text)" }

    var start: ClosedRange<Double> { bound.start...bound.start }

    func json(_ value: ClosedRange<Double>) -> JSONValue {
        .array([.number(value.lowerBound), .number(value.upperBound)])
    }

    func value(of json: JSONValue) throws(Mismatch) -> ClosedRange<Double> {
        guard case .array(let bounds) = json, bounds.count == 2, case .number(let lower) = bounds[0],
            case .number(let upper) = bounds[1], lower <= upper
        else { throw Mismatch(found: json.summary, expected: "\(expected), as [lower, upper]") }
        return lower...upper
    }

    func mismatch(_ value: ClosedRange<Double>) -> Mismatch? {
        let isWithin = value.lowerBound >= bound.limits.lowerBound && value.upperBound <= bound.limits.upperBound
        return isWithin ? nil : Mismatch(found: value.text, expected: expected)
    }

    func scaled(_ value: ClosedRange<Double>, by factor: Double) -> ClosedRange<Double> {
        bound.scaled(value.lowerBound, by: factor)...bound.scaled(value.upperBound, by: factor)
    }
}

/// So many numbers within limits, without strength.
struct NumbersRule: FieldRule {
    let count: Int
    let limits: ClosedRange<Double>

    private var expected: String { "\(count) numbers within \(limits.text)" }

    var start: [Double] { [Double](repeating: limits.lowerBound, count: count) }

    func json(_ value: [Double]) -> JSONValue { .array(value.map(JSONValue.number)) }

    func value(of json: JSONValue) throws(Mismatch) -> [Double] {
        guard case .array(let elements) = json else { throw Mismatch(found: json.summary, expected: expected) }
        var numbers: [Double] = []
        for element in elements {
            guard case .number(let number) = element else {
                throw Mismatch(found: element.summary, expected: expected)
            }
            numbers.append(number)
        }
        return numbers
    }

    func mismatch(_ value: [Double]) -> Mismatch? {
        guard value.count == count else { return Mismatch(found: value.count.counted("number"), expected: expected) }
        return value.first { !limits.contains($0) }.map { Mismatch(found: $0.text, expected: expected) }
    }

    func scaled(_ value: [Double], by factor: Double) -> [Double] { value }
}

/// One of the cases of an enumeration, by name.
struct ChoiceRule<Value: RawRepresentable<String> & CaseIterable & Sendable>: FieldRule {
    var start: Value {
        guard let first = Value.allCases.first else { fatalError("Field: \(Value.self) has no case to choose") }
        return first
    }

    func json(_ value: Value) -> JSONValue { .string(value.rawValue) }

    func value(of json: JSONValue) throws(Mismatch) -> Value {
        guard case .string(let name) = json, let choice = Value(rawValue: name) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw Mismatch(found: json.summary, expected: "one of \(names)")
        }
        return choice
    }

    func mismatch(_ value: Value) -> Mismatch? { nil }

    func scaled(_ value: Value, by factor: Double) -> Value { value }
}

/// What a parameter is, and what it should be.
struct Mismatch: Error, Equatable {
    let found: String
    let expected: String
}

extension ClosedRange<Double> {
    /// As errors write it.
    var text: String { "\(lowerBound.text)…\(upperBound.text)" }
}

extension Double {
    /// Without a decimal point where it is whole.
    var text: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
