import COpenBLAS

/// The QR factorisation a = q · r, reduced, with K = min(M, N).
///
/// The diagonal of r is not negative, which makes the factors of a matrix of full rank unique: q of a random normal
/// matrix is then a uniformly distributed orthogonal one (Mezzadri, arXiv math-ph/0609050).
///
/// - Parameter a: [M, N].
/// - Returns: q [M, K] with orthonormal columns; r [K, N], zero below its diagonal.
/// - Throws: ``LinearAlgebraError/notFinite(operation:shape:)``.
public func qr(_ a: Tensor) throws(LinearAlgebraError) -> (q: Tensor, r: Tensor) {
    var factored = try LAPACKMatrix(a, for: "qr")
    let (m, n) = (factored.rows, factored.columns)
    let k = min(m, n)
    var reflectors = [Double](repeating: 0, count: k)
    _ = LAPACKMatrix.call("qr") {
        LAPACKE_dgeqrf(
            LAPACK_ROW_MAJOR, Int32(m), Int32(n), &factored.elements, Int32(n), &reflectors)
    }
    let signs = (0..<k).map { factored[$0, $0] < 0 ? -1.0 : 1 }
    var r = LAPACKMatrix(zeros: k, n)
    for row in 0..<k { for column in row..<n { r[row, column] = signs[row] * factored[row, column] } }
    _ = LAPACKMatrix.call("qr") {
        LAPACKE_dorgqr(
            LAPACK_ROW_MAJOR, Int32(m), Int32(k), Int32(k), &factored.elements, Int32(n),
            &reflectors)
    }
    for row in 0..<m { for column in 0..<k { factored[row, column] *= signs[column] } }
    return (factored.tensor(columns: k), r.tensor())
}
