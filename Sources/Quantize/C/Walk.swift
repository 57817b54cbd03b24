import TensorCore

/// Places that are read one after another: axes of a result, the last fastest, and a step along each, or a list of what
/// each of its places adds.
struct Walk {
    /// Most axes that a walk in C has.
    static let limit = 8

    /// The place of the first element.
    let start: Int
    /// Extents and steps, joined where neighbouring axes are walked like one; with ``lists``, where an axis' begins.
    private(set) var axes: [(extent: Int, step: Int)] = []
    /// What the places of all axes add, where some axis has no step, as of pixels that are repeated; otherwise empty.
    private(set) var lists: [Int] = []

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

    /// A list of places; nil where no axis' place is found by itself, or there are too many axes.
    init?(_ places: [Int], _ shape: Shape) {
        guard let first = places.first, first >= 0, places.count == shape.elementCount else { return nil }
        let ways = zip(shape.extents, shape.strides).map { extent, stride in
            (0..<extent).map { places[$0 * stride] - first }
        }
        self.init(from: first, shape.extents, steps: ways.map { $0.count > 1 ? $0[1] : 0 })
        if !ways.allSatisfy({ way in way.count < 2 || way.indices.allSatisfy { way[$0] == $0 * way[1] } }) {
            axes = []
            for way in ways where way.count > 1 {
                axes.append((way.count, lists.count))
                lists += way
            }
        }
        guard axes.count <= Self.limit else { return nil }
        for (index, place) in places.enumerated() where self.place(index) != place { return nil }
    }

    private func place(_ index: Int) -> Int {
        var (rest, place) = (index, start)
        for axis in axes.reversed() {
            let own = rest % axis.extent
            place += lists.isEmpty ? own * axis.step : lists[axis.step + own]
            rest /= axis.extent
        }
        return place
    }

    /// The initialiser in C.
    ///
    /// - Parameter list: the name of an array with ``lists``.
    func text(_ list: String) -> String {
        func braced(_ numbers: [Int]) -> String {
            numbers.isEmpty ? "{0}" : "{\(numbers.map { "\($0)" }.joined(separator: ", "))}"
        }
        return "(walk) {\(start), \(axes.count), \(braced(axes.map(\.extent))), \(braced(axes.map(\.step))), \(list)}"
    }
}

/// How the elements of a result that only moves values are found.
enum Movement {
    /// Each element of the result is read from a walk through the operand.
    case read(Walk)
    /// Each element of the operand is written to a walk through the result, which is a border elsewhere.
    case write(Walk)

    /// - Parameters:
    ///   - places: for each element of the result its place in the operand; negative where a border lies.
    ///   - operand: its shape.
    ///   - shape: of the result.
    /// - Returns: nil where no walk gives them.
    init?(_ places: [Int], from operand: Shape, to shape: Shape) {
        if let walk = Walk(places, shape) {
            self = .read(walk)
            return
        }
        var inverse = [Int](repeating: -1, count: operand.elementCount)
        for (index, place) in places.enumerated() where place >= 0 { inverse[place] = index }
        guard places.count(where: { $0 >= 0 }) == inverse.count, let walk = Walk(inverse, operand) else { return nil }
        self = .write(walk)
    }
}
