import CKernels

extension ByteTensor {
    /// The sum of two tensors, in the output's steps.
    ///
    /// - Parameters:
    ///   - other: shape of self.
    ///   - inputs: what the bytes of self and of the other stand for.
    ///   - relu: whether negative values are cut.
    public func adding(
        _ other: ByteTensor, from inputs: (AffineQuantization, AffineQuantization), to output: AffineQuantization,
        relu: Bool = false, level: SIMDLevel = .active
    ) -> ByteTensor {
        paired("adding", other) { result in
            var pair = rk_integer_pair(
                inputs, (inputs.0.scale / output.scale, inputs.1.scale / output.scale), output, relu: relu)
            rk_integer_add(level.kernelForm, pointer, other.pointer, count, &pair, result)
        }
    }

    /// The product of two tensors, element by element, in the output's steps.
    ///
    /// - Parameters:
    ///   - other: shape of self.
    ///   - inputs: what the bytes of self and of the other stand for.
    public func multiplied(
        by other: ByteTensor, from inputs: (AffineQuantization, AffineQuantization), to output: AffineQuantization,
        level: SIMDLevel = .active
    ) -> ByteTensor {
        paired("multiplied", other) { result in
            var pair = rk_integer_pair(
                inputs, (inputs.0.scale * inputs.1.scale / output.scale, 0), output, relu: false)
            rk_integer_multiply(level.kernelForm, pointer, other.pointer, count, &pair, result)
        }
    }

    private func paired(
        _ operation: String, _ other: ByteTensor, _ kernel: (UnsafeMutablePointer<UInt8>) -> Void
    ) -> ByteTensor {
        require(shape == other.shape, "\(operation): shapes \(shape) and \(other.shape) differ")
        let result = ByteTensor(uninitialized: shape)
        kernel(result.pointer)
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
