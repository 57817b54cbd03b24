import TensorCore

extension Variable {
    /// The maximum of each window; its gradient goes to the pixel that was the maximum.
    ///
    /// - Returns: [N, H', W', C]; self has shape [N, H, W, C].
    public func maxPooled(_ geometry: Pool2DGeometry) -> Variable {
        let (output, argmax) = maxPool2D(value, geometry)
        return tape.record(.maxPool2D(geometry), output, from: self) { maxPool2DGradient($0, argmax, geometry) }
    }

    /// The mean of each window; its gradient is spread evenly.
    ///
    /// - Returns: [N, H', W', C]; self has shape [N, H, W, C].
    public func averagePooled(_ geometry: Pool2DGeometry) -> Variable {
        tape.record(.averagePool2D(geometry), averagePool2D(value, geometry), from: self) {
            averagePool2DGradient($0, geometry)
        }
    }

    /// The mean over height and width.
    ///
    /// - Returns: [N, C]; self has shape [N, H, W, C].
    public func globalAveragePooled() -> Variable {
        let shape = value.shape
        return tape.record(.globalAveragePool, globalAverage(value), from: self) {
            globalAverageGradient($0, to: shape)
        }
    }
}
