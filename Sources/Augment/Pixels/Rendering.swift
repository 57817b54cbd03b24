import CImageKernels
import Datasets
import TensorCore

/// One image on its way through the passes of its view, and the memory for it.
struct Canvas: ~Copyable {
    private let extent: ImageExtent
    private let pixels: UnsafeMutableBufferPointer<UInt8>
    private let framed: UnsafeMutableBufferPointer<UInt8>
    private let scratch: Scratch

    init(_ extent: ImageExtent) {
        self.extent = extent
        let frame = 2 * Int(RK_IMAGE_FRAME)
        pixels = .allocate(capacity: extent.height * extent.width * extent.channels)
        framed = .allocate(capacity: (extent.height + frame) * (extent.width + frame) * extent.channels + 4)
        scratch = .take()
    }

    deinit {
        pixels.deallocate()
        framed.deallocate()
        scratch.giveBack()
    }

    /// Writes the network input of an image: all passes, the last tones and the normalisation as one table.
    func render(
        _ view: View, of image: UnsafeBufferPointer<UInt8>, normalization: Normalization, table: [Float],
        into output: UnsafeMutablePointer<Float>
    ) {
        var passes = view.passes[...]
        var table = table
        if case .tones(let tones) = passes.last {
            table = tones.table(normalization)
            passes.removeLast()
        }
        run(passes, on: image)
        rk_image_map_floats(
            pixels.baseAddress, table, extent.height * extent.width, extent.channels, output)
    }

    /// Writes the bytes of an image after all passes.
    func render(_ view: View, of image: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>) {
        run(view.passes[...], on: image)
        output.update(from: UnsafePointer(pixels.baseAddress ?? output), count: pixels.count)
    }

    private func run(_ passes: ArraySlice<View.Pass>, on image: UnsafeBufferPointer<UInt8>) {
        _ = pixels.update(fromContentsOf: image)
        for pass in passes {
            switch pass {
            case .warp(let warp): self.warp(warp)
            case .tones(let tones):
                rk_image_map_bytes(
                    pixels.baseAddress, tones.bytes(channels: extent.channels), extent.height * extent.width,
                    extent.channels, pixels.baseAddress)
            case .noise(let deviation, let stream): addNoise(deviation: deviation, stream)
            case .fill(let rows, let columns, let byte): fill(rows, columns, with: byte)
            case .color(let matrix):
                rk_image_mix_colours(
                    pixels.baseAddress, extent.height * extent.width, extent.channels, matrix.kernelForm)
            case .filter(let filter):
                guard let base = pixels.baseAddress else { continue }
                filter.apply(to: Pixels(base: base, extent: extent), using: scratch)
            }
        }
    }

    private func warp(_ warp: Warp) {
        let (height, width, channels) = (extent.height, extent.width, extent.channels)
        let border: rk_image_border =
            switch warp.border {
            case .zero: RK_IMAGE_ZERO
            case .edge, nil: RK_IMAGE_EDGE
            case .reflect: RK_IMAGE_REFLECT
            }
        rk_image_add_frame(pixels.baseAddress, height, width, channels, border, framed.baseAddress)
        withUnsafePointer(to: warp.kernelForm) {
            rk_image_warp(framed.baseAddress, height, width, channels, border, $0, pixels.baseAddress)
        }
    }

    private func addNoise(deviation: Double, _ stream: RandomStream) {
        let key = [UInt32(truncatingIfNeeded: stream.seed), UInt32(truncatingIfNeeded: stream.seed >> 32)]
        // Block 0 of the stream decided whether there is noise.
        let counter = [
            1, UInt32(truncatingIfNeeded: stream.operation), UInt32(truncatingIfNeeded: stream.sample),
            UInt32(truncatingIfNeeded: stream.epoch),
        ]
        rk_image_add_noise(pixels.baseAddress, pixels.count, Float(deviation * 255), key, counter)
    }

    private func fill(_ rows: Range<Int>, _ columns: Range<Int>, with byte: UInt8) {
        for row in rows {
            let start = (row * extent.width + columns.lowerBound) * extent.channels
            let end = start + columns.count * extent.channels
            pixels[start..<end].update(repeating: byte)
        }
    }
}

/// A pointer that pieces of parallel work share; each writes its own part.
struct SharedPointer<Element>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
}
