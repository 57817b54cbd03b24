import Layers
import TensorCore

/// What a published tensor's golden values are compared with.
struct TensorSummary {
    /// Largest magnitude, mean, Euclidean norm, and three elements.
    let values: [Double]
    let shape: [Int]

    /// - Parameter tensor: in our layout.
    init(_ tensor: Tensor, role: Parameter.Role) {
        let published =
            switch (role, tensor.shape.rank) {
            case (.weight, 4): tensor.transposed([3, 2, 0, 1])
            case (.weight, 2): tensor.transposed([1, 0])
            default: tensor
            }
        let (scalars, count) = (published.scalars, published.count)
        let largest = max(scalars.max() ?? 0, -(scalars.min() ?? 0))
        let norm = Double((published * published).sum()).squareRoot()
        let elements = (1...3).map { Double(scalars[count * $0 / 4]) }
        values = [Double(largest), Double(published.sum()) / Double(count), norm] + elements
        shape = published.shape.extents
    }
}
