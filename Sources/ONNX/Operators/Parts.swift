import Autograd
import TensorCore

extension OperatorTable {
    /// Parts of values, and values put together.
    static let parts: [String: Evaluate] = [
        "Slice": { [try $0.slice()] },
        "Split": { try $0.split() },
        "Gather": { [try $0.gather()] },
        "Concat": { [try $0.concat()] },
        "Pad": { [try $0.pad()] },
    ]
}

extension NodeCall {
    /// Some places of an axis, in their order.
    func gathered(_ value: GraphValue, _ places: [Int], axis: Int) throws -> GraphValue {
        let extent = value.shape[axis]
        if places.count == extent, places.enumerated().allSatisfy({ $0 == $1 }) { return value }
        var all = value.shape.extents
        all[axis] = places.count
        guard let result = Shape(checking: all) else {
            throw OperationError(found: "a result of \(all)", expected: "a countable size")
        }
        try builder.charge(0, result)
        if value.isKnown { try builder.chargeMemory(of: result) }
        guard let bad = places.first(where: { !(0..<extent).contains($0) }) else {
            guard case .integers = value.content else {
                let operation: any GraphOperation =
                    if let first = places.first, places == Array(first..<first + places.count) {
                        SliceOperation(axis: value.order[axis], range: first..<first + places.count)
                    } else {
                        GatherOperation(indices: places, axis: value.order[axis])
                    }
                return try apply(operation, [value.content], type: value.type, order: value.order)
            }
            let value = try inOrder(value)
            let (shape, strides) = (value.shape, value.shape.strides)
            var extents = shape.extents
            extents[axis] = places.count
            let outer = extents[..<axis].reduce(1, *)
            let elements = (0..<outer).flatMap { row in
                places.flatMap { place in
                    let start = row * shape[axis] * strides[axis] + place * strides[axis]
                    return start..<start + strides[axis]
                }
            }
            return try taking(elements, of: value, as: Shape(extents))
        }
        throw OperationError(found: "place \(bad) of axis \(axis) of \(value.shape)", expected: "0 ..< \(extent)")
    }

    /// The extent of an axis whose places are listed one by one, which must not be too many for that.
    func listed(_ extent: Int) throws -> Int {
        guard extent <= 1 << 24 else {
            throw OperationError(found: "an axis of \(extent) places", expected: "at most \(1 << 24)")
        }
        return extent
    }

    fileprivate func slice() throws -> GraphValue {
        var x = try input(0)
        let isOld = version < 10
        let starts = try (isOld ? ints("starts") : integers(1, "starts")) ?? []
        let ends = try (isOld ? ints("ends") : integers(2, "ends")) ?? []
        let given = isOld ? try ints("axes") : try optionalIntegers(3, "axes")
        let axes = try axes(given ?? Array(starts.indices), of: x.shape.rank)
        let steps = isOld ? nil : try optionalIntegers(4, "steps")
        guard starts.count == ends.count, axes.count == starts.count, steps?.count ?? axes.count == axes.count else {
            throw OperationError(
                found: "\(starts.count) starts, \(ends.count) ends and \(axes.count) axes", expected: "as many of each")
        }
        for (index, axis) in axes.enumerated() {
            let (extent, step) = (try listed(x.shape[axis]), steps?[index] ?? 1)
            guard step != 0, step != .min else { throw OperationError(found: "a step of \(step)", expected: "another") }
            // Negative places count from the end, and what is beyond an end is cut.
            func place(_ value: Int) -> Int {
                let counted = value < 0 ? max(value, -extent - 1) + extent : min(value, extent)
                return step > 0 ? max(counted, 0) : min(counted, extent - 1)
            }
            let (start, end) = (place(starts[index]), place(ends[index]))
            x = try gathered(x, Array(stride(from: start, to: max(end, -1), by: step)), axis: axis)
        }
        return x
    }

