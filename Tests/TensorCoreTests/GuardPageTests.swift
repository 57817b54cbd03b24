import CKernels
import TensorCore
import Testing

// Every kernel with buffers that end at, or begin behind, a page that may not be touched: a read or write beside them
// is the end of the process. So each test has one of its own, which also has the SIMD level to itself.
@Suite struct GuardPageTests {
    @Test("A buffer's neighbours are really out of reach: one element too many ends the process")
    func guarded() async {
        for placement in [Placement.beforeGuard, .afterGuard] {
            // A process that a signal ends has failed; which one it is differs between systems.
            switch placement {
            case .beforeGuard:
                await #expect(processExitsWith: .failure) {
                    var sum = 0.0
                    rk_sum(Buffers(.beforeGuard).input(guardNumbers(16, 1)), 17, &sum)
                }
            default:
                await #expect(processExitsWith: .failure) {
                    let buffers = Buffers(.afterGuard)
                    rk_relu(buffers.input(guardNumbers(2, 1)), buffers.output(1) - 1, 2)
                }
            }
        }
        await #expect(processExitsWith: .failure) {
            let buffers = Buffers(.unaligned)
            rk_relu(buffers.input([1]), UnsafeMutablePointer(mutating: buffers.input([1])), 1)
        }
    }

    @Test("Resizing of bytes, of fewer and more rows and values than go together")
    func resizing() async {
        await #expect(processExitsWith: .success) {
            for (height, width, channels) in [(1, 1, 1), (16, 5, 3), (17, 70, 1), (35, 3, 4)] {
                expectStaysInside("resize of \(height)×\(width)×\(channels)") { buffers in
                    // Each new place is the mean of the first and the last old one.
                    func taps(_ old: Int, _ new: Int) -> rk_axis_taps {
                        rk_axis_taps(
                            count: new, starts: buffers.input((0...new).map { 2 * $0 }),
                            places: buffers.input((0..<2 * new).map { $0 % 2 == 0 ? 0 : old - 1 }),
                            weights: buffers.input([Float](repeating: 0.5, count: 2 * new)))
                    }
                    var (columns, rows) = (taps(width, 9), taps(height, 2))
                    rk_resize_bytes(
                        buffers.input([UInt8](repeating: 7, count: height * width * channels)), height, width, channels,
                        &columns, &rows,
                        buffers.workspace((height * 9 + Int(RK_RESIZE_ROWS) * width) * channels, of: Float.self),
                        buffers.output(2 * 9 * channels, of: UInt8.self))
                }
            }
        }
    }

    @Test("Elementwise maps, sums and checks")
    func elementwise() async {
        await #expect(processExitsWith: .success) {
            for n in guardTails {
                let (x, y) = (guardNumbers(n, 1), guardNumbers(n, 2))
                expectStaysInside("maps of \(n)") {
                    rk_add($0.input(x), $0.input(y), $0.output(n), n)
                    rk_subtract($0.input(x), $0.input(y), $0.output(n), n)
                    rk_multiply($0.input(x), $0.input(y), $0.output(n), n)
                    rk_divide($0.input(x), $0.input(y), $0.output(n), n)
                    rk_affine($0.input(x), 1.5, -0.25, $0.output(n), n)
                    rk_add_scaled($0.input(x), 1.5, $0.updated(y), n)
                    rk_relu($0.input(x), $0.output(n), n)
                    rk_relu_gradient($0.input(x), $0.input(y), $0.output(n), n)
                    rk_sum($0.input(x), n, $0.output(1, of: Double.self))
                    rk_finite($0.input(x), n, $0.output(1, of: Int32.self))
                    for rows in [0, 1, 3] {
                        rk_add_rows($0.input(x), $0.updated(guardNumbers(rows * n, 3)), rows, n)
                    }
                }
                expectStaysInside("maps of \(n) in place") {
                    let (a, b, c) = ($0.updated(x), $0.updated(x), $0.updated(x))
                    rk_add(a, $0.input(y), a, n)
                    rk_affine(b, 1.5, -0.25, b, n)
                    rk_relu(c, c, n)
                }
            }
        }
    }

    @Test("Functions of one number, and normalised rows")
    func functions() async {
        await #expect(processExitsWith: .success) {
            for n in guardTails {
                let (x, g) = (guardNumbers(n, 5), guardNumbers(n, 6))
                for kind in RK_EXP.rawValue...RK_HARD_SIGMOID.rawValue {
                    var function = rk_function(kind: rk_function_kind(kind), a: 0.3, b: 0.5)
                    expectStaysInside("function \(kind) of \(n)") {
                        rk_apply(&function, $0.input(x), $0.output(n), n)
                        rk_apply_gradient(&function, $0.input(g), $0.input(x), $0.output(n), n)
                        let inPlace = $0.updated(x)
                        rk_apply(&function, inPlace, inPlace, n)
                    }
                }
                for rows in [0, 1, 3] where n > 0 {
                    let (x, g) = (guardNumbers(rows * n, 5), guardNumbers(rows * n, 6))
                    expectStaysInside("\(rows) rows of \(n)") {
                        var norm = rk_row_normalization(
                            scale: $0.input(guardNumbers(n, 7)), shift: $0.input(guardNumbers(n, 8)), epsilon: 0.1,
                            centered: 1)
                        rk_row_norm(&norm, $0.input(x), $0.output(x.count), rows, n)
                        rk_row_norm_gradient(
                            &norm, $0.input(g), $0.input(x), $0.output(x.count), $0.output(x.count), rows, n)
                    }
                }
            }
        }
    }

    @Test("Rows of class scores")
    func softmax() async {
        await #expect(processExitsWith: .success) {
            for columns in guardTails where columns > 0 {
                for rows in [0, 1, 3] {
                    let x = guardNumbers(rows * columns, 4)
                    expectStaysInside("softmax of [\(rows), \(columns)]") {
                        rk_softmax($0.input(x), $0.output(x.count), rows, columns)
                        rk_log_softmax($0.input(x), $0.output(x.count), rows, columns)
                    }
                }
            }
        }
    }

    @Test("Optimisers")
    func optimizers() async {
        await #expect(processExitsWith: .success) {
            for n in guardTails {
                let (weights, state, gradient) = (guardNumbers(n, 5), guardNumbers(n, 6), guardNumbers(n, 7))
                let squares = state.map { $0 * $0 }
                expectStaysInside("steps of \(n)") {
                    for nesterov: Int32 in [0, 1] {
                        rk_sgd($0.updated(weights), $0.updated(state), $0.input(gradient), n, 0.1, 0.9, 0.01, nesterov)
                    }
                    var options = rk_adamw(
                        rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01, first_correction: 10,
                        second_correction: 1000)
                    rk_adamw_step(
                        $0.updated(weights), $0.updated(state), $0.updated(squares), $0.input(gradient), n, &options)
                }
            }
        }
    }

    @Test("Batch normalisation: statistics, forward and back, with and without residual and ReLU")
    func batchNorm() async {
        await #expect(processExitsWith: .success) {
            for (rows, channels) in shapes([0, 1, 2, 31, 33, 67], [1, 3, 7, 8, 15, 16, 17, 33, 40]) {
                let count = rows * channels
                let (x, g, residual) = (guardNumbers(count, 8), guardNumbers(count, 9), guardNumbers(count, 10))
                let perChannel = (11...15).map { guardNumbers(channels, $0) }
                expectStaysInside("statistics of [\(rows), \(channels)]") {
                    rk_channel_sums($0.input(x), rows, channels, $0.output(channels, of: Double.self))
                    rk_channel_squares(
                        $0.input(x), $0.input(perChannel[0]), rows, channels, $0.output(channels, of: Double.self))
                }
                for (relu, hasResidual) in [(0, false), (1, false), (0, true), (1, true)] {
                    expectStaysInside("norm of [\(rows), \(channels)], ReLU \(relu), residual \(hasResidual)") {
                        var norm = rk_batch_norm(
                            x: $0.input(x), residual: hasResidual ? $0.input(residual) : nil,
                            mean: $0.input(perChannel[0]), factor: $0.input(perChannel[1]),
                            shift: $0.input(perChannel[2]), relu: Int32(relu))
                        rk_batch_norm_forward(&norm, $0.output(count), rows, channels)
                        rk_batch_norm_sums(
                            $0.input(g), &norm, rows, channels, $0.output(channels, of: Double.self),
                            $0.output(channels, of: Double.self))
                        rk_batch_norm_gradient(
                            $0.input(g), &norm, $0.input(perChannel[0]), $0.input(perChannel[3]),
                            $0.input(perChannel[4]), $0.output(count), hasResidual ? $0.output(count) : nil, rows,
                            channels)
                    }
                    expectStaysInside("norm of [\(rows), \(channels)] in place, ReLU \(relu), residual \(hasResidual)")
                    {
                        let (y, upstream) = ($0.updated(x), $0.updated(g))
                        var norm = rk_batch_norm(
                            x: $0.input(x), residual: hasResidual ? $0.input(residual) : nil,
                            mean: $0.input(perChannel[0]), factor: $0.input(perChannel[1]),
                            shift: $0.input(perChannel[2]), relu: Int32(relu))
                        rk_batch_norm_gradient(
                            upstream, &norm, $0.input(perChannel[0]), $0.input(perChannel[3]),
                            $0.input(perChannel[4]), upstream, hasResidual ? $0.output(count) : nil, rows, channels)
                        norm.x = UnsafePointer(y)
                        rk_batch_norm_forward(&norm, y, rows, channels)
                    }
                }
            }
        }
    }

    @Test(
        "Pooling, its gradients, and patches: windows that overlap, hang over, cover the image once, or are one pixel")
    func windows() async {
        await #expect(processExitsWith: .success) {
            for (size, channels) in shapes([(1, 1), (2, 3), (4, 4), (5, 7)], [1, 3, 8, 16, 17, 33]) {
                for window in [(1, 1), (2, 2), (3, 3), (3, 2)] {
                    for (stride, padding) in shapes([(1, 1), window, (2, 1)], [0, 1, 2]) {
                        guard padding < min(window.0, window.1), size.0 + 2 * padding >= window.0,
                            size.1 + 2 * padding >= window.1
                        else { continue }
                        let pool = WindowCase(size, channels, window, stride, padding)
                        expectStaysInside("pooling \(size) × \(channels) by \(window), \(stride), \(padding)") {
                            pool.callPooling($0)
                        }
                    }
                }
                for (kernel, dilation) in [((1, 1), 1), ((3, 3), 1), ((3, 3), 2), ((2, 5), 1)] {
                    for (stride, padding) in shapes([(1, 1), (2, 3)], [0, 1, 2]) {
                        let span = ((kernel.0 - 1) * dilation + 1, (kernel.1 - 1) * dilation + 1)
                        guard size.0 + 2 * padding >= span.0, size.1 + 2 * padding >= span.1 else { continue }
                        // One group of two, the second; and all channels.
                        for groups in [1, 2] {
                            let patches = WindowCase(size, channels, kernel, stride, padding, dilation, groups)
                            expectStaysInside("patches of \(size) × \(channels) by \(kernel), \(stride), \(padding)") {
                                patches.callPatches($0)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every pair of two lists.
func shapes<A, B>(_ first: [A], _ second: [B]) -> [(A, B)] { first.flatMap { a in second.map { (a, $0) } } }

/// A window over an image of `groups` times as many channels as it takes, the last of them.
private struct WindowCase {
    private var geometry: rk_patch_geometry
    private let image: [Float]
    private let firstChannel: Int

    init(
        _ size: (Int, Int), _ channels: Int, _ window: (Int, Int), _ stride: (Int, Int), _ padding: Int,
        _ dilation: Int = 1, _ groups: Int = 1
    ) {
        let span = ((window.0 - 1) * dilation + 1, (window.1 - 1) * dilation + 1)
        geometry = rk_patch_geometry(
            input_height: size.0, input_width: size.1, pixel_stride: groups * channels, channels: channels,
            kernel_height: window.0, kernel_width: window.1, stride_height: stride.0, stride_width: stride.1,
            padding_top: padding, padding_left: padding, padding_bottom: padding, padding_right: padding,
            dilation_height: dilation, dilation_width: dilation,
            output_height: (size.0 + 2 * padding - span.0) / stride.0 + 1,
            output_width: (size.1 + 2 * padding - span.1) / stride.1 + 1)
        image = guardNumbers(size.0 * size.1 * groups * channels, 16)
        firstChannel = (groups - 1) * channels
    }

    private var outputs: Int { geometry.output_height * geometry.output_width * geometry.channels }

    func callPooling(_ buffers: Buffers) {
        var g = geometry
        let upstream = guardNumbers(outputs, 17)
        let argmax = buffers.output(outputs, of: UInt16.self)
        rk_max_pool(buffers.input(image), &g, buffers.output(outputs), argmax)
        let taps = Array(UnsafeBufferPointer(start: argmax, count: outputs))
        rk_max_pool_gradient(buffers.input(upstream), buffers.input(taps), &g, buffers.output(image.count))
        for countsPadding: Int32 in [0, 1] {
            rk_average_pool(buffers.input(image), &g, countsPadding, buffers.output(outputs))
            rk_average_pool_gradient(buffers.input(upstream), &g, countsPadding, buffers.output(image.count))
        }
    }

    func callPatches(_ buffers: Buffers) {
        var g = geometry
        let count = outputs * g.kernel_height * g.kernel_width
        rk_im2col(buffers.input(image) + firstChannel, &g, buffers.output(count))
        rk_col2im(buffers.input(guardNumbers(count, 18)), &g, buffers.updated(image) + firstChannel)
    }
}
