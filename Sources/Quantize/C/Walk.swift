import TensorCore

/// Places that are read one after another: axes of a result, the last fastest, and a step along each.
struct Walk {
    /// Most axes that a walk in C has.
    static let limit = 8

    /// The place of the first element.
    let start: Int
    /// Extents and steps, joined where neighbouring axes are walked like one.
    private(set) var axes: [(extent: Int, step: Int)] = []

    init(from start: Int = 0, _ extents: [Int], steps: [Int]) {
        self.start = start
        for (extent, step) in zip(extents, steps) where extent != 1 {
            if let outer = axes.last, outer.step == step * extent {
                axes[axes.count - 1] = (outer.extent * extent, step)
            } else {
                axes.append((extent, step))
            }
        }
    }

    /// An operand that is broadcast to a shape.
    ///
    /// - Parameter unit: elements of what stands at each place.
    init(_ operand: Shape, broadcastTo shape: Shape, stepping unit: Int = 1) {
        let missing = shape.rank - operand.rank
        let strides = operand.strides
        self.init(
            shape.extents,
            steps: shape.indices.map { axis in
                let own = axis - missing
                return own < 0 || operand[own] == 1 ? 0 : unit * strides[own]
            })
    }

    /// A list of places; nil where they are none that a walk through the result's axes gives.
    init?(_ places: [Int], _ shape: Shape) {
        guard let first = places.first, first >= 0, places.count == shape.elementCount else { return nil }
        let steps = zip(shape.extents, shape.strides).map { extent, stride in extent > 1 ? places[stride] - first : 0 }
        self.init(from: first, shape.extents, steps: steps)
        guard axes.count <= Self.limit else { return nil }
        for (index, place) in places.enumerated() where self.place(index) != place { return nil }
    }

    private func place(_ index: Int) -> Int {
        var (rest, place) = (index, start)
        for axis in axes.reversed() {
            place += rest % axis.extent * axis.step
            rest /= axis.extent
        }
        return place
    }

    /// The initialiser in C.
    var text: String {
        func list(_ numbers: [Int]) -> String {
            numbers.isEmpty ? "{0}" : "{\(numbers.map { "\($0)" }.joined(separator: ", "))}"
        }
        return "(walk) {\(start), \(axes.count), \(list(axes.map(\.extent))), \(list(axes.map(\.step)))}"
    }
}

/// How the elements of a result that only moves values are found.
enum Movement {
    /// Each element of the result is read from a walk through the operand.
    case read(Walk)
    /// Each element of the operand is written to a walk through the result, which is a border elsewhere.
    case write(Walk)
    /// No walk gives it: the place of each element is listed.
    case list

    /// - Parameters:
    ///   - places: for each element of the result its place in the operand; negative where a border lies.
    ///   - operand: its shape.
    ///   - shape: of the result.
    init(_ places: [Int], from operand: Shape, to shape: Shape) {
        if let walk = Walk(places, shape) {
            self = .read(walk)
            return
        }
        var inverse = [Int](repeating: -1, count: operand.elementCount)
        for (index, place) in places.enumerated() where place >= 0 { inverse[place] = index }
        let isOnce = places.count { $0 >= 0 } == inverse.count && !inverse.contains(-1)
        self = isOnce ? Walk(inverse, operand).map { .write($0) } ?? .list : .list
    }
}
