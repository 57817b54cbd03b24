import TensorCore

// What operations with broadcast operands share. Shapes are aligned at their last axes, and an axis of extent 1, or one
// that is missing, is repeated; what flows back to an operand is summed over the axes along which it was.

extension [Shape] {
    /// The shape that operands have together.
    ///
    /// - Parameters:
    ///   - count: how many there must be.
    ///   - name: of the operation.
    func broadcast(of count: Int, for name: String) throws(OperationError) -> Shape {
        try require(count...count, for: name)
        var common: Shape? = self[0]
        for shape in dropFirst() { common = common?.broadcast(with: shape) }
        guard let common else {
            throw OperationError(
                found: "inputs of \(map(\.description).joined(separator: " and "))",
                expected: "shapes that broadcast to one of a countable size")
        }
        return common
    }
}

extension GraphOperation {
    /// Stops the program with the reason if variables, or the attributes that a call gave, do not fit.
    func requireFit(_ operands: [Variable]) {
        do { _ = try shape(of: operands.map(\.shape)) } catch { fatalError("\(label): \(error)") }
    }

    /// Records the operation on operands that are broadcast.
    ///
    /// - Parameter pullbacks: for each operand its gradient in the result's shape; nil for one that gets none. They are
    ///   called for operands that a gradient is wanted for.
    func recordBroadcast(_ operands: [Variable], pullbacks: [((Tensor) -> Tensor)?]) -> Variable {
        requireFit(operands)
        let ways = zip(operands, pullbacks).map { (shape: $0.shape, pullback: $0.node == nil ? nil : $1) }
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            ways.map { way in way.pullback.map { $0(upstream).summed(to: way.shape) } }
        }
    }
}