    fileprivate func split() throws -> [GraphValue] {
        let x = try input(0)
        let axis = try axis(int("axis", otherwise: 0), of: x.shape.rank)
        let extent = try listed(x.shape[axis])
        var sizes = try version < 13 ? ints("split") : optionalIntegers(1, "split")
        if sizes == nil {
            let count = try int("num_outputs") ?? outputCount
            guard count > 0, count <= max(extent, 1) else {
                throw OperationError(found: "\(count) parts of \(extent) places", expected: "1 to \(extent)")
            }
            // The last part is the smallest.
            let size = (extent + count - 1) / count
            sizes = (0..<count).map { max(0, min(size, extent - $0 * size)) }
        }
        guard let sizes, sizes.allSatisfy({ (0...extent).contains($0) }), sizes.reduce(0, +) == extent else {
            throw OperationError(found: "parts of \(sizes ?? [])", expected: "\(extent) places together")
        }
        var start = 0
        return try sizes.map { size in
            defer { start += size }
            return try gathered(x, Array(start..<start + size), axis: axis)
        }
    }

    fileprivate func gather() throws -> GraphValue {
        let (x, places) = (try input(0), try input(1))
        guard case .integers(let indices, let shape) = try inOrder(places).content else { throw refusal(of: places) }
        let axis = try axis(int("axis", otherwise: 0), of: x.shape.rank)
        let extent = x.shape[axis]
        let counted = indices.map { $0 < 0 ? $0 &+ extent : $0 }
        let result = try gathered(x, counted, axis: axis)
        if shape.rank == 1 { return result }
        if shape.rank == 0 { return try removing(axis, from: result) }
        let extents = result.shape.extents
        return try reshaped(result, toExtents: Array(extents[..<axis]) + shape.extents + extents[(axis + 1)...])
    }

    fileprivate func concat() throws -> GraphValue {
        let values = try allInputs()
        guard let rank = values.first?.shape.rank, rank > 0, values.allSatisfy({ $0.shape.rank == rank }) else {
            throw OperationError(
                found: "inputs of \(values.map(\.shape.description))", expected: "as many axes, at least one")
        }
        let axis = try axis(int("axis", otherwise: version < 4 ? 1 : -1), of: rank)
        let others = (0..<rank).filter { $0 != axis }
        guard values.allSatisfy({ value in others.allSatisfy { value.shape[$0] == values[0].shape[$0] } }) else {
            throw OperationError(
                found: "inputs of \(values.map(\.shape.description))", expected: "alike but along axis \(axis)")
        }
        if values.allSatisfy(\.isKnown) { return try concatKnown(values, axis: axis) }
        let leader = values.first { !$0.isKnown } ?? values[0]
        // The axes of ONNX in the order in which they lie.
        var lying = leader.order.inversePermutation
        let batch = batchAxis(of: leader).map { lying[$0] }
        let repeats = batch != nil && batch != axis && values.contains(where: \.isKnown)
        if repeats, let batch {
            lying = [batch] + lying.filter { $0 != batch }
        } else if lying.first == axis {
            // The operation wants another axis first.
            lying = lying.dropFirst() + [axis]
        }
        let order = lying.inversePermutation
        let whole = try arranged(leader, order)
        let contents = try values.map { value in
            let own = try arranged(value, order)
            // What is known for one image stands beside each of them: a model says so by an Expand to the batch size,
            // which is 1 while it is read.
            guard repeats, value.isKnown else { return own.asConstant.content }
            return try builder.apply(BroadcastOperation(), [own.content, whole.content])
        }
        return try apply(ConcatenateOperation(axis: order[axis]), contents, type: leader.type, order: order)
    }

    private func concatKnown(_ values: [GraphValue], axis: Int) throws -> GraphValue {
        var extents = values[0].shape.extents
        extents[axis] = values.reduce(0) { $0 + $1.shape[axis] }
        guard let shape = Shape(checking: extents) else {
            throw OperationError(found: "a result of \(extents)", expected: "a countable size")
        }
        try builder.charge(0, shape)
        try builder.chargeMemory(of: shape)
        let ordered = try values.map(inOrder)
        if case .integers = ordered[0].content {
            let outer = extents[..<axis].reduce(1, *)
            let parts = try ordered.map { value -> (elements: [Int], run: Int) in
                guard case .integers(let elements, _) = value.content else { throw refusal(of: value) }
                return (elements, value.shape.extents[axis...].reduce(1, *))
            }
            let joined = (0..<outer).flatMap { row in
                parts.flatMap { $0.elements[row * $0.run..<(row + 1) * $0.run] }
            }
            return GraphValue(values[0].type, .integers(joined, shape))
        }
        let tensors = try ordered.map { value -> Tensor in
            guard case .tensor(let tensor, _) = value.content else { throw refusal(of: value) }
            return tensor
        }
        return GraphValue(values[0].type, .tensor(.concatenated(tensors, axis: axis), path: nil))
    }

