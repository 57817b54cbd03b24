import Autograd
import Foundation
import TensorCore

extension OperatorTable {
    /// Sums, means, maxima and the like over axes, and softmax along one.
    static let reductions: [String: Evaluate] = [
        "ReduceMean": { call in [try call.reduce { MeanOperation(axes: $0, keepsAxes: $1) }] },
        "ReduceSum": { call in
            [try call.reduce(integer: { $0.reduce(0, &+) }) { SumOperation(axes: $0, keepsAxes: $1) }]
        },
        "ReduceMax": { call in
            [try call.reduce(integer: { $0.max() ?? 0 }) { MaxOperation(axes: $0, keepsAxes: $1) }]
        },
        "ReduceMin": { call in
            let x = try call.input(0)
            guard !x.type.isFloat else {
                let negated = try call.map(x, NegateOperation())
                let maximum = try call.reduce(negated) { MaxOperation(axes: $0, keepsAxes: $1) }
                return [try call.map(maximum, NegateOperation())]
            }
            return [try call.reduceIntegers(x) { $0.min() ?? 0 }]
        },
        "ReduceL1": { call in
            let magnitudes = try call.map(call.input(0), AbsOperation())
            return [try call.reduce(magnitudes) { SumOperation(axes: $0, keepsAxes: $1) }]
        },
        "ReduceL2": { call in [try call.map(call.sumOfSquares(), SqrtOperation())] },
        "ReduceSumSquare": { call in [try call.sumOfSquares()] },
        "ReduceLogSum": { call in
            [try call.map(call.reduce { SumOperation(axes: $0, keepsAxes: $1) }, LogOperation())]
        },
        "ReduceLogSumExp": { call in
            let powers = try call.map(call.input(0), ExpOperation())
            return [try call.map(call.reduce(powers) { SumOperation(axes: $0, keepsAxes: $1) }, LogOperation())]
        },
        "ReduceProd": { [try $0.reduceProduct()] },
        "ArgMax": { call in [try call.place { $0 > $1 }] },
        "ArgMin": { call in [try call.place { $0 < $1 }] },
        "Softmax": { call in [try call.softmax(SoftmaxOperation())] },
        "LogSoftmax": { call in [try call.softmax(LogSoftmaxOperation())] },
    ]
}

extension NodeCall {
    /// The axes that a reduction names: an attribute at first and an input later.
    private func reducedAxes(of rank: Int) throws -> [Int] {
        let isInput = version >= (operatorName == "ReduceSum" ? 13 : 18)
        let given = isInput ? try optionalIntegers(1, "axes") ?? [] : try ints("axes") ?? []
        if given.isEmpty { return try flag("noop_with_empty_axes") ? [] : Array(0..<rank) }
        return try axes(given, of: rank)
    }

    /// One number of all along some axes.
    fileprivate func reduce(
        _ value: GraphValue? = nil, integer: (([Int]) -> Int)? = nil,
        _ operation: (_ axes: [Int], _ keepsAxes: Bool) -> some GraphOperation
    ) throws -> GraphValue {
        let x = try value ?? input(0)
        if case .integers = x.content {
            guard let integer else { throw refusal(of: x) }
            return try reduceIntegers(x, integer)
        }
        let axes = try reducedAxes(of: x.shape.rank)
        var result = try apply(
            operation(axes.map { x.order[$0] }, true), [x.content], type: x.type, order: x.order)
        guard try !flag("keepdims", otherwise: true) else { return result }
        for axis in axes.sorted(by: >) { result = try removing(axis, from: result) }
        return result
    }

    /// The same of known elements.
    private func reduceKnown<Element>(
        _ x: GraphValue, _ elements: [Element], _ combine: ([Element]) -> Element
    ) throws -> (elements: [Element], shape: Shape) {
        let shape = x.shape
        let axes = try reducedAxes(of: shape.rank)
        let kept = shape.reduced(at: axes, keepingAxes: true)
        // Elements of one result lie in one row.
        let others = shape.indices.filter { !axes.contains($0) }
        let places = Tensor.places(of: shape, transposed: others + axes)
        let count = axes.reduce(1) { $0 * shape[$1] }
        let results = (0..<kept.elementCount).map { row in
            combine((0..<count).map { elements[places[row * count + $0]] })
        }
        return (results, try flag("keepdims", otherwise: true) ? kept : shape.reduced(at: axes, keepingAxes: false))
    }

