import Datasets
import Foundation
import TensorCore

extension AugmentationPolicy {
    /// Reads a policy from JSON:
    ///
    /// ```json
    /// {"operations": [
    ///     {"operation": "affine", "rotate": [-30, 30], "translate": 0.2, "probability": 0.8},
    ///     {"operation": "oneOf", "of": [
    ///         {"operation": "gamma", "exponent": [0.7, 1.5]},
    ///         {"operation": "cutout", "size": 0.3}]}]}
    /// ```
    ///
    /// Fields that have a default in Swift may be left out; unknown ones are refused. An operation of your own is known
    /// after ``register(_:)``.
    ///
    /// - Parameter file: the name that errors give.
    /// - Throws: `FormatError` with the path of the fault, what was found and what was expected.
    public init(json: Data, file: String = "policy") throws {
        let value: JSONValue
        let text = try TextFile.decoded(json, file: file)
        do { value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) } catch {
            throw LeadingZero(in: text)?.error(file: file)
                ?? FormatError(file: file, found: "text that is no JSON", expected: "an augmentation policy in JSON")
        }
        self = try PolicyReader(file: file).policy(value)
    }

    /// The policy in JSON, always the same bytes for the same policy.
    public var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return try encoder.encode(self)
        }
    }
}

extension AugmentationPolicy: Codable {
    /// - Throws: `FormatError` with the path of the fault, what was found and what was expected.
    public init(from decoder: any Decoder) throws {
        let path = decoder.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        self = try PolicyReader(file: path.isEmpty ? "policy" : path).policy(JSONValue(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        try JSONValue.object(["operations": .array(steps.map(\.json))]).encode(to: encoder)
    }
}

extension AugmentationStep {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [:]
        switch content {
        case .operation(let operation): members = operation.json
        case .oneOf(let steps, let weights):
            members = ["operation": .string("oneOf"), "of": .array(steps.map(\.json))]
            if let weights { members["weights"] = .array(weights.map(JSONValue.number)) }
        case .allOf(let steps): members = ["operation": .string("allOf"), "of": .array(steps.map(\.json))]
        case .someOf(let steps, let count):
            members = [
                "operation": .string("someOf"), "of": .array(steps.map(\.json)),
                "count": .array([.number(Double(count.lowerBound)), .number(Double(count.upperBound))]),
            ]
        }
        if probability != 1 { members["probability"] = .number(probability) }
        return .object(members)
    }
}

extension PixelOperation {
    fileprivate var json: [String: JSONValue] {
        var members: [String: JSONValue] = ["operation": .string(Self.name)]
        for field in fields { members[field.name] = field.json }
        return members
    }

    /// Takes the fields out of the members that it knows.
    fileprivate static func read(
        _ members: inout [String: JSONValue], at path: String, _ reader: PolicyReader
    ) throws -> Self {
        var operation = template
        let reading = FieldReading(members)
        operation.visitFields(FieldVisitor(work: reading))
        if let (field, mismatch) = reading.fault {
            throw reader.error("\(path).\(field)", found: mismatch.found, expected: mismatch.expected)
        }
        members = reading.members
        return operation
    }
}

/// Reads a policy out of JSON, and says where it is wrong.
private struct PolicyReader {
    let file: String

    func error(_ place: String, found: String, expected: String) -> FormatError {
        FormatError(file: file, place: place, found: found, expected: expected)
    }

    func policy(_ value: JSONValue) throws -> AugmentationPolicy {
        guard case .object(var members) = value else {
            throw error("", found: value.summary, expected: "an object with operations")
        }
        let steps = try steps(members.removeValue(forKey: "operations"), at: "operations")
        try expectNothing(else: members, at: "")
        let places = steps.reduce(0) { $0 + $1.placeCount }
        guard places < AugmentationStep.placeLimit else {
            throw error(
                "operations", found: "\(places) operations and groups",
                expected: "fewer than \(AugmentationStep.placeLimit)")
        }
        return AugmentationPolicy(steps: steps)
    }

