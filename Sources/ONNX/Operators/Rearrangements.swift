import Autograd
import TensorCore

extension OperatorTable {
    /// Operators that move single known elements.
    static let rearrangements: [String: Evaluate] = [
        "GatherElements": { [try $0.gatherElements()] },
        "GatherND": { [try $0.gatherBlocks()] },
        "ScatterElements": { [try $0.scatterElements()] },
        "Scatter": { [try $0.scatterElements()] },
        "ScatterND": { [try $0.scatterBlocks()] },
        "Trilu": { [try $0.triangle()] },
        "CumSum": { [try $0.cumulativeSum()] },
        "ReverseSequence": { [try $0.reverseSequences()] },
        "Compress": { [try $0.compress()] },
    ]
}

extension NodeCall {
    /// Indices from the end are negative.
    private func counted(_ indices: [Int], extent: Int) throws -> [Int] {
        try indices.map { index in
            guard (-extent..<extent).contains(index) else {
                throw OperationError(found: "index \(index)", expected: "one of \(-extent) ..< \(extent)")
            }
            return index < 0 ? index + extent : index
        }
    }

    /// The place in a shape that each element of an index tensor names along an axis.
    private func places(_ axis: Int, in shape: Shape) throws -> (places: [Int], shape: Shape) {
        let indices = try inOrder(input(1))
        guard case .integers(let values, let extents) = indices.content else { throw refusal(of: indices) }
        guard extents.rank == shape.rank,
            extents.indices.allSatisfy({ $0 == axis || extents[$0] <= shape[$0] })
        else {
            throw OperationError(found: "indices of \(extents) for \(shape)", expected: "as many axes, none longer")
        }
        let strides = shape.strides
        var starts = [0]
        for other in extents.indices {
            let stride = other == axis ? 0 : strides[other]
            starts = starts.flatMap { start in (0..<extents[other]).map { start + $0 * stride } }
        }
        return (zip(starts, try counted(values, extent: shape[axis])).map { $0 + $1 * strides[axis] }, extents)
    }

    fileprivate func gatherElements() throws -> GraphValue {
        let x = try inOrder(input(0))
        let axis = try axis(int("axis", otherwise: 0), of: x.shape.rank)
        let (places, shape) = try places(axis, in: x.shape)
        return try taking(places, of: x, as: shape)
    }

    fileprivate func scatterElements() throws -> GraphValue {
        let (x, updates) = (try inOrder(input(0)), try inOrder(input(2)))
        let axis = try axis(int("axis", otherwise: 0), of: x.shape.rank)
        let (places, shape) = try places(axis, in: x.shape)
        guard updates.shape == shape else {
            throw OperationError(found: "updates of \(updates.shape)", expected: "\(shape), as the indices have")
        }
        return try replacing(places.enumerated().map { ($1, $0) }, of: x, by: updates)
    }

    /// Known elements with some replaced, added to or multiplied.
    private func replacing(
        _ pairs: [(place: Int, update: Int)], of x: GraphValue, by updates: GraphValue
    ) throws -> GraphValue {
        let reduction = try string("reduction", otherwise: "none")
        func joined<Number>(
            _ old: [Number], _ new: [Number], add: (Number, Number) -> Number, multiply: (Number, Number) -> Number
        ) throws -> [Number] {
            var result = old
            for (place, update) in pairs {
                switch reduction {
                case "none": result[place] = new[update]
                case "add": result[place] = add(result[place], new[update])
                case "mul": result[place] = multiply(result[place], new[update])
                default: throw OperationError(found: "reduction \(reduction)", expected: "none, add or mul")
                }
            }
            return result
        }
        switch (x.content, updates.content) {
        case (.integers(let old, let shape), .integers(let new, _)):
            return GraphValue(x.type, .integers(try joined(old, new, add: &+, multiply: &*), shape))
        case (.tensor(let old, _), .tensor(let new, _)):
            let numbers = try joined(old.scalars, new.scalars, add: +, multiply: *)
            return GraphValue(x.type, .tensor(Tensor(numbers, shape: old.shape), path: nil))
        default: throw refusal(of: x.isKnown ? updates : x)
        }
    }

    /// The first places of the blocks that rows of indices name, and the number of elements of a block.
    private func blocks(_ indices: GraphValue, in shape: Shape, leading: Int) throws -> (starts: [Int], size: Int) {
        guard case .integers(let values, let extents) = try inOrder(indices).content else {
            throw refusal(of: indices)
        }
        guard let depth = extents.last, depth >= 1, leading + depth <= shape.rank,
            (0..<leading).allSatisfy({ $0 < extents.rank - 1 && extents[$0] == shape[$0] })
        else { throw OperationError(found: "indices of \(extents) for \(shape)", expected: "rows of places") }
        let strides = shape.strides
        let rows = values.count / depth
        let batches = shape.extents[..<leading].reduce(1, *)
        let batchSize = leading == 0 ? 0 : strides[leading - 1]
        let starts = try (0..<rows).map { row in
            try (0..<depth).reduce(row / max(1, rows / max(1, batches)) * batchSize) { start, place in
                let axis = leading + place
                return start + (try counted([values[row * depth + place]], extent: shape[axis])[0]) * strides[axis]
            }
        }
        return (starts, shape.extents[(leading + depth)...].reduce(1, *))
    }