    fileprivate func reduceIntegers(_ x: GraphValue, _ combine: ([Int]) -> Int) throws -> GraphValue {
        let x = try inOrder(x)
        guard case .integers(let values, _) = x.content else { throw refusal(of: x) }
        let (results, shape) = try reduceKnown(x, values, combine)
        return GraphValue(x.type, .integers(results.map { x.type.wrapped($0) }, shape))
    }

    fileprivate func reduceProduct() throws -> GraphValue {
        let x = try inOrder(input(0))
        switch x.content {
        case .integers: return try reduceIntegers(x) { $0.reduce(1, &*) }
        case .tensor(let tensor, _):
            let (results, shape) = try reduceKnown(x, tensor.scalars) { $0.reduce(1, *) }
            return GraphValue(x.type, .tensor(Tensor(results, shape: shape), path: nil))
        case .node: throw refusal(of: x)
        }
    }

    fileprivate func sumOfSquares() throws -> GraphValue {
        let x = try input(0)
        let squares = try binary(x, x, MultiplyOperation()) { $0 &* $1 }
        return try reduce(squares, integer: { $0.reduce(0, &+) }) { SumOperation(axes: $0, keepsAxes: $1) }
    }

    /// The place of the extreme along an axis.
    fileprivate func place(_ isBetter: (Float, Float) -> Bool) throws -> GraphValue {
        let x = try inOrder(input(0))
        let axis = try axis(int("axis", otherwise: 0), of: x.shape.rank)
        let takesLast = try flag("select_last_index")
        let values: [Float]
        switch x.content {
        case .tensor(let tensor, _): values = tensor.scalars
        case .integers(let integers, _): values = integers.map(Float.init)
        case .node: throw refusal(of: x)
        }
        let shape = x.shape
        guard shape[axis] > 0 else {
            throw OperationError(found: "axis \(axis) of \(shape)", expected: "elements there")
        }
        let others = shape.indices.filter { $0 != axis }
        let places = Tensor.places(of: shape, transposed: others + [axis])
        let count = shape[axis]
        let results = (0..<places.count / count).map { row in
            (1..<count).reduce(0) { best, place in
                let (new, old) = (values[places[row * count + place]], values[places[row * count + best]])
                return isBetter(new, old) || takesLast && new == old ? place : best
            }
        }
        let keeps = try flag("keepdims", otherwise: true)
        return .integers(results, shape.reduced(at: [axis], keepingAxes: keeps))
    }

    /// Along one axis; before version 13 over all axes from one on.
    fileprivate func softmax(_ operation: some GraphOperation) throws -> GraphValue {
        let x = try input(0)
        let rank = x.shape.rank
        guard rank > 0 else { throw OperationError(found: "a scalar", expected: "an axis") }
        let axis = try axis(int("axis", otherwise: version < 13 ? 1 : -1), of: rank)
        let isAllBehind = version < 13
        // The axis last, and everything else as rows.
        let order: [Int] =
            isAllBehind
            ? Array(0..<rank) : (0..<rank).map { $0 == axis ? rank - 1 : $0 - ($0 > axis ? 1 : 0) }
        let arranged = try arranged(x, order)
        let extents = arranged.content.shape.extents
        let columns = isAllBehind ? extents[axis...].reduce(1, *) : extents[rank - 1]
        guard columns > 0 else { throw OperationError(found: "axis \(axis) of \(x.shape)", expected: "elements there") }
        guard isAllBehind else { return try apply(operation, [arranged.content], type: x.type, order: order) }
        let rows = try reshaped(arranged, to: [arranged.content.shape.elementCount / columns, columns])
        return try reshaped(apply(operation, [rows.content], type: x.type), to: extents, order: order)
    }
}
