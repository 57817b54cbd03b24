import TensorCore
import TestSupport
import Testing

@Suite struct LinearAlgebraTests {
    static let shapes: [Shape] = [[1, 1], [2, 2], [5, 3], [3, 5], [7, 1], [1, 7], [17, 17], [40, 9], [9, 40]]

    private func draw(_ shape: Shape, _ sample: Int = 0) -> Tensor {
        var random = Philox(seed: 101, sample: sample)
        return Tensor(normal: shape, using: &random)
    }

    /// A product in Double.
    private func product(_ a: Tensor, _ b: Tensor) -> DoubleArray {
        let columns = DoubleArray(b).columns
        return DoubleArray(
            DoubleArray(a).rows.flatMap { row in columns.map { zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 } } },
            shape: [a.shape[0], b.shape[1]])
    }

    private func identity(_ n: Int) -> Tensor {
        Tensor((0..<n * n).map { $0 / n == $0 % n ? 1 : 0 }, shape: [n, n])
    }

    /// Off by rounding of the factors to Float32 alone: LAPACK works in Double here.
    private let bound = 40 * 6.0 * 0x1p-24

    private func isOrthonormal(_ columns: Tensor) -> Bool {
        identity(columns.shape[1]).distance(to: product(columns.transposed(), columns)) < bound
    }

    private func symmetric(_ n: Int) -> Tensor {
        let a = draw([n, n])
        return (a + a.transposed()) * 0.5
    }

    @Test("QR: the product, orthonormal columns, a triangle with a diagonal that is not negative", arguments: shapes)
    func qrFactors(shape: Shape) throws {
        let a = draw(shape)
        let (q, r) = try qr(a)
        let k = min(shape[0], shape[1])
        #expect(q.shape == [shape[0], k] && r.shape == [k, shape[1]])
        #expect(a.distance(to: product(q, r)) < bound && isOrthonormal(q))
        for row in 0..<k {
            #expect(r[row, row] >= 0)
            for column in 0..<row { #expect(r[row, column] == 0) }
        }
    }

    @Test("QR of a matrix with dependent columns, and of zeros, is still a QR")
    func qrSingular() throws {
        for a in [Tensor.zeros([3, 2]), Tensor([1, 2, 2, 4, 3, 6], shape: [3, 2])] {
            let (q, r) = try qr(a)
            #expect(a.distance(to: product(q, r)) < bound && isOrthonormal(q))
        }
    }

    @Test(
        "Symmetric eigenvalues ascend; their vectors are orthonormal and diagonalise", arguments: [1, 2, 3, 8, 17, 33])
    func eigen(n: Int) throws {
        let a = symmetric(n)
        let (values, vectors) = try eigh(a)
        #expect(values.scalars == values.scalars.sorted() && isOrthonormal(vectors))
        let scaled = vectors * values.reshaped(to: [1, n])
        #expect(scaled.distance(to: product(a, vectors)) < bound * 10)
    }

    @Test("Eigenvalues by hand: [2 1; 1 2] has 1 and 3; the upper triangle is not read")
    func eigenByHand() throws {
        let (values, vectors) = try eigh(Tensor([2, 99, 1, 2], shape: [2, 2]))
        #expect(values.distance(to: DoubleArray([1, 3], shape: [2])) < 1e-6)
        #expect(abs(vectors[0, 1] - vectors[1, 1]) < 1e-6 && abs(vectors[0, 0] + vectors[1, 0]) < 1e-6)
    }

    @Test(
        "Least squares: the residual is orthogonal to the columns; of a wide matrix the shortest exact solution",
        arguments: shapes)
    func leastSquares(shape: Shape) throws {
        let (m, n) = (shape[0], shape[1])
        let (a, b) = (draw(shape), draw([m, 2], 1))
        let x = try lstsq(a, b)
        #expect(x.shape == [n, 2])
        // Normal equations aᵀ (a x − b) = 0; and x in the row space of a: x = aᵀ y, checked through the projection.
        let residual = zip(product(a, x).values, b.scalars).map { Float($0 - Double($1)) }
        let slope = product(a.transposed(), Tensor(residual, shape: b.shape))
        #expect(slope.magnitude < 1e-3 * max(1, DoubleArray(x).magnitude))
        if m < n {
            let projected = Tensor(
                product(try lstsq(a.transposed(), x), .ones([2, 1])).values.map { Float($0) }, shape: [m, 1])
            let back = product(a.transposed(), projected)
            let sum = zip(DoubleArray(x).rows, back.values).map { row, other in row[0] + row[1] - other }
            #expect(sum.allSatisfy { abs($0) < 1e-4 })
        }
    }

    @Test("Singular values descend, are not negative, and their vectors give the matrix back", arguments: shapes)
    func singularValues(shape: Shape) throws {
        let a = draw(shape)
        let (u, s, vTransposed) = try svd(a)
        let k = min(shape[0], shape[1])
        #expect(u.shape == [shape[0], k] && s.shape == [k] && vTransposed.shape == [k, shape[1]])
        #expect(s.scalars == s.scalars.sorted(by: >) && (s.scalars.last ?? -1) >= 0)
        #expect(isOrthonormal(u) && isOrthonormal(vTransposed.transposed()))
        #expect(a.distance(to: product(u * s.reshaped(to: [1, k]), vTransposed)) < bound * 10)
        // Σ s² is the squared Frobenius norm.
        func squares(_ tensor: Tensor) -> Double { DoubleArray(tensor).values.reduce(0) { $0 + $1 * $1 } }
        #expect(abs(squares(s) - squares(a)) < 1e-4 * squares(a))
    }

    @Test("A matrix of rank 1 has one singular value")
    func rankOne() throws {
        let (_, s, _) = try svd(Tensor([3, 6, 4, 8], shape: [2, 2]))
        #expect(s.distance(to: DoubleArray([11.18034, 0], shape: [2])) < 1e-5)  // √125
    }

    @Test("Cholesky: a lower triangle with a positive diagonal, times its transpose", arguments: [1, 2, 3, 8, 17, 33])
    func choleskyFactor(n: Int) throws {
        let root = draw([n, n])
        let a = matmul(root, root, transposeB: true) + identity(n)
        let l = try cholesky(a)
        #expect(a.distance(to: product(l, l.transposed())) < bound * DoubleArray(a).magnitude)
        for row in 0..<n {
            #expect(l[row, row] > 0)
            for column in (row + 1)..<n { #expect(l[row, column] == 0) }
        }
    }

    @Test(
        "A positive definite matrix times its solution is the right-hand side",
        arguments: [(1, 1), (3, 2), (17, 5), (33, 40)])
    func choleskySolution(n: Int, k: Int) throws {
        let root = draw([n, n])
        let a = matmul(root, root, transposeB: true) + identity(n)
        let b = draw([n, k])
        let x = try choleskySolve(a, b)
        #expect(x.shape == [n, k])
        #expect(
            b.distance(to: product(a, x)) < 20 * bound * DoubleArray(a).magnitude * max(1, DoubleArray(x).magnitude))
        let error = #expect(throws: LinearAlgebraError.self) { try choleskySolve(identity(n) * -1, b) }
        #expect(error == .notPositiveDefinite(operation: "choleskySolve", minor: 1))
        #expect(throws: LinearAlgebraError.notFinite(operation: "choleskySolve", shape: [n, k])) {
            try choleskySolve(a, b * .nan)
        }
    }

    @Test("What LAPACK reports is an error with its reason")
    func errors() throws {
        let indefinite = Tensor([1, 0, 0, 0, 1, 0, 0, 0, -1], shape: [3, 3])
        var error = #expect(throws: LinearAlgebraError.self) { try cholesky(indefinite) }
        #expect(error == .notPositiveDefinite(operation: "cholesky", minor: 3))
        #expect(error?.description == "cholesky: the leading 3×3 block is not positive definite")
        error = #expect(throws: LinearAlgebraError.self) { try cholesky(.zeros([2, 2])) }
        #expect(error == .notPositiveDefinite(operation: "cholesky", minor: 1))

        // A column of zeros, one that repeats another with rounding, and a row that does in a wide matrix.
        error = #expect(throws: LinearAlgebraError.self) { try lstsq(.zeros([3, 2]), .ones([3, 1])) }
        #expect(error == .rankDeficient(operation: "lstsq", index: 0, shape: [3, 2]))
        let a = draw([5, 2])
        let repeated = Tensor.concatenated([a, a * 0.5], axis: 1)
        error = #expect(throws: LinearAlgebraError.self) { try lstsq(repeated, .ones([5, 1])) }
        #expect(error?.description == "lstsq: column 2 of a matrix [5, 4] depends on those before")
        error = #expect(throws: LinearAlgebraError.self) { try lstsq(repeated.transposed(), .ones([4, 1])) }
        #expect(error?.description == "lstsq: row 2 of a matrix [4, 5] depends on those before")

        for bad in [Float.nan, .infinity] {
            let broken = Tensor([1, 2, bad, 4], shape: [2, 2])
            func expectNotFinite<R>(_ operation: String, _ body: () throws -> R) {
                let error = #expect(throws: LinearAlgebraError.self) { _ = try body() }
                #expect(error == .notFinite(operation: operation, shape: [2, 2]))
            }
            expectNotFinite("qr") { try qr(broken) }
            expectNotFinite("eigh") { try eigh(broken) }
            expectNotFinite("svd") { try svd(broken) }
            expectNotFinite("cholesky") { try cholesky(broken) }
            expectNotFinite("lstsq") { try lstsq(broken, .ones([2, 1])) }
            expectNotFinite("lstsq") { try lstsq(.ones([2, 1]), broken) }
        }
        #expect(
            LinearAlgebraError.didNotConverge(operation: "svd", remaining: 2).description
                == "svd: 2 values did not converge")
        #expect(
            LinearAlgebraError.notFinite(operation: "qr", shape: [1, 2]).description
                == "qr: a matrix [1, 2] with a NaN or an infinity")
    }

    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test("Matrices of the wrong shape stop the program with the shape")
    func refusals() async {
        let square = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try cholesky(.ones([2, 3]))
        }
        #expect(text(square).contains("cholesky: matrix [2, 3], a square one"))
        let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try lstsq(.ones([2, 3]), .ones([3, 1]))
        }
        #expect(text(rows).contains("[2, 3] has 2 rows, right-hand side [3, 1] has 3"))
        let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try svd(.ones([0, 3]))
        }
        #expect(text(empty).contains("svd: matrix [0, 3], 1×1 or larger"))
    }
}
