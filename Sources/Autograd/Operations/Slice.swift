import TensorCore

/// A range of one axis, with all of the others.
public struct SliceOperation: GraphOperation {
    public static let name = "slice"

    /// The axis; a negative one counts from the last.
    public let axis: Int
    /// The first place that is taken, and the one after the last.
    public let start, end: Int

    public init(axis: Int, range: Range<Int>) {
        (self.axis, start, end) = (axis, range.lowerBound, range.upperBound)
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        guard let place = input.place(ofAxis: axis), start >= 0, start <= end, end <= input[place] else {
            throw OperationError(
                found: "\(start) ..< \(end) of axis \(axis) of \(input)", expected: "a range of an axis")
        }
        var extents = input.extents
        extents[place] = end - start
        return Shape(extents)
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        operands[0].slice(axis: operands[0].shape.place(ofAxis: axis) ?? axis, start..<end)
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (input, start, end) = (operands[0].shape, start, end)
        let place = input.place(ofAxis: axis) ?? axis
        return operands[0].tape.record(AnyOperation(self), forward([operands[0].value]), from: operands[0]) {
            $0.padded(
                before: input.indices.map { $0 == place ? start : 0 },
                after: input.indices.map { $0 == place ? input[place] - end : 0 })
        }
    }
}

extension Variable {
    /// A range of one axis, with all of the others.
    ///
    /// - Parameter axis: a negative one counts from the last.
    public func slice(axis: Int, _ range: Range<Int>) -> Variable {
        SliceOperation(axis: axis, range: range).record([self])
    }

    /// Parts one after another along an axis.
    ///
    /// - Parameters:
    ///   - axis: a negative one counts from the last.
    ///   - extents: of the parts along the axis; together what it has.
    public func split(axis: Int, into extents: [Int]) -> [Variable] {
        let whole = shape.place(ofAxis: axis).map { shape[$0] }
        require(
            extents.allSatisfy { $0 >= 0 } && extents.reduce(0, +) == whole,
            "split: axis \(axis) of \(shape) into \(extents)")
        var start = 0
        return extents.map { extent in
            defer { start += extent }
            return slice(axis: axis, start..<start + extent)
        }
    }
}
