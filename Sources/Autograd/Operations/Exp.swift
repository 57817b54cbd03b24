import Foundation
import TensorCore

/// eˣ, element by element.
public struct ExpOperation: ElementwiseOperation {
    public static let name = "exp"

    public init() {}

    public func value(at x: Float) -> Float { expf(x) }

    public func slope(at x: Float) -> Float { expf(x) }
}

extension Variable {
    /// eˣ, element by element.
    public func exp() -> Variable { applying(ExpOperation()) }
}
