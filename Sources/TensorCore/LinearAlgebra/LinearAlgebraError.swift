/// A matrix has no factorisation of the kind that was asked for, or none that could be found.
///
/// Which matrices these are is a matter of data, not of the call, so it is an error and does not stop the program.
public enum LinearAlgebraError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The matrix holds a NaN or an infinity.
    case notFinite(operation: String, shape: Shape)
    /// The leading square block of `minor` rows is not positive definite; counted from 1.
    case notPositiveDefinite(operation: String, minor: Int)
    /// The iteration stopped before `remaining` of its numbers had settled.
    case didNotConverge(operation: String, remaining: Int)
    /// Column (or, of a wide matrix, row) `index`, counted from 0, is a combination of those before it.
    case rankDeficient(operation: String, index: Int, shape: Shape)

    public var description: String {
        switch self {
        case .notFinite(let operation, let shape): "\(operation): a matrix \(shape) with a NaN or an infinity"
        case .notPositiveDefinite(let operation, let minor):
            "\(operation): the leading \(minor)×\(minor) block is not positive definite"
        case .didNotConverge(let operation, let remaining): "\(operation): \(remaining) values did not converge"
        case .rankDeficient(let operation, let index, let shape):
            "\(operation): \(shape[0] >= shape[1] ? "column" : "row") \(index) of a matrix \(shape) depends on those before"
        }
    }
}
