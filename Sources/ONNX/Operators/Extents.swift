import Autograd
import TensorCore

extension OperatorTable {
    /// Other extents for the same elements, repetition, and extents as values.
    static let extents: [String: Evaluate] = [
        "Shape": { call in
            let x = try call.input(0)
            let count = x.shape.rank
            func place(_ index: Int) -> Int { min(max(index < 0 ? index + count : index, 0), count) }
            let start = place(try call.int("start", otherwise: 0))
            let end = max(start, place(try call.int("end", otherwise: count)))
            return [call.integers(of: x) { GraphValue.integers(Array($0.extents[start..<end])) }]
        },
        "Size": { call in [call.integers(of: try call.input(0)) { .integers([$0.elementCount], []) }] },
        "Reshape": { [try $0.reshape()] },
        "Flatten": { call in
            let x = try call.input(0)
            // The rank itself is an axis here.
            let axis = try call.int("axis", otherwise: 1)
            let place = axis == x.shape.rank ? axis : try call.axis(axis, of: x.shape.rank)
            let extents = x.shape.extents
            return [
                try call.reshaped(
                    x, toExtents: [extents[..<place].reduce(1, *), extents[place...].reduce(1, *)])
            ]
        },
        "Squeeze": { [try $0.squeeze()] },
        "Unsqueeze": { [try $0.unsqueeze()] },
        "Transpose": { call in
            let x = try call.input(0)
            return [try call.transposed(x, call.ints("perm") ?? x.shape.indices.reversed())]
        },
        "Expand": { call in [try call.expanded(call.input(0), to: call.integers(1, "shape"))] },
        "Tile": { [try $0.tile()] },
        "DepthToSpace": { [try $0.depthToSpace()] },
        "SpaceToDepth": { [try $0.spaceToDepth()] },
    ]
}

extension NodeCall {
    /// Integers that a shape gives, for one image and for many.
    fileprivate func integers(of value: GraphValue, _ body: (Shape) -> GraphValue) -> GraphValue {
        var result = body(value.shape)
        if let shape = shapeOfMany(value) { result.note(ofMany: body(shape)) }
        return result
    }

    fileprivate func reshape() throws -> GraphValue {
        let (x, wanted) = (try input(0), try input(1))
        let written = try integers(1, "shape")
        let extents = try resolved(written, for: x.shape)
        // A 1 that is written out may be the batch; what is computed from the batch's size never is one.
        guard batchAxis(of: x) != nil, wanted.integersOfMany != nil || !written.contains(1),
            let shape = shapeOfMany(x), case .integers(let many, _) = wanted.ofMany.content,
            let extentsOfMany = try? resolved(many, for: shape)
        else { return try reshaped(x, toExtents: extents) }
        return try reshaped(x, toExtents: extents, ofMany: (shape.extents, extentsOfMany))
    }

    /// Extents that are written down for a value of a shape: 0 for the value's own, -1 for what is left.
    private func resolved(_ wanted: [Int], for shape: Shape) throws -> [Int] {
        var extents = wanted
        guard extents.count <= 16, extents.allSatisfy({ $0 >= -1 }), extents.count(where: { $0 == -1 }) <= 1 else {
            throw OperationError(found: "shape \(extents)", expected: "numbers from 0 on and at most one -1")
        }
        if try !flag("allowzero") {
            for (axis, extent) in extents.enumerated() where extent == 0 {
                guard axis < shape.rank else {
                    throw OperationError(
                        found: "shape \(extents) for \(shape)", expected: "0 for an axis of the input")
                }
                extents[axis] = shape[axis]
            }
        }
        if let open = extents.firstIndex(of: -1) {
            extents[open] = 1
            guard let others = Shape(checking: extents)?.elementCount, others > 0, shape.elementCount % others == 0
            else {
                throw OperationError(found: "shape \(extents) for \(shape)", expected: "as many elements")
            }
            extents[open] = shape.elementCount / others
        }
        guard Shape(checking: extents)?.elementCount == shape.elementCount else {
            throw OperationError(found: "shape \(extents) for \(shape)", expected: "as many elements")
        }
        return extents
    }

