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

/// The solution of a · x = b for a symmetric positive definite matrix and every column of b.
///
/// - Parameters:
///   - a: [N, N]; its lower triangle is read.
///   - b: [N, K].
/// - Returns: [N, K].
/// - Throws: as ``cholesky(_:)``, for either matrix.
public func choleskySolve(_ a: Tensor, _ b: Tensor) throws(LinearAlgebraError) -> Tensor {
    var factor = try LAPACKMatrix(square: a, for: "choleskySolve")
    var solution = try LAPACKMatrix(b, for: "choleskySolve")
    let (n, k) = (factor.rows, solution.columns)
    require(n == solution.rows, "choleskySolve: matrix \(a.shape), right-hand side \(b.shape) of \(solution.rows) rows")
    let minor = LAPACKMatrix.call("choleskySolve") {
        LAPACKE_dposv(
            LAPACK_ROW_MAJOR, LAPACKMatrix.lower, Int32(n), Int32(k), &factor.elements, Int32(n), &solution.elements,
            Int32(k))
    }
    guard minor == 0 else { throw .notPositiveDefinite(operation: "choleskySolve", minor: minor) }
    return solution.tensor()
}