    fileprivate func pad() throws -> GraphValue {
        var x = try input(0)
        let isOld = version < 11
        let pads = try (isOld ? ints("pads") ?? ints("paddings") : integers(1, "pads")) ?? []
        let given = isOld ? nil : try optionalIntegers(3, "axes")
        let axes = try axes(given ?? Array(x.shape.indices), of: x.shape.rank)
        guard pads.count == 2 * axes.count, pads.allSatisfy({ (-(1 << 40)...1 << 40).contains($0) }) else {
            throw OperationError(found: "\(pads.count) pads for \(axes.count) axes", expected: "two for each")
        }
        let mode = try string("mode", otherwise: "constant")
        guard mode == "constant" else {
            for (index, axis) in axes.enumerated() {
                let places = try Self.borderPlaces(
                    mode, extent: x.shape[axis], before: pads[index], after: pads[axes.count + index])
                try builder.charge(0, Shape(x.shape.indices.map { $0 == axis ? places.count : x.shape[$0] }))
                x = try gathered(x, places, axis: axis)
            }
            return x
        }
        for axis in axes { _ = try listed(x.shape[axis]) }
        let value = isOld ? try float("value", otherwise: 0) : try optionalNumber(2, "constant_value") ?? 0
        var (before, after) = ([Int](repeating: 0, count: x.shape.rank), [Int](repeating: 0, count: x.shape.rank))
        for (index, axis) in axes.enumerated() {
            let (front, behind, extent) = (pads[index], pads[axes.count + index], x.shape[axis])
            // Negative pads cut.
            if front < 0 || behind < 0 {
                let (first, last) = (min(max(0, -front), extent), extent - max(0, -behind))
                x = try gathered(x, Array(first..<max(first, last)), axis: axis)
            }
            before[x.order[axis]] = max(0, front)
            after[x.order[axis]] = max(0, behind)
        }
        guard (before + after).contains(where: { $0 > 0 }) else { return x }
        if case .integers(_, let shape) = x.content {
            return try padIntegers(x, shape, before, after, value)
        }
        // Least of all numbers: for a maximum.
        let finite = value.isInfinite ? Float.greatestFiniteMagnitude * (value < 0 ? -1 : 1) : value
        return try apply(
            PadOperation(before: before, after: after, value: finite), [x.content], type: x.type, order: x.order)
    }

    private func padIntegers(
        _ x: GraphValue, _ shape: Shape, _ before: [Int], _ after: [Int], _ value: Float
    ) throws -> GraphValue {
        guard case .integers(let values, _) = x.content else { throw refusal(of: x) }
        let extents = shape.indices.map { before[$0] + shape[$0] + after[$0] }
        guard let padded = Shape(checking: extents) else {
            throw OperationError(found: "a result of \(extents)", expected: "a countable size")
        }
        try builder.charge(0, padded)
        try builder.chargeMemory(of: padded)
        // Places, where -1 is the border.
        let places = Tensor((0..<shape.elementCount).map { Float($0) }, shape: shape)
            .padded(before: before, after: after, with: -1)
        let elements = places.scalars.map { $0 < 0 ? Int(clamping: value) : values[Int($0)] }
        return GraphValue(x.type, .integers(elements, places.shape), order: x.order)
    }

    /// The places of an axis that a border repeats.
    private static func borderPlaces(_ mode: String, extent: Int, before: Int, after: Int) throws -> [Int] {
        guard extent > 0, before + after + extent >= 0, before + after <= 1 << 24 else {
            throw OperationError(found: "pads \(before) and \(after) of \(extent) places", expected: "fewer")
        }
        func reflected(_ place: Int) -> Int {
            guard extent > 1 else { return 0 }
            let period = 2 * (extent - 1)
            let within = ((place % period) + period) % period
            return min(within, period - within)
        }
        return try (-before..<max(-before, extent + after)).map { place in
            switch mode {
            case "reflect": reflected(place)
            case "edge": min(max(place, 0), extent - 1)
            case "wrap": ((place % extent) + extent) % extent
            default:
                throw OperationError(found: "mode \(mode)", expected: "constant, reflect, edge or wrap")
            }
        }
    }
}