    fileprivate func squeeze() throws -> GraphValue {
        var x = try input(0)
        let given = version < 13 ? try ints("axes") : try optionalIntegers(1, "axes")
        let places = try given.map { try axes($0, of: x.shape.rank) } ?? x.shape.indices.filter { x.shape[$0] == 1 }
        for axis in places.sorted(by: >) { x = try removing(axis, from: x) }
        return x
    }

    fileprivate func unsqueeze() throws -> GraphValue {
        var x = try input(0)
        let given = version < 13 ? try ints("axes") : try optionalIntegers(1, "axes")
        guard let given, given.count <= 16 else { throw OperationError(found: "no axes", expected: "some") }
        for axis in try axes(given, of: x.shape.rank + given.count).sorted() { x = try inserting(axis, in: x) }
        return x
    }

    /// A value repeated along axes of one place.
    func expanded(_ value: GraphValue, to extents: [Int]) throws -> GraphValue {
        guard let wanted = Shape(checking: extents), let shape = value.shape.broadcast(with: wanted) else {
            throw OperationError(found: "shape \(extents) for \(value.shape)", expected: "extents that broadcast")
        }
        guard shape != value.shape else { return value }
        let longer = try withLeadingAxes(value, rank: shape.rank)
        try builder.charge(0, shape)
        try builder.chargeMemory(of: shape)
        if value.isKnown {
            return try taking(Self.places(of: value.shape, in: shape), of: value, as: shape)
        }
        let ones = GraphValue(
            .float32, .tensor(.ones(Shape(zip(shape, longer.shape).map { $0 == $1 ? 1 : $0 })), path: nil))
        return try binary(longer, ones, MultiplyOperation()) { left, _ in left }
    }

    fileprivate func tile() throws -> GraphValue {
        var x = try input(0)
        let repeats = try integers(1, "repeats")
        guard repeats.count == x.shape.rank, repeats.allSatisfy({ $0 >= 0 }),
            let shape = Shape(
                checking: zip(x.shape, repeats).map { $0.multipliedReportingOverflow(by: $1).partialValue }),
            zip(x.shape, repeats).allSatisfy({ !$0.multipliedReportingOverflow(by: $1).overflow })
        else {
            throw OperationError(found: "repeats \(repeats) of \(x.shape)", expected: "one for each axis")
        }
        try builder.charge(0, shape)
        for (axis, count) in repeats.enumerated() where count != 1 {
            let extent = x.shape[axis]
            _ = try listed(shape[axis])
            let places = (0..<count).flatMap { _ in 0..<extent }
            x = try gathered(x, places, axis: axis)
        }
        return x
    }

    /// [N, b·b·C, H, W] to [N, C, b·H, b·W].
    fileprivate func depthToSpace() throws -> GraphValue {
        let (x, block) = try blocks()
        let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        guard c % (block * block) == 0 else {
            throw OperationError(
                found: "\(c) channels in blocks of \(block)", expected: "a multiple of \(block * block)")
        }
        let rest = c / (block * block)
        let isColumnFirst = try string("mode", otherwise: "DCR") == "CRD"
        let split = isColumnFirst ? [n, rest, block, block, h, w] : [n, block, block, rest, h, w]
        let order = isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
        let moved = try transposed(reshaped(x, toExtents: split), order)
        return try reshaped(moved, toExtents: [n, rest, h * block, w * block])
    }

    /// [N, C, b·H, b·W] to [N, b·b·C, H, W].
    fileprivate func spaceToDepth() throws -> GraphValue {
        let (x, block) = try blocks()
        let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        guard h % block == 0, w % block == 0 else {
            throw OperationError(found: "\(x.shape) in blocks of \(block)", expected: "multiples of the block")
        }
        let split = try reshaped(x, toExtents: [n, c, h / block, block, w / block, block])
        let moved = try transposed(split, [0, 3, 5, 1, 2, 4])
        return try reshaped(moved, toExtents: [n, c * block * block, h / block, w / block])
    }

    private func blocks() throws -> (GraphValue, Int) {
        let x = try input(0)
        guard x.shape.rank == 4, let block = try int("blocksize"), (1...1 << 10).contains(block) else {
            throw OperationError(found: "an input of \(x.shape)", expected: "[N, C, H, W] and a blocksize")
        }
        return (x, block)
    }
}
