import CKernels

/// A tensor that is repeated along neighbouring axes of another: how sums and products of uint8 broadcast.
///
/// A factor for each channel, [N, 1, 1, C] beside [N, H, W, C], has N rows of C elements, each of which goes with H · W
/// rows of the larger tensor.
public struct RepeatedRows: Hashable, Sendable {
    /// Rows of the smaller tensor, rows of the larger one that each goes with, and the elements of a row.
    public let rows, repeats, length: Int
    /// Whether the first of the two is the smaller.
    public let repeatsFirst: Bool

    /// Nil where the axes that are repeated have others between them, or the ranks differ.
    public init?(_ first: Shape, _ second: Shape) {
        guard first.rank == second.rank else { return nil }
        repeatsFirst = zip(first, second).contains { $0 == 1 && $1 != 1 }
        let (smaller, larger) = repeatsFirst ? (first, second) : (second, first)
        let differing = smaller.indices.filter { smaller[$0] != larger[$0] }
        guard let first = differing.first, let last = differing.last else {
            (rows, repeats, length) = (1, 1, larger.elementCount)
            return
        }
        guard smaller[first...last].allSatisfy({ $0 == 1 }) else { return nil }
        rows = larger[..<first].reduce(1, *)
        repeats = larger[first...last].reduce(1, *)
        length = larger[(last + 1)...].reduce(1, *)
    }
}

extension ByteTensor {
    /// The sum of two tensors, in the output's steps.
    ///
    /// - Parameters:
    ///   - other: shape of self, or one of the two is repeated along the other as ``RepeatedRows``.
    ///   - inputs: what the bytes of self and of the other stand for.
    ///   - relu: whether negative values are cut.
    public func adding(
        _ other: ByteTensor, from inputs: (AffineQuantization, AffineQuantization), to output: AffineQuantization,
        relu: Bool = false, level: SIMDLevel = .active
    ) -> ByteTensor {
        let rows = repeatedRows("adding", other)
        guard !rows.repeatsFirst else {
            return other.adding(self, from: (inputs.1, inputs.0), to: output, relu: relu, level: level)
        }
        return paired(rows) { rows, result in
            var pair = rk_integer_pair(
                inputs, (inputs.0.scale / output.scale, inputs.1.scale / output.scale), output, relu: relu)
            rk_integer_add(level.kernelForm, pointer, other.pointer, rows, &pair, result)
        }
    }

    /// The product of two tensors, element by element, in the output's steps.
    ///
    /// - Parameters:
    ///   - other: shape of self, or one of the two is repeated along the other as ``RepeatedRows``.
    ///   - inputs: what the bytes of self and of the other stand for.
    public func multiplied(
        by other: ByteTensor, from inputs: (AffineQuantization, AffineQuantization), to output: AffineQuantization,
        level: SIMDLevel = .active
    ) -> ByteTensor {
        let rows = repeatedRows("multiplied", other)
        guard !rows.repeatsFirst else {
            return other.multiplied(by: self, from: (inputs.1, inputs.0), to: output, level: level)
        }
        return paired(rows) { rows, result in
            var pair = rk_integer_pair(
                inputs, (inputs.0.scale * inputs.1.scale / output.scale, 0), output, relu: false)
            rk_integer_multiply(level.kernelForm, pointer, other.pointer, rows, &pair, result)
        }
    }

    private func repeatedRows(_ operation: String, _ other: ByteTensor) -> RepeatedRows {
        guard let rows = RepeatedRows(shape, other.shape) else {
            fatalError("\(operation): shapes \(shape) and \(other.shape), none repeats along neighbouring axes")
        }
        return rows
    }

    private func paired(
        _ rows: RepeatedRows, _ kernel: (rk_repeated_rows, UnsafeMutablePointer<UInt8>) -> Void
    ) -> ByteTensor {
        let result = ByteTensor(uninitialized: shape)
        kernel(rk_repeated_rows(rows: rows.rows, repeats: rows.repeats, length: rows.length), result.pointer)
        return result
    }

    /// Every byte replaced by its entry in a table of 256: how any function of one number is computed in uint8.
    public func mapped(through table: [UInt8]) -> ByteTensor {
        require(table.count == 256, "mapped: table of \(table.count) entries, 256 expected")
        let result = ByteTensor(uninitialized: shape)
        let (from, to) = (pointer, result.pointer)
        table.withUnsafeBufferPointer { table in
            for index in 0..<count { to[index] = table[Int(from[index])] }
        }
        return result
    }

    /// Tensors one after another along the last axis; they agree in all others.
    public static func concatenated(_ parts: [ByteTensor], axis: Int) -> ByteTensor {
        let (shape, copies) = Shape.concatenation(of: parts.map(\.shape), axis: axis)
        let result = ByteTensor(uninitialized: shape)
        for copy in copies {
            (result.pointer + copy.to).update(from: parts[copy.part].pointer + copy.from, count: copy.count)
        }
        return result
    }
}

extension AffineQuantization {
    /// The table of a function of one number, from bytes of this meaning to bytes of another. NaN becomes the lowest
    /// byte.
    public func table(to output: AffineQuantization, _ function: (Float) -> Float) -> [UInt8] {
        let bounds = output.bounds(relu: false)
        return (0...255).map { byte in
            let value = function(scale * (Float(byte) - Float(zeroPoint))) / output.scale
            let steps = min(max(bounds.low, value), bounds.high).rounded(.toNearestOrEven)
            return UInt8(steps + Float(output.zeroPoint))
        }
    }
}

extension rk_integer_pair {
    fileprivate init(
        _ inputs: (AffineQuantization, AffineQuantization), _ multipliers: (Float, Float),
        _ output: AffineQuantization, relu: Bool
    ) {
        let bounds = output.bounds(relu: relu)
        self.init(
            x_multiplier: multipliers.0, y_multiplier: multipliers.1, x_zero: Int32(inputs.0.zeroPoint),
            y_zero: Int32(inputs.1.zeroPoint), low: bounds.low, high: bounds.high, zero: Int32(output.zeroPoint))
    }
}
