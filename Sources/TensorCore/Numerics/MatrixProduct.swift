import COpenBLAS

private let preparedBLAS: Void = {
    do { try BLAS.prepare(threads: Parallel.threads) } catch { fatalError("\(error)") }
}()

/// Holds OpenBLAS to one thread, from the first call on: the layers above cut their work into pieces themselves, which
/// feeds small matrices better than slicing each product, and gives the same bits for any number of threads.
func holdBLASToOneThread() { preparedBLAS }

/// C = alpha · op(A) · op(B) + beta · C on row-major storage with leading dimensions.
///
/// - Parameters:
///   - m: rows of op(A) and C.
///   - n: columns of op(B) and C.
///   - k: columns of op(A), rows of op(B).
func gemm(
    _ a: UnsafePointer<Float>, leadingA: Int, transposeA: Bool = false,
    _ b: UnsafePointer<Float>, leadingB: Int, transposeB: Bool = false,
    into c: UnsafeMutablePointer<Float>, leadingC: Int,
    m: Int, n: Int, k: Int, alpha: Float = 1, beta: Float = 0
) {
    holdBLASToOneThread()
    guard m > 0, n > 0 else { return }
    // All bits of the largest are set, so that the sizes together exceed it if one does.
    require(
        m | n | k | leadingA | leadingB | leadingC <= Int(blasint.max),
        "gemm: M = \(m), N = \(n), K = \(k), leading dimensions \(leadingA), \(leadingB), \(leadingC): at most \(blasint.max) expected"
    )
    cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasint(m), blasint(n), blasint(k), alpha, a, blasint(max(leadingA, 1)), b, blasint(max(leadingB, 1)), beta, c,
        blasint(max(leadingC, 1)))
}

/// The product op(a) · op(b) of two matrices.
///
/// - Parameters:
///   - a: [M, K], or [K, M] if transposed.
///   - b: [K, N], or [N, K] if transposed.
/// - Returns: [M, N].
public func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
    let (aRows, aColumns) = a.shape.matrix(for: "matmul")
    let (bRows, bColumns) = b.shape.matrix(for: "matmul")
    let (m, k) = transposeA ? (aColumns, aRows) : (aRows, aColumns)
    let (inner, n) = transposeB ? (bColumns, bRows) : (bRows, bColumns)
    require(
        k == inner,
        "matmul: \(a.shape)\(transposeA ? " transposed" : "") has \(k) columns, "
            + "\(b.shape)\(transposeB ? " transposed" : "") has \(inner) rows")
    guard k > 0 else { return .zeros([m, n]) }
    var product = Tensor(uninitialized: [m, n])
    let c = SendablePointer(product.mutablePointer())
    // C[M, N] = op(A)[M, K] · op(B)[K, N], in blocks of rows whose size depends on the shapes alone.
    let rowsPerPiece = max(32, (1 << 20) / max(n * k, 1))
    Parallel.forEach((m + rowsPerPiece - 1) / rowsPerPiece) { piece in
        let first = piece * rowsPerPiece
        let rows = min(rowsPerPiece, m - first)
        gemm(
            a.pointer + (transposeA ? first : first * aColumns), leadingA: aColumns, transposeA: transposeA,
            b.pointer, leadingB: bColumns, transposeB: transposeB,
            into: c.pointer + first * n, leadingC: n, m: rows, n: n, k: k)
    }
    return product
}

/// The products of pairs of matrices, whose leading axes are broadcast.
///
/// - Parameters:
///   - a: [..., M, K], or [..., K, M] if transposed.
///   - b: [..., K, N], or [..., N, K] if transposed.
/// - Returns: [..., M, N].
public func batchedMatmul(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
    guard a.shape.rank >= 2, b.shape.rank >= 2,
        let leading = a.shape.leading.broadcast(with: b.shape.leading)
    else {
        fatalError("batchedMatmul: shapes \(a.shape) and \(b.shape), two times [..., rows, columns] expected")
    }
    let (aMatrix, bMatrix) = (Shape(Array(a.shape.suffix(2))), Shape(Array(b.shape.suffix(2))))
    let (m, k) = transposeA ? (aMatrix[1], aMatrix[0]) : (aMatrix[0], aMatrix[1])
    let (inner, n) = transposeB ? (bMatrix[1], bMatrix[0]) : (bMatrix[0], bMatrix[1])
    require(k == inner, "batchedMatmul: \(a.shape) has \(k) columns, \(b.shape) has \(inner) rows")
    let (pairs, shape) = (leading.elementCount, Shape(leading.extents + [m, n]))
    // One matrix for all rows: a single product.
    if b.shape.rank == 2, !transposeA {
        return matmul(a.reshaped(to: [pairs * m, k]), b, transposeB: transposeB).reshaped(to: shape)
    }
    guard k > 0 else { return .zeros(shape) }
    let a = a.broadcast(to: Shape(leading.extents + aMatrix.extents))
    let b = b.broadcast(to: Shape(leading.extents + bMatrix.extents))
    var product = Tensor(uninitialized: shape)
    let c = SendablePointer(product.mutablePointer())
    Parallel.forEach(pairs) { index in
        // C[M, N] = op(A)[M, K] · op(B)[K, N] for one pair.
        gemm(
            a.pointer + index * m * k, leadingA: aMatrix[1], transposeA: transposeA,
            b.pointer + index * k * n, leadingB: bMatrix[1], transposeB: transposeB,
            into: c.pointer + index * m * n, leadingC: n, m: m, n: n, k: k)
    }
    return product
}

extension Shape {
    /// All axes but the last two.
    fileprivate var leading: Shape { Shape(Array(dropLast(2))) }
}

/// A pointer that pieces of parallel work share; each piece writes a part of its own.
struct SendablePointer<Element>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
    init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
}
