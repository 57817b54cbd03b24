import Autograd
import TensorCore

// Computing with values that are known when a model is read: extents, axes, masks, and whatever no operation of a graph
// computes.

extension NodeCall {
    /// A function of single numbers of a known value.
    ///
    /// - Parameter integer: for integer types; nil where the operator takes none.
    func mapKnown(
        _ value: GraphValue, _ float: (Float) -> Float, integer: ((Int) -> Int)? = nil
    ) throws -> GraphValue {
        switch value.content {
        case .tensor(let tensor, _):
            return GraphValue(value.type, .tensor(tensor.map(float), path: nil), order: value.order)
        case .integers(let values, let shape):
            guard let integer else { throw refusal(of: value) }
            return GraphValue(
                value.type, .integers(values.map { value.type.wrapped(integer($0)) }, shape), order: value.order)
        case .node: throw refusal(of: value)
        }
    }

    /// A function of pairs of known numbers, broadcast.
    ///
    /// - Parameters:
    ///   - type: of the result; that of the operands unless given.
    ///   - integer: for integer types; throws for what has no result.
    func zipKnown(
        _ left: GraphValue, _ right: GraphValue, type: ElementType? = nil, _ float: (Float, Float) -> Float,
        integer: (Int, Int) throws -> Int
    ) throws -> GraphValue {
        let (left, right) = (try inOrder(left), try inOrder(right))
        guard let shape = left.shape.broadcast(with: right.shape) else {
            throw OperationError(found: "inputs of \(left.shape) and \(right.shape)", expected: "shapes that broadcast")
        }
        try builder.charge(0, shape)
        try builder.chargeMemory(of: shape)
        let (a, b) = (Self.places(of: left.shape, in: shape), Self.places(of: right.shape, in: shape))
        let type = type ?? left.type
        switch (left.content, right.content) {
        case (.integers(let x, _), .integers(let y, _)):
            let values = try zip(a, b).map { type.wrapped(try integer(x[$0], y[$1])) }
            return GraphValue(type, .integers(values, shape))
        case (.tensor(let x, _), .tensor(let y, _)):
            let (x, y) = (x.scalars, y.scalars)
            let values = zip(a, b).map { float(x[$0], y[$1]) }
            return type.isFloat
                ? GraphValue(type, .tensor(Tensor(values, shape: shape), path: nil))
                : GraphValue(type, .integers(values.map { $0 == 0 ? 0 : 1 }, shape))
        default: throw refusal(of: left.isKnown ? right : left)
        }
    }

    /// For each element of a broadcast shape the place of the operand's element that it is.
    static func places(of operand: Shape, in shape: Shape) -> [Int] {
        guard operand != shape else { return Array(0..<shape.elementCount) }
        let missing = shape.rank - operand.rank
        let strides = operand.strides
        var places = [0]
        for axis in shape.indices {
            let own = axis - missing
            let stride = own >= 0 && operand[own] != 1 ? strides[own] : 0
            places = places.flatMap { place in (0..<shape[axis]).map { place + $0 * stride } }
        }
        return places
    }

    /// Known elements at some places of theirs, under another shape, for any type.
    func taking(_ places: [Int], of value: GraphValue, as shape: Shape) throws -> GraphValue {
        try builder.charge(0, shape)
        try builder.chargeMemory(of: shape)
        let value = try inOrder(value)
        switch value.content {
        case .integers(let values, _):
            return GraphValue(value.type, .integers(places.map { values[$0] }, shape))
        case .tensor(let tensor, _):
            let values = tensor.scalars
            return GraphValue(value.type, .tensor(Tensor(places.map { values[$0] }, shape: shape), path: nil))
        case .node: throw refusal(of: value)
        }
    }

    /// Why an operator does not take a value.
    func refusal(of value: GraphValue) -> OperationError {
        value.isKnown
            ? OperationError(found: "\(operatorName) of \(value.type)", expected: "another type")
            : OperationError(
                found: "\(operatorName) of values that are computed from the model's input",
                expected: "an operator that a graph can have (docs/onnx.md lists them)")
    }
}
