import CImageKernels
import Datasets
import TensorCore

/// One image on its way through the passes of its view, and the memory for it.
struct Canvas: ~Copyable {
    private let extent: ImageExtent
    private let pixels: UnsafeMutablePointer<UInt8>
    private let framed: UnsafeMutablePointer<UInt8>
    private let toned: UnsafeMutablePointer<Float>
    // What the three lie in, and what filters work in.
    private let memory, scratch: Scratch

    init(_ extent: ImageExtent) {
        self.extent = extent
        let frame = 2 * Int(RK_IMAGE_FRAME)
        let count = extent.height * extent.width * extent.channels
        let framedCount = (extent.height + frame) * (extent.width + frame) * extent.channels + 4
        memory = .take()
        scratch = .take()
        let tableCount = 256 * extent.channels
        var parts = memory.reserve(count, framedCount, tableCount * MemoryLayout<Float>.stride)
        pixels = parts.take(count, of: UInt8.self)
        framed = parts.take(framedCount, of: UInt8.self)
        toned = parts.take(tableCount, of: Float.self)
    }

    deinit {
        memory.giveBack()
        scratch.giveBack()
    }

    /// Writes the network input of an image: all passes, the last tones and the normalisation as one table.
    func render(
        _ view: View, of image: UnsafeBufferPointer<UInt8>, normalization: Normalization, table: [Float],
        into output: UnsafeMutablePointer<Float>
    ) {
        let area = extent.height * extent.width
        if case .tones(let tones) = view.passes.last {
            let last = run(view.passes.dropLast(), on: image, into: pixels)
            tones.writeTable(normalization, into: toned)
            rk_image_map_floats(last, toned, area, extent.channels, output)
        } else {
            let last = run(view.passes[...], on: image, into: pixels)
            rk_image_map_floats(last, table, area, extent.channels, output)
        }
    }

    /// Writes the bytes of an image after all passes.
    func render(_ view: View, of image: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>) {
        guard let last = run(view.passes[...], on: image, into: output), last != UnsafePointer(output) else { return }
        output.update(from: last, count: image.count)
    }

    /// Writes the labels of an image's pixels, one byte each, after all passes that move pixels; each label is read at the
    /// nearest pixel. The canvas has one channel.
    func renderLabels(
        _ view: View, of labels: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>
    ) {
        var current = labels.baseAddress
        for pass in view.passes {
            switch pass {
            case .warp(let warp): self.warp(warp, from: current, filter: RK_IMAGE_NEAREST, into: output)
            case .displace(let field): displace(field, from: current, filter: RK_IMAGE_NEAREST, into: output)
            default: continue
            }
            current = UnsafePointer(output)
        }
        if let current, current != UnsafePointer(output) { output.update(from: current, count: labels.count) }
    }

    /// Runs passes, and returns where their result is: in the output, or still in the image if there was none.
    private func run(
        _ passes: ArraySlice<View.Pass>, on image: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutablePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        let area = extent.height * extent.width
        var current = image.baseAddress
        for pass in passes {
            let source = current
            current = UnsafePointer(output)
            switch pass {
            case .warp(let warp):
                self.warp(warp, from: source, filter: RK_IMAGE_BILINEAR, into: output)
                continue
            case .displace(let displacement):
                displace(displacement, from: source, filter: RK_IMAGE_BILINEAR, into: output)
                continue
            case .tones(let tones):
                tones.withBytes(channels: extent.channels) {
                    rk_image_map_bytes(source, $0.baseAddress, area, extent.channels, output)
                }
                continue
            default: break
            }
            // The others work in place.
            if let source, source != UnsafePointer(output) { output.update(from: source, count: image.count) }
            switch pass {
            case .warp, .displace, .tones: break
            case .noise(let deviation, let stream):
                addNoise(to: output, count: image.count, deviation: deviation, stream)
            case .fill(let rows, let columns, let byte): fill(output, rows, columns, with: byte)
            case .color(let matrix): rk_image_mix_colours(output, area, extent.channels, matrix.kernelForm)
            case .filter(let filter): filter.apply(to: Pixels(base: output, extent: extent), using: scratch)
            }
        }
        return current
    }

    private func warp(
        _ warp: Warp, from source: UnsafePointer<UInt8>?, filter: rk_image_filter,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        let (height, width, channels) = (extent.height, extent.width, extent.channels)
        if let mirror = warp.mirror(extent), source != UnsafePointer(output) {
            rk_image_mirror(source, height, width, channels, mirror.sideways ? 1 : 0, mirror.upright ? 1 : 0, output)
            return
        }
        let border = frame(source, warp.border)
        if warp.isAffine {
            withUnsafePointer(to: warp.kernelForm) {
                rk_image_warp(framed, height, width, channels, border, filter, $0, output)
            }
        } else {
            withUnsafePointer(to: warp.projectiveForm) {
                rk_image_project(framed, height, width, channels, border, filter, $0, output)
            }
        }
    }

    private func displace(
        _ displacement: Displacement, from source: UnsafePointer<UInt8>?, filter: rk_image_filter,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        let border = frame(source, displacement.border)
        displacement.withField(extent, using: scratch) { right, down in
            rk_image_displace(
                framed, extent.height, extent.width, extent.channels, border, filter, right, down, output)
        }
    }

    /// Copies the source into the frame, and returns the border as kernels name it.
    private func frame(_ source: UnsafePointer<UInt8>?, _ border: ImageBorder?) -> rk_image_border {
        let border: rk_image_border =
            switch border {
            case .zero: RK_IMAGE_ZERO
            case .edge, nil: RK_IMAGE_EDGE
            case .reflect: RK_IMAGE_REFLECT
            }
        rk_image_add_frame(source, extent.height, extent.width, extent.channels, border, framed)
        return border
    }

    private func addNoise(
        to pixels: UnsafeMutablePointer<UInt8>, count: Int, deviation: Double, _ stream: RandomStream
    ) {
        let key = [UInt32(truncatingIfNeeded: stream.seed), UInt32(truncatingIfNeeded: stream.seed >> 32)]
        // Block 0 of the stream decided whether there is noise.
        let counter = [
            1, UInt32(truncatingIfNeeded: stream.operation), UInt32(truncatingIfNeeded: stream.sample),
            UInt32(truncatingIfNeeded: stream.epoch),
        ]
        rk_image_add_noise(pixels, count, Float(deviation * 255), key, counter)
    }

    private func fill(
        _ pixels: UnsafeMutablePointer<UInt8>, _ rows: Range<Int>, _ columns: Range<Int>, with byte: UInt8
    ) {
        for row in rows {
            let start = (row * extent.width + columns.lowerBound) * extent.channels
            (pixels + start).update(repeating: byte, count: columns.count * extent.channels)
        }
    }
}

/// A pointer that pieces of parallel work share; each writes its own part.
struct SharedPointer<Element>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
}
