import COpenBLAS

/// The least-squares solution of a · x = b for every column of b: the x with the smallest ‖a · x − b‖, and of a wide
/// matrix's many exact solutions the shortest.
///
/// - Parameters:
///   - a: [M, N], of full rank min(M, N).
///   - b: [M, K].
/// - Returns: [N, K].
/// - Throws: ``LinearAlgebraError`` if an element is not finite, or the matrix is rank-deficient: an element on the
///   diagonal of its triangular factor is below max(M, N) · 2⁻⁵² of the largest.
public func lstsq(_ a: Tensor, _ b: Tensor) throws(LinearAlgebraError) -> Tensor {
    var factored = try LAPACKMatrix(a, for: "lstsq")
    let right = try LAPACKMatrix(b, for: "lstsq")
    let (m, n) = (factored.rows, factored.columns)
    require(m == right.rows, "lstsq: matrix \(a.shape) has \(m) rows, right-hand side \(b.shape) has \(right.rows)")
    // Goes in as b [M, K] and comes out as x [N, K].
    var solution = LAPACKMatrix(zeros: max(m, n), right.columns)
    solution.elements.replaceSubrange(..<right.elements.count, with: right.elements)
    let singular = LAPACKMatrix.call("lstsq") {
        LAPACKE_dgels(
            LAPACK_ROW_MAJOR, LAPACKMatrix.asItIs, Int32(m), Int32(n), Int32(right.columns),
            &factored.elements, Int32(n), &solution.elements, Int32(right.columns))
    }
    // LAPACK reports an exact zero alone; rounding leaves a tiny number where a column repeats another.
    let diagonal = (0..<min(m, n)).map { abs(factored[$0, $0]) }
    let bound = Double(max(m, n)) * 0x1p-52 * (diagonal.max() ?? 0)
    if let index = singular > 0 ? singular - 1 : diagonal.firstIndex(where: { $0 <= bound }) {
        throw .rankDeficient(operation: "lstsq", index: index, shape: a.shape)
    }
    return solution.tensor()[rows: 0..<n]
}
