/// The extents of a tensor's axes, outermost first. A scalar has no axes.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, RandomAccessCollection, CustomStringConvertible {
    /// The extents, each zero or more.
    public let extents: [Int]

    /// Creates a shape; a negative extent, or more elements than an Int counts, stops the program.
    public init(_ extents: [Int]) {
        require(extents.allSatisfy { $0 >= 0 }, "Shape: \(extents) has a negative extent")
        require(Shape.isCountable(extents), "Shape: \(extents) has more than 2⁶³ elements")
        self.extents = extents
    }

    /// Creates a shape from extents that come from outside the program: nil if one is negative or the product
    /// overflows.
    public init?(checking extents: [Int]) {
        guard extents.allSatisfy({ $0 >= 0 }), Shape.isCountable(extents) else { return nil }
        self.extents = extents
    }

    /// Whether the product of the extents, and so every stride, is an Int. Zeros count as one: [2⁶², 8, 0] has no
    /// elements but strides that overflow.
    private static func isCountable(_ extents: [Int]) -> Bool {
        var product = 1
        for extent in extents where extent > 1 {
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            guard !overflow else { return false }
            product = next
        }
        return true
    }

    /// Creates a shape from a literal, `[64, 28, 28, 1]`.
    public init(arrayLiteral extents: Int...) { self.init(extents) }

    /// The number of axes.
    public var rank: Int { extents.count }

    /// The number of elements: the product of the extents, 1 for a scalar.
    public var elementCount: Int { extents.reduce(1, *) }

    /// Distance in elements between neighbours along each axis of the dense, row-major layout.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * extents[axis + 1] }
        return strides
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { extents.count }
    public subscript(axis: Int) -> Int { extents[axis] }

    public var description: String { "[\(extents.map(String.init).joined(separator: ", "))]" }

    /// The four extents of an image batch [N, H, W, C]; any other rank stops the program, naming the operation.
    public func nhwc(for operation: String) -> (n: Int, h: Int, w: Int, c: Int) {
        require(rank == 4, "\(operation): input has shape \(self), 4 axes [N, H, W, C] expected")
        return (extents[0], extents[1], extents[2], extents[3])
    }

    /// The two extents of a matrix [rows, columns]; any other rank stops the program, naming the operation.
    public func matrix(for operation: String) -> (rows: Int, columns: Int) {
        require(rank == 2, "\(operation): input has shape \(self), 2 axes [rows, columns] expected")
        return (extents[0], extents[1])
    }
}

extension Shape {
    /// What laying arrays one after another along an axis comes to: the result's shape, and the runs of elements to
    /// copy.
    static func concatenation(
        of shapes: [Shape], axis: Int
    ) -> (shape: Shape, copies: [(part: Int, from: Int, to: Int, count: Int)]) {
        guard let first = shapes.first else { fatalError("concatenated: no tensors given") }
        require(axis >= 0 && axis < first.rank, "concatenated: axis \(axis) of shape \(first)")
        for shape in shapes {
            require(
                shape.rank == first.rank && (0..<first.rank).allSatisfy { $0 == axis || shape[$0] == first[$0] },
                "concatenated: shapes \(first) and \(shape) differ beside axis \(axis)")
        }
        var extents = first.extents
        extents[axis] = shapes.reduce(0) { $0 + $1[axis] }
        let outer = extents[..<axis].reduce(1, *)
        let inner = extents[(axis + 1)...].reduce(1, *)
        var copies: [(part: Int, from: Int, to: Int, count: Int)] = []
        var start = 0
        for (part, shape) in shapes.enumerated() {
            let length = shape[axis] * inner
            for row in 0..<outer {
                copies.append((part, row * length, row * extents[axis] * inner + start, length))
            }
            start += length
        }
        return (Shape(extents), copies)
    }
}
