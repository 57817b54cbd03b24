import COpenBLAS

/// Eigenvalues and eigenvectors of a symmetric matrix: a · vectors = vectors · diag(values).
///
/// - Parameter a: [N, N]; its lower triangle is read.
/// - Returns: values [N], ascending; vectors [N, N], orthonormal columns in the order of the values, each of either
///   sign.
/// - Throws: ``LinearAlgebraError`` if an element is not finite, or the iteration does not converge.
public func eigh(_ a: Tensor) throws(LinearAlgebraError) -> (values: Tensor, vectors: Tensor) {
    var vectors = try LAPACKMatrix(square: a, for: "eigh")
    let n = vectors.rows
    var values = [Double](repeating: 0, count: n)
    let unconverged = LAPACKMatrix.call("eigh") {
        LAPACKE_dsyev(
            LAPACK_ROW_MAJOR, LAPACKMatrix.withVectors, LAPACKMatrix.lower, Int32(n), &vectors.elements, Int32(n),
            &values)
    }
    guard unconverged == 0 else { throw .didNotConverge(operation: "eigh", remaining: unconverged) }
    return (Tensor(values.map { Float($0) }), vectors.tensor())
}
