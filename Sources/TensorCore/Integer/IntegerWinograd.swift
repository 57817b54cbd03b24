import CKernels

/// A convolution on bytes that Winograd's integer kernels can do: 3×3, stride 1, whole blocks of channels, exact.
struct IntegerWinograd: Sendable {
    private let geometry: rk_winograd_geometry
    private let weights: [Int16]

    /// - Parameter weights: [3, 3, C, C'], -127 ... 127.
    init?(_ geometry: Conv2DGeometry, weights: [Int8]) {
        let (channels, outputs) = (geometry.inputChannels, geometry.outputChannels)
        guard geometry.hasWinogradForm,
            rk_integer_winograd_fits(SIMDLevel.detected.kernelForm, channels, outputs) != 0,
            Self.staysExact(weights, outputs)
        else { return nil }
        self.geometry = geometry.winogradForm
        let size = 36 * channels * outputs
        self.weights = [Int16](unsafeUninitializedCapacity: size) { buffer, initialized in
            rk_integer_winograd_weights(weights, channels, outputs, buffer.baseAddress)
            initialized = size
        }
    }

    /// Whether every sum of a channel is below 2²⁵, whatever the input: the kernels know sums modulo 2²⁶.
    private static func staysExact(_ weights: [Int8], _ outputs: Int) -> Bool {
        var reach = [Int](repeating: 0, count: outputs)
        for (index, weight) in weights.enumerated() { reach[index % outputs] += 255 * abs(Int(weight)) }
        return reach.allSatisfy { $0 < 1 << 25 }
    }

    /// Whether a level is faster this way than by direct sums. Measured: where bytes are multiplied four at a time, a
    /// quarter of the multiplications in 16 bits makes up for the patches' transforms from 32 channels on.
    func isFaster(at level: SIMDLevel) -> Bool {
        switch level {
        case .avx512vnni: geometry.channels >= 32 && geometry.output_channels >= 32
        case .avx512, .avx2: true
        case .scalar, .neon: false
        }
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - bias: [C'], with what the input's zero point contributes.
    ///   - multipliers: [C'].
    ///   - output: [N, H', W', C'], all of which is written.
    func forward(
        _ x: ByteTensor, zeroPoint: UInt8, bias: [Int32], multipliers: [Float], _ epilogue: IntegerEpilogue,
        level: SIMDLevel, to output: ByteTensor
    ) {
        let parts = partsOfIntegerImage(
            batch: x.shape[0], multiplyAdds: 36 * tiles * geometry.channels * geometry.output_channels, outputs: 0)
        Parallel.forEachRange(
            of: x.shape[0] * tiles, by: parts > 1 ? (tiles + parts - 1) / parts : imagesPerPiece * tiles
        ) { range in
            var call = rk_integer_winograd(
                geometry: geometry, input: x.pointer, weights: nil, bias: nil, input_zero: zeroPoint)
            let size = rk_integer_winograd_workspace(&call.geometry)
            let workspace = ByteStorage(count: MemoryLayout<Int32>.size * size)
            let integers = UnsafeMutableRawPointer(workspace.base).bindMemory(to: Int32.self, capacity: size)
            weights.withUnsafeBufferPointer { weights in
                bias.withUnsafeBufferPointer { bias in
                    (call.weights, call.bias) = (weights.baseAddress, bias.baseAddress)
                    epilogue.withKernelForm(multipliers) {
                        rk_integer_winograd_to_bytes(
                            level.kernelForm, &call, range.lowerBound, range.count, $0, output.pointer, integers)
                    }
                }
            }
            withExtendedLifetime(workspace) {}
        }
    }

    /// Patches of 4×4 pixels of one image's result.
    private var tiles: Int { withUnsafePointer(to: geometry) { rk_winograd_tiles($0) } }

    /// Enough for a panel of patches.
    private var imagesPerPiece: Int { max(1, 12 / max(1, tiles)) }
}
