import COpenBLAS

/// The Cholesky factor of a symmetric positive definite matrix: a = l · lᵀ.
///
/// - Parameter a: [N, N]; its lower triangle is read.
/// - Returns: l [N, N], zero above its diagonal, which is positive.
/// - Throws: ``LinearAlgebraError`` if an element is not finite, or the matrix is not positive definite.
public func cholesky(_ a: Tensor) throws(LinearAlgebraError) -> Tensor {
    var factor = try LAPACKMatrix(square: a, for: "cholesky")
    let n = factor.rows
    let minor = LAPACKMatrix.call("cholesky") {
        LAPACKE_dpotrf(LAPACK_ROW_MAJOR, LAPACKMatrix.lower, Int32(n), &factor.elements, Int32(n))
    }
    guard minor == 0 else { throw .notPositiveDefinite(operation: "cholesky", minor: minor) }
    for row in 0..<n { for column in (row + 1)..<n { factor[row, column] = 0 } }
    return factor.tensor()
}
