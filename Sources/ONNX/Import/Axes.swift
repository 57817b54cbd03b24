import Autograd
import Graph
import TensorCore

// Changes of a value's axes. All of them leave elements where they lie if that is possible.

extension NodeCall {
    /// Axes in another order: only the names change.
    ///
    /// - Parameter permutation: axis i of the result is axis `permutation[i]` of the value.
    func transposed(_ value: GraphValue, _ permutation: [Int]) throws -> GraphValue {
        guard permutation.sorted() == Array(value.order.indices) else {
            throw OperationError(
                found: "permutation \(permutation) of the axes of \(value.shape)", expected: "each axis once")
        }
        var result = value
        result.order = permutation.map { value.order[$0] }
        if let rounding = value.rounding { result.rounding?.axis = permutation.firstIndex(of: rounding.axis) ?? 0 }
        return result
    }

    /// A new axis of one place.
    ///
    /// - Parameter axis: which axis of the result it is.
    func inserting(_ axis: Int, in value: GraphValue) throws -> GraphValue {
        var order = value.order
        order.insert(value.order.count, at: axis)
        return try reshaped(value, to: value.content.shape.extents + [1], order: order)
    }

    /// Without an axis of one place.
    func removing(_ axis: Int, from value: GraphValue) throws -> GraphValue {
        guard value.shape[axis] == 1 else {
            throw OperationError(found: "axis \(axis) of \(value.shape)", expected: "an axis of one place")
        }
        let place = value.order[axis]
        var (extents, order) = (value.content.shape.extents, value.order)
        extents.remove(at: place)
        order.remove(at: axis)
        return try reshaped(value, to: extents, order: order.map { $0 > place ? $0 - 1 : $0 })
    }

    /// The same elements under other extents, which are counted in the order of ONNX.
    ///
    /// Axes that are split, and axes that lie beside one another and are merged, stay where they are.
    ///
    /// - Parameter ofMany: the old and the new extents for many images, if the model says them: for one image the
    ///   batch's extent of 1 may belong to the axes before it or behind it.
    func reshaped(
        _ value: GraphValue, toExtents extents: [Int], ofMany: (old: [Int], new: [Int])? = nil
    ) throws -> GraphValue {
        let (old, new) = ofMany ?? (value.shape.extents, extents)
        let growing = new.indices.first { new[$0] != extents[$0] }
        guard let groups = Self.groups(old, new) else {
            return try reshaped(inOrder(value), to: extents, growing: growing)
        }
        // Groups in the order in which their first axes lie.
        let sorted = groups.sorted { left, right in
            let places = [left, right].map { group in group.old.map { value.order[$0] }.min() ?? 0 }
            return places[0] < places[1]
        }
        var (oldOrder, newOrder) = (value.order, [Int](repeating: 0, count: extents.count))
        var lying: [Int] = []
        var (oldPlace, newPlace) = (0, 0)
        for group in sorted {
            for axis in group.old {
                oldOrder[axis] = oldPlace
                oldPlace += 1
            }
            for axis in group.new {
                newOrder[axis] = newPlace
                newPlace += 1
                lying.append(extents[axis])
            }
        }
        return try reshaped(
            arranged(value, oldOrder), to: lying, order: newOrder, growing: growing.map { newOrder[$0] })
    }

    /// Runs of old and of new axes that have the same elements, from the first to the last; nil where there are no
    /// elements, or where a run is empty on one side.
    private static func groups(_ old: [Int], _ new: [Int]) -> [(old: Range<Int>, new: Range<Int>)]? {
        guard !old.isEmpty, !new.isEmpty, !old.contains(0), !new.contains(0) else { return nil }
        var groups: [(old: Range<Int>, new: Range<Int>)] = []
        var (i, j) = (0, 0)
        while i < old.count, j < new.count {
            let (firstOld, firstNew) = (i, j)
            var (a, b) = (old[i], new[j])
            (i, j) = (i + 1, j + 1)
            while a != b {
                if a < b {
                    guard i < old.count else { return nil }
                    a *= old[i]
                    i += 1
                } else {
                    guard j < new.count else { return nil }
                    b *= new[j]
                    j += 1
                }
            }
            groups.append((firstOld..<i, firstNew..<j))
        }
        // What is left has extent 1.
        guard let last = groups.popLast() else { return nil }
        groups.append((last.old.lowerBound..<old.count, last.new.lowerBound..<new.count))
        return groups
    }
}