    fileprivate func gatherBlocks() throws -> GraphValue {
        let (x, indices) = (try inOrder(input(0)), try input(1))
        let leading = try int("batch_dims", otherwise: 0)
        guard (0..<max(1, x.shape.rank)).contains(leading) else {
            throw OperationError(found: "batch_dims \(leading) of \(x.shape)", expected: "fewer axes")
        }
        let (starts, size) = try blocks(indices, in: x.shape, leading: leading)
        let depth = indices.shape[indices.shape.rank - 1]
        let shape = Shape(Array(indices.shape.dropLast()) + x.shape.extents[(leading + depth)...])
        return try taking(starts.flatMap { $0..<$0 + size }, of: x, as: shape)
    }

    fileprivate func scatterBlocks() throws -> GraphValue {
        let (x, updates) = (try inOrder(input(0)), try inOrder(input(2)))
        let (starts, size) = try blocks(input(1), in: x.shape, leading: 0)
        guard updates.shape.elementCount == starts.count * size else {
            throw OperationError(found: "updates of \(updates.shape)", expected: "\(starts.count * size) elements")
        }
        let places = starts.flatMap { $0..<$0 + size }
        return try replacing(places.enumerated().map { ($1, $0) }, of: x, by: updates)
    }

    /// The part of matrices above or below a diagonal, zeros elsewhere.
    fileprivate func triangle() throws -> GraphValue {
        let x = try inOrder(input(0))
        guard x.shape.rank >= 2 else { throw OperationError(found: "an input of \(x.shape)", expected: "matrices") }
        let isUpper = try flag("upper", otherwise: true)
        let diagonal = try optionalIntegers(1, "k")?.first ?? 0
        let (rows, columns) = (x.shape[x.shape.rank - 2], x.shape[x.shape.rank - 1])
        let kept = (0..<rows * columns).map { place -> Bool in
            let distance = place % columns - place / columns
            return isUpper ? distance >= diagonal : distance <= diagonal
        }
        switch x.content {
        case .integers(let values, let shape):
            return GraphValue(x.type, .integers(values.enumerated().map { kept[$0 % kept.count] ? $1 : 0 }, shape))
        case .tensor(let tensor, _):
            let values = tensor.scalars.enumerated().map { kept[$0 % kept.count] ? $1 : 0 }
            return GraphValue(x.type, .tensor(Tensor(values, shape: tensor.shape), path: nil))
        case .node: throw refusal(of: x)
        }
    }

    fileprivate func cumulativeSum() throws -> GraphValue {
        let x = try inOrder(input(0))
        let axis = try axis(integers(1, "axis").first ?? 0, of: x.shape.rank)
        let (isExclusive, isReverse) = (try flag("exclusive"), try flag("reverse"))
        let others = x.shape.indices.filter { $0 != axis }
        let places = Tensor.places(of: x.shape, transposed: others + [axis])
        let count = x.shape[axis]
        func summed<Number: Numeric>(_ values: [Number], _ add: (Number, Number) -> Number) -> [Number] {
            var result = values
            for row in 0..<(count == 0 ? 0 : places.count / count) {
                var sum = Number.zero
                for step in 0..<count {
                    let place = places[row * count + (isReverse ? count - 1 - step : step)]
                    let next = add(sum, values[place])
                    result[place] = isExclusive ? sum : next
                    sum = next
                }
            }
            return result
        }
        switch x.content {
        case .integers(let values, let shape):
            return GraphValue(x.type, .integers(summed(values, &+).map { x.type.wrapped($0) }, shape))
        case .tensor(let tensor, _):
            return GraphValue(x.type, .tensor(Tensor(summed(tensor.scalars, +), shape: tensor.shape), path: nil))
        case .node: throw refusal(of: x)
        }
    }

    fileprivate func reverseSequences() throws -> GraphValue {
        let x = try inOrder(input(0))
        let lengths = try integers(1, "sequence_lens")
        let (batch, time) = (try int("batch_axis", otherwise: 1), try int("time_axis", otherwise: 0))
        guard Set([batch, time]) == [0, 1], x.shape.rank >= 2, lengths.count == x.shape[batch],
            lengths.allSatisfy({ (0...x.shape[time]).contains($0) })
        else {
            throw OperationError(found: "lengths \(lengths) of \(x.shape)", expected: "one for each sequence")
        }
        let strides = x.shape.strides
        let size = x.shape.extents[2...].reduce(1, *)
        let places = (0..<x.shape[0]).flatMap { first in
            (0..<x.shape[1]).flatMap { second -> Range<Int> in
                let (sequence, step) = batch == 0 ? (first, second) : (second, first)
                let source = step < lengths[sequence] ? lengths[sequence] - 1 - step : step
                let start = sequence * strides[batch] + source * strides[time]
                return start..<start + size
            }
        }
        return try taking(places, of: x, as: x.shape)
    }

    fileprivate func compress() throws -> GraphValue {
        var x = try input(0)
        let condition = try integers(1, "condition")
        guard let given = try int("axis") else {
            x = try reshaped(inOrder(x), to: [x.shape.elementCount])
            return try gathered(x, condition.indices.filter { condition[$0] != 0 }, axis: 0)
        }
        return try gathered(x, condition.indices.filter { condition[$0] != 0 }, axis: axis(given, of: x.shape.rank))
    }
}
