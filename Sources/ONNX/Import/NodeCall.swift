import Autograd
import Graph
import TensorCore

/// One node of an ONNX graph, as the operator that computes it sees it: its inputs, its attributes, and the version of
/// its operator set.
struct NodeCall {
    /// The operator, such as "Conv".
    let operatorName: String
    /// The version of the operator set that the model was written for.
    let version: Int
    /// The values that it reads; nil for an optional one that is left out.
    let inputs: [GraphValue?]
    /// How many results are named.
    let outputCount: Int
    let attributes: [String: Attribute]
    /// Where operations go.
    let builder: GraphBuilder

    /// An attribute's value.
    enum Attribute {
        case float(Float)
        case int(Int)
        case string(String)
        case tensor(ONNXTensor)
        case floats([Float])
        case ints([Int])
        case strings([String])
    }

    // MARK: - Inputs

    /// An input that must be there.
    func input(_ place: Int) throws -> GraphValue {
        guard let value = optionalInput(place) else {
            throw OperationError(found: "no input \(place)", expected: "one")
        }
        return value
    }

    /// An input that may be left out.
    func optionalInput(_ place: Int) -> GraphValue? { place < inputs.count ? inputs[place] : nil }

    /// All inputs of an operator that takes any number of them.
    func allInputs() throws -> [GraphValue] {
        guard !inputs.isEmpty else { throw OperationError(found: "no inputs", expected: "at least one") }
        return try inputs.indices.map(input)
    }

    /// Integers that are known when the model is read, such as extents and axes; nil where they are left out.
    func optionalIntegers(_ place: Int, _ name: String) throws -> [Int]? {
        guard let value = optionalInput(place) else { return nil }
        guard case .integers(let integers, _) = value.content else {
            throw OperationError(
                found: "\(name) of type \(value.type)\(value.isKnown ? "" : ", computed from the model's input")",
                expected: "integers that are known when the model is read")
        }
        return integers
    }

    /// The same where they must be there.
    func integers(_ place: Int, _ name: String) throws -> [Int] {
        guard let integers = try optionalIntegers(place, name) else {
            throw OperationError(found: "no \(name)", expected: "input \(place)")
        }
        return integers
    }

    /// Floating-point numbers that are known when the model is read; nil where they are left out.
    func optionalFloats(_ place: Int, _ name: String) throws -> Tensor? {
        guard let value = optionalInput(place) else { return nil }
        guard case .tensor(let tensor, _) = try inOrder(value).content else {
            throw OperationError(
                found: "\(name) of type \(value.type)\(value.isKnown ? "" : ", computed from the model's input")",
                expected: "numbers that are known when the model is read")
        }
        return tensor
    }

    /// A single number that is known when the model is read; nil where it is left out.
    func optionalNumber(_ place: Int, _ name: String) throws -> Float? {
        guard let value = optionalInput(place) else { return nil }
        if case .integers(let integers, _) = value.content, integers.count == 1 { return Float(integers[0]) }
        guard let tensor = try optionalFloats(place, name), tensor.count == 1 else {
            throw OperationError(found: "\(name) of shape \(value.shape)", expected: "one number")
        }
        return tensor.scalars[0]
    }

    // MARK: - Attributes

    private func misfit(_ name: String, _ expected: String) -> OperationError {
        OperationError(found: "attribute \(name) of another type", expected: expected)
    }

    func int(_ name: String) throws -> Int? {
        switch attributes[name] {
        case nil: nil
        case .int(let value): value
        default: throw misfit(name, "an integer")
        }
    }

    func int(_ name: String, otherwise usual: Int) throws -> Int { try int(name) ?? usual }

    func flag(_ name: String, otherwise usual: Bool = false) throws -> Bool { try int(name).map { $0 != 0 } ?? usual }

    func float(_ name: String) throws -> Float? {
        switch attributes[name] {
        case nil: nil
        case .float(let value): value
        default: throw misfit(name, "a number")
        }
    }

    func float(_ name: String, otherwise usual: Float) throws -> Float { try float(name) ?? usual }

    func ints(_ name: String) throws -> [Int]? {
        switch attributes[name] {
        case nil: nil
        case .ints(let values): values
        default: throw misfit(name, "integers")
        }
    }

    func floats(_ name: String) throws -> [Float]? {
        switch attributes[name] {
        case nil: nil
        case .floats(let values): values
        default: throw misfit(name, "numbers")
        }
    }

    func string(_ name: String, otherwise usual: String) throws -> String {
        switch attributes[name] {
        case nil: usual
        case .string(let value): value
        default: throw misfit(name, "a string")
        }
    }

    func tensor(_ name: String) throws -> ONNXTensor? {
        switch attributes[name] {
        case nil: nil
        case .tensor(let value): value
        default: throw misfit(name, "a tensor")
        }
    }

    /// An axis of a rank, counted from the last if negative.
    func axis(_ axis: Int, of rank: Int) throws -> Int {
        guard (-rank..<rank).contains(axis) else {
            throw OperationError(found: "axis \(axis) of \(rank) axes", expected: "one of \(-rank) ..< \(rank)")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// Axes of a rank, each once.
    func axes(_ axes: [Int], of rank: Int) throws -> [Int] {
        let places = try axes.map { try axis($0, of: rank) }
        guard Set(places).count == places.count else {
            throw OperationError(found: "axes \(axes) of \(rank) axes", expected: "each once")
        }
        return places
    }
}