    private func steps(_ value: JSONValue?, at path: String) throws -> [AugmentationStep] {
        guard case .array(let values) = value else {
            throw error(path, found: value?.summary ?? "nothing", expected: "an array of operations")
        }
        return try values.enumerated().map { try step($1, at: "\(path)[\($0)]") }
    }

    private func step(_ value: JSONValue, at path: String) throws -> AugmentationStep {
        guard case .object(var members) = value else {
            throw error(path, found: value.summary, expected: "an object with an operation")
        }
        let name = members.removeValue(forKey: "operation")
        let probability = try probability(members.removeValue(forKey: "probability"), at: "\(path).probability")
        let content: AugmentationStep.Content
        switch name {
        case .string("oneOf"):
            let choices = try steps(members.removeValue(forKey: "of"), at: "\(path).of")
            guard !choices.isEmpty else {
                throw error("\(path).of", found: "an empty array", expected: "one operation or more")
            }
            let weights = try weights(
                members.removeValue(forKey: "weights"), of: choices.count, at: "\(path).weights")
            content = .oneOf(choices, weights: weights)
        case .string("allOf"):
            content = .allOf(try steps(members.removeValue(forKey: "of"), at: "\(path).of"))
        case .string("someOf"):
            let choices = try steps(members.removeValue(forKey: "of"), at: "\(path).of")
            let count = try count(
                members.removeValue(forKey: "count"), of: choices.count, at: "\(path).count")
            content = .someOf(choices, count: count)
        default:
            guard case .string(let text) = name, let type = OperationRegistry.type(named: text) else {
                let known = members.keys.filter { OperationRegistry.type(named: $0) != nil }
                if let wrapped = known.min(), name == nil {
                    throw error(
                        path, found: "the key '\(wrapped)'",
                        expected: "{\"operation\": \"\(wrapped)\", …} with its settings beside it")
                }
                throw error(
                    "\(path).operation", found: name?.summary ?? "nothing",
                    expected: "one of \(OperationRegistry.names.joined(separator: ", "))")
            }
            content = .operation(try type.read(&members, at: path, self))
        }
        try expectNothing(else: members, at: "\(path).")
        return AugmentationStep(content: content, probability: probability)
    }

    private func probability(_ value: JSONValue?, at path: String) throws -> Double {
        guard let value else { return 1 }
        guard case .number(let number) = value, number >= 0, number <= 1 else {
            throw error(path, found: value.summary, expected: "a number within 0…1")
        }
        return number
    }

    private func weights(_ value: JSONValue?, of members: Int, at path: String) throws -> [Double]? {
        guard let value else { return nil }
        var weights: [Double] = []
        if case .array(let values) = value {
            for case .number(let number) in values { weights.append(number) }
            if weights.count < values.count { weights = [] }
        }
        guard !weights.isEmpty else {
            throw error(
                path, found: value.summary, expected: "an array of \(members.counted("number")), one for each member")
        }
        if let mismatch = OneOf.mismatch(weights, of: members) {
            throw error(path, found: mismatch.found, expected: mismatch.expected)
        }
        return weights
    }

    private func count(_ value: JSONValue?, of members: Int, at path: String) throws -> ClosedRange<Int> {
        guard case .array(let bounds) = value, bounds.count == 2, case .number(let low) = bounds[0],
            case .number(let high) = bounds[1], let lower = Int(exactly: low), let upper = Int(exactly: high),
            lower >= 0, lower <= upper, upper <= members
        else {
            throw error(
                path, found: value?.summary ?? "nothing", expected: "[lower, upper], whole numbers within 0…\(members)")
        }
        return lower...upper
    }

    private func expectNothing(else members: [String: JSONValue], at path: String) throws {
        guard let unknown = members.keys.min() else { return }
        throw error("\(path)\(unknown)", found: "an unknown field", expected: "none of this name")
    }
}
