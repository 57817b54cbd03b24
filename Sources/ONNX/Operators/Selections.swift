import Autograd
import TensorCore

extension OperatorTable {
    /// Operators that choose among known elements.
    static let selections: [String: Evaluate] = [
        "Hardmax": { [try $0.hardmax()] },
        "TopK": { try $0.largest() },
        "NonZero": { [try $0.placesOfNonZeros()] },
        "OneHot": { [try $0.oneHot()] },
        "EyeLike": { [try $0.identityMatrix()] },
    ]
}

extension NodeCall {
    /// The elements of a known value as numbers, in the order of ONNX.
    private func numbers(_ value: GraphValue) throws -> [Float] {
        switch try inOrder(value).content {
        case .tensor(let tensor, _): return tensor.scalars
        case .integers(let values, _): return values.map(Float.init)
        case .node: throw refusal(of: value)
        }
    }

    /// 1 at the first maximum along an axis, 0 elsewhere.
    fileprivate func hardmax() throws -> GraphValue {
        let x = try input(0)
        let (shape, values) = (x.shape, try numbers(x))
        let axis = try axis(int("axis", otherwise: version < 13 ? 1 : -1), of: shape.rank)
        // Before version 13 all axes from one on are one.
        let others = version < 13 ? Array(0..<axis) : shape.indices.filter { $0 != axis }
        let along = version < 13 ? Array(axis..<shape.rank) : [axis]
        let places = Tensor.places(of: shape, transposed: others + along)
        let count = along.reduce(1) { $0 * shape[$1] }
        var result = [Float](repeating: 0, count: values.count)
        for row in 0..<(count == 0 ? 0 : places.count / count) {
            let best = (1..<max(1, count)).reduce(0) {
                values[places[row * count + $1]] > values[places[row * count + $0]] ? $1 : $0
            }
            result[places[row * count + best]] = 1
        }
        return GraphValue(ONNXTensor(Tensor(result, shape: shape), type: x.type))
    }

    /// The largest or smallest elements along an axis, and their places.
    fileprivate func largest() throws -> [GraphValue] {
        let x = try inOrder(input(0))
        let (shape, values) = (x.shape, try numbers(x))
        let axis = try axis(int("axis", otherwise: -1), of: shape.rank)
        let count = try version < 10 ? int("k", otherwise: 1) : integers(1, "k").first ?? 0
        guard (0...shape[axis]).contains(count) else {
            throw OperationError(found: "k \(count) of \(shape[axis]) places", expected: "fewer")
        }
        let isLargest = try flag("largest", otherwise: true)
        let others = shape.indices.filter { $0 != axis }
        let places = Tensor.places(of: shape, transposed: others + [axis])
        let extent = shape[axis]
        var (chosen, indices): ([Int], [Int]) = ([], [])
        for row in 0..<(extent == 0 ? 0 : places.count / extent) {
            let run = places[row * extent..<(row + 1) * extent]
            let sorted = run.indices.sorted { left, right in
                let (a, b) = (values[run[left]], values[run[right]])
                // Of equal ones the first.
                return a == b ? left < right : isLargest ? a > b : a < b
            }
            chosen += sorted.prefix(count).map { run[$0] }
            indices += sorted.prefix(count).map { $0 - run.startIndex }
        }
        // Rows lie with the axis last.
        var extents = others.map { shape[$0] } + [count]
        let order = shape.indices.map { $0 == axis ? shape.rank - 1 : $0 - ($0 > axis ? 1 : 0) }
        let rows = try taking(chosen, of: x, as: Shape(extents))
        extents = rows.shape.extents
        var (result, resultPlaces) = (rows, GraphValue.integers(indices, Shape(extents)))
        (result.order, resultPlaces.order) = (order, order)
        return [result, resultPlaces]
    }

    /// Places of elements that are not 0: one row for each axis.
    fileprivate func placesOfNonZeros() throws -> GraphValue {
        let x = try input(0)
        let (shape, values) = (x.shape, try numbers(x))
        let places = values.indices.filter { values[$0] != 0 }
        let strides = shape.strides
        let rows = shape.indices.flatMap { axis in places.map { $0 / strides[axis] % shape[axis] } }
        return .integers(rows, [shape.rank, places.count])
    }

    /// Rows that are one value at an index and another elsewhere.
    fileprivate func oneHot() throws -> GraphValue {
        let indices = try input(0)
        let (places, values) = (try numbers(indices).map { Int(clamping: $0) }, try input(2))
        guard let number = try optionalNumber(1, "depth"), number >= 1, number <= Float(1 << 24),
            values.shape.elementCount == 2
        else { throw OperationError(found: "depth or values that do not fit", expected: "a depth, and two values") }
        let depth = Int(number)
        let rank = indices.shape.rank + 1
        let axis = try axis(int("axis", otherwise: -1), of: rank)
        guard let shape = Shape(checking: indices.shape.extents + [depth]) else {
            throw OperationError(found: "depth \(depth) of \(indices.shape)", expected: "a countable size")
        }
        try builder.charge(0, shape)
        try builder.chargeMemory(of: shape)
        let elements = places.flatMap { place in
            let counted = place < 0 ? place + depth : place
            return (0..<depth).map { $0 == counted ? 1 : 0 }
        }
        var result = try taking(elements, of: values, as: shape)
        result.order = (0..<rank).map { $0 == axis ? rank - 1 : $0 - ($0 > axis ? 1 : 0) }
        return result
    }

    fileprivate func identityMatrix() throws -> GraphValue {
        let x = try input(0)
        guard x.shape.rank == 2 else { throw OperationError(found: "an input of \(x.shape)", expected: "a matrix") }
        let diagonal = try int("k", otherwise: 0)
        let (rows, columns) = (x.shape[0], x.shape[1])
        let values = (0..<rows * columns).map { $0 % columns - $0 / columns == diagonal ? 1 : 0 }
        let type = try int("dtype").flatMap { ElementType(rawValue: $0) } ?? x.type
        return try cast(.integers(values, x.shape), to: type)
    }
}
