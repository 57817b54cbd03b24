import COpenBLAS

/// The singular value decomposition a = u · diag(s) · vᵀ, reduced, with K = min(M, N).
///
/// - Parameter a: [M, N].
/// - Returns: u [M, K] with orthonormal columns; s [K], descending, not negative; vTransposed [K, N] with orthonormal
///   rows. The first R of each give the nearest matrix of rank R.
/// - Throws: ``LinearAlgebraError`` if an element is not finite, or the iteration does not converge.
public func svd(_ a: Tensor) throws(LinearAlgebraError) -> (u: Tensor, s: Tensor, vTransposed: Tensor) {
    var work = try LAPACKMatrix(a, for: "svd")
    let (m, n) = (work.rows, work.columns)
    let k = min(m, n)
    var (u, v) = (LAPACKMatrix(zeros: m, k), LAPACKMatrix(zeros: k, n))
    var s = [Double](repeating: 0, count: k)
    let unconverged = LAPACKMatrix.call("svd") {
        LAPACKE_dgesdd(
            LAPACK_ROW_MAJOR, LAPACKMatrix.reduced, Int32(m), Int32(n), &work.elements, Int32(n), &s,
            &u.elements, Int32(k), &v.elements, Int32(n))
    }
    guard unconverged == 0 else { throw .didNotConverge(operation: "svd", remaining: unconverged) }
    return (u.tensor(), Tensor(s.map { Float($0) }), v.tensor())
}
