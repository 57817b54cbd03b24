import COpenBLAS

/// A row-major matrix of Double on its way into and out of LAPACK.
///
/// Double because these matrices are small and may be ill-conditioned: results are good to single precision where a
/// factorisation in single precision would lose half of its digits.
struct LAPACKMatrix {
    let rows, columns: Int
    var elements: [Double]

    init(zeros rows: Int, _ columns: Int) {
        (self.rows, self.columns) = (rows, columns)
        elements = [Double](repeating: 0, count: rows * columns)
    }

    /// - Throws: ``LinearAlgebraError/notFinite(operation:shape:)``.
    init(_ tensor: Tensor, for operation: String) throws(LinearAlgebraError) {
        (rows, columns) = tensor.shape.matrix(for: operation)
        require(rows > 0 && columns > 0, "\(operation): matrix \(tensor.shape), 1×1 or larger expected")
        require(
            max(rows, columns) <= Int32.max,
            "\(operation): matrix \(tensor.shape), at most \(Int32.max) rows and columns expected")
        guard tensor.isFinite else { throw .notFinite(operation: operation, shape: tensor.shape) }
        elements = tensor.scalars.map(Double.init)
    }

    /// A square matrix; any other shape stops the program.
    init(square tensor: Tensor, for operation: String) throws(LinearAlgebraError) {
        try self.init(tensor, for: operation)
        require(rows == columns, "\(operation): matrix \(tensor.shape), a square one expected")
    }

    subscript(row: Int, column: Int) -> Double {
        get { elements[row * columns + column] }
        set { elements[row * columns + column] = newValue }
    }

    /// The first columns, or all, as a tensor.
    func tensor(columns count: Int? = nil) -> Tensor {
        let count = count ?? columns
        return Tensor(
            (0..<rows).flatMap { row in (0..<count).map { Float(self[row, $0]) } }, shape: [rows, count])
    }

    // LAPACK's one-letter options.
    static let lower = CChar(bitPattern: UInt8(ascii: "L"))
    static let withVectors = CChar(bitPattern: UInt8(ascii: "V"))
    static let asItIs = CChar(bitPattern: UInt8(ascii: "N"))
    static let reduced = CChar(bitPattern: UInt8(ascii: "S"))

    /// Calls a LAPACK routine, single-threaded as all BLAS work, and returns what it reports: 0 or a positive number.
    static func call(_ operation: String, _ routine: () -> Int32) -> Int {
        holdBLASToOneThread()
        let info = Int(routine())
        require(info >= 0, "\(operation): LAPACK reports \(info): no memory for its workspace, or a wrong argument")
        return info
    }
}
