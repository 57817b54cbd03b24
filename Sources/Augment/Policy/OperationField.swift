/// A parameter of an operation: its name, its limits, and what strength does to it. Serves initialisers, policy files
/// and scaling alike, so that all three agree.
struct OperationField<Operation: Sendable>: Sendable {
    typealias Path<Value> = WritableKeyPath<Operation, Value> & Sendable

    let name: String
    /// Whether a policy file must give it.
    let isRequired: Bool
    let encode: @Sendable (Operation) -> JSONValue
    /// Sets the parameter; the mismatch is of type alone, limits are checked by `mismatch`.
    let decode: @Sendable (JSONValue, inout Operation) throws(Mismatch) -> Void
    let mismatch: @Sendable (Operation) -> Mismatch?
    let scale: @Sendable (Double, inout Operation) -> Void

    /// A number within limits.
    ///
    /// - Parameter neutral: the value that changes nothing, about which strength scales; nil for what has no strength.
    static func number(
        _ name: String, _ path: Path<Double>, within limits: ClosedRange<Double>, neutral: Double?,
        required: Bool = false
    ) -> OperationField {
        let expected = "a number within \(limits.text)"
        return OperationField(name: name, isRequired: required) {
            .number($0[keyPath: path])
        } decode: { value, operation throws(Mismatch) in
            guard case .number(let number) = value else { throw Mismatch(found: value.summary, expected: expected) }
            operation[keyPath: path] = number
        } mismatch: {
            let number = $0[keyPath: path]
            return limits.contains(number) ? nil : Mismatch(found: number.text, expected: expected)
        } scale: { factor, operation in
            guard let neutral else { return }
            operation[keyPath: path] = scaled(operation[keyPath: path], by: factor, about: neutral, within: limits)
        }
    }

    /// A whole number within limits.
    static func count(
        _ name: String, _ path: Path<Int>, within limits: ClosedRange<Int>, neutral: Int?, required: Bool = false
    ) -> OperationField {
        let expected = "a whole number within \(limits.lowerBound)…\(limits.upperBound)"
        return OperationField(name: name, isRequired: required) {
            .number(Double($0[keyPath: path]))
        } decode: { value, operation throws(Mismatch) in
            guard case .number(let number) = value, let count = Int(exactly: number) else {
                throw Mismatch(found: value.summary, expected: expected)
            }
            operation[keyPath: path] = count
        } mismatch: {
            let count = $0[keyPath: path]
            return limits.contains(count) ? nil : Mismatch(found: "\(count)", expected: expected)
        } scale: { factor, operation in
            guard let neutral else { return }
            let bounds = Double(limits.lowerBound)...Double(limits.upperBound)
            let count = scaled(Double(operation[keyPath: path]), by: factor, about: Double(neutral), within: bounds)
            operation[keyPath: path] = Int(count.rounded())
        }
    }

    /// A range within limits; a policy file gives it as [lower, upper].
    static func range(
        _ name: String, _ path: Path<ClosedRange<Double>>, within limits: ClosedRange<Double>, neutral: Double?,
        required: Bool = false
    ) -> OperationField {
        let expected = "a range within \(limits.text)"
        return OperationField(name: name, isRequired: required) {
            .array([.number($0[keyPath: path].lowerBound), .number($0[keyPath: path].upperBound)])
        } decode: { value, operation throws(Mismatch) in
            guard case .array(let bounds) = value, bounds.count == 2, case .number(let lower) = bounds[0],
                case .number(let upper) = bounds[1], lower <= upper
            else { throw Mismatch(found: value.summary, expected: "\(expected), as [lower, upper]") }
            operation[keyPath: path] = lower...upper
        } mismatch: {
            let range = $0[keyPath: path]
            let isWithin = range.lowerBound >= limits.lowerBound && range.upperBound <= limits.upperBound
            return isWithin ? nil : Mismatch(found: range.text, expected: expected)
        } scale: { factor, operation in
            guard let neutral else { return }
            let range = operation[keyPath: path]
            operation[keyPath: path] =
                scaled(
                    range.lowerBound, by: factor, about: neutral, within: limits)...scaled(
                    range.upperBound, by: factor, about: neutral, within: limits)
        }
    }

    /// One of a few names.
    static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ path: Path<Value>
    ) -> OperationField {
        OperationField(name: name, isRequired: false) {
            .string($0[keyPath: path].rawValue)
        } decode: { value, operation throws(Mismatch) in
            guard case .string(let string) = value, let choice = Value(rawValue: string) else {
                let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
                throw Mismatch(found: value.summary, expected: "one of \(names)")
            }
            operation[keyPath: path] = choice
        } mismatch: { _ in
            nil
        } scale: { _, _ in
        }
    }

    private static func scaled(
        _ value: Double, by factor: Double, about neutral: Double, within limits: ClosedRange<Double>
    ) -> Double {
        min(max(neutral + (value - neutral) * factor, limits.lowerBound), limits.upperBound)
    }
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
