extension OperationField {
    /// So many numbers within limits, an array in a policy file. They have no strength.
    static func numbers(
        _ name: String, _ path: Path<[Double]>, count: Int, within limits: ClosedRange<Double>
    ) -> OperationField {
        let expected = "\(count) numbers within \(limits.text)"
        return OperationField(name: name, isRequired: false) {
            .array($0[keyPath: path].map(JSONValue.number))
        } decode: { value, operation throws(Mismatch) in
            guard case .array(let values) = value else { throw Mismatch(found: value.summary, expected: expected) }
            var numbers: [Double] = []
            for element in values {
                guard case .number(let number) = element else {
                    throw Mismatch(found: element.summary, expected: expected)
                }
                numbers.append(number)
            }
            operation[keyPath: path] = numbers
        } mismatch: {
            let numbers = $0[keyPath: path]
            guard numbers.count == count else { return Mismatch(found: "\(numbers.count) numbers", expected: expected) }
            return numbers.first { !limits.contains($0) }.map { Mismatch(found: $0.text, expected: expected) }
        } scale: { _, _ in
        }
    }
}
