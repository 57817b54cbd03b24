import CKernels

/// A uint8 convolution that Winograd's integer kernels can do: 3×3, stride 1, channels in eights, exact.
struct IntegerWinograd: Sendable {
    private let geometry: rk_winograd_geometry
    private let weights: [Int16]
    private let bias: [Int32]
    private let multipliers: [Float]
    private let zeroPoint: UInt8
    private let level: SIMDLevel

    /// - Parameters:
    ///   - weights: [3, 3, C, C'], -127 ... 127.
    ///   - bias: [C'], with what the input's zero point contributes.
    ///   - multipliers: [C'].
    init?(
        _ geometry: Conv2DGeometry, weights: [Int8], bias: [Int32], multipliers: [Float], zeroPoint: UInt8,
        level: SIMDLevel
    ) {
        let (channels, outputs) = (geometry.inputChannels, geometry.outputChannels)
        guard geometry.hasWinogradForm, rk_integer_winograd_fits(level.kernelForm, channels, outputs) != 0,
            Self.staysExact(weights, bias)
        else { return nil }
        self.geometry = geometry.winogradForm
        let size = rk_integer_winograd_weights_size(channels, outputs)
        self.weights = [Int16](unsafeUninitializedCapacity: size) { buffer, initialized in
            rk_integer_winograd_weights(weights, channels, outputs, buffer.baseAddress)
            initialized = size
        }
        (self.bias, self.multipliers, self.zeroPoint, self.level) = (bias, multipliers, zeroPoint, level)
    }

    /// Whether every sum is below 2²⁵, whatever the input: the kernels know sums modulo 2²⁶.
    private static func staysExact(_ weights: [Int8], _ bias: [Int32]) -> Bool {
        var (least, greatest) = (bias.map(Int.init), bias.map(Int.init))
        for (index, weight) in weights.enumerated() {
            let reach = 255 * Int(weight)
            if reach > 0 { greatest[index % bias.count] += reach } else { least[index % bias.count] += reach }
        }
        return greatest.allSatisfy { $0 < 1 << 25 } && least.allSatisfy { $0 > -1 << 25 }
    }

    /// Whether it takes less time than direct sums, for a batch or, with nil, for a large one.
    ///
    /// A patch takes the time of some pixels by direct sums, and reading the weights for a panel of patches that of
    /// some more: measured with 24 to 512 channels and outputs of 1×1 to 32×32. With VNNI, whose direct sums multiply
    /// bytes, the patches' transforms outweigh the rest below 24 channels.
    static func isFaster(_ geometry: Conv2DGeometry, batch: Int?, at level: SIMDLevel) -> Bool {
        let (channels, outputs) = (geometry.inputChannels, geometry.outputChannels)
        let hasVNNI = level == .avx512vnni
        if hasVNNI && (channels < 24 || outputs < 24) { return false }
        let tiles = ((geometry.outputHeight + 3) / 4) * ((geometry.outputWidth + 3) / 4)
        let patches = Double((batch ?? 1) * tiles)
        let panels = patches / Double(rk_integer_winograd_panel(channels))
        let taken = patches * (hasVNNI ? 5.6 : 3.5) + (batch == nil ? panels : panels.rounded(.up)) * (hasVNNI ? 20 : 7)
        return taken < Double((batch ?? 1) * geometry.outputPixels)
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - output: [N, H', W', C'], all of which is written.
    func forward(_ x: ByteTensor, _ epilogue: IntegerEpilogue, to output: ByteTensor) {
        Parallel.forEachRange(of: x.shape[0] * tiles, by: tilesPerPiece(batch: x.shape[0])) { range in
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

    /// Tiles that one thread takes at a time: of several images whole panels, and a few pieces a thread.
    private func tilesPerPiece(batch: Int) -> Int {
        if batch == 1 {
            let parts = partsOfIntegerImage(
                batch: 1, multiplyAdds: 36 * tiles * geometry.channels * geometry.output_channels, outputs: 0)
            return (tiles + parts - 1) / parts
        }
        let (pieces, panel) = (
            Parallel.threads == 1 ? 1 : 2 * Parallel.threads, rk_integer_winograd_panel(geometry.channels)
        )
        let even = (batch * tiles + pieces - 1) / pieces
        return max(1, (even + panel - 1) / panel) * panel
    }
}
