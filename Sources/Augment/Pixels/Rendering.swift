import CImageKernels
import Datasets
import TensorCore

/// One image on its way through the passes of its view, and the memory for it.
struct Canvas: ~Copyable {
    /// Of the view. The image may have others, see ``View/source``.
    private let extent: ImageExtent
    /// For the image between passes, for its copy with a frame, and for filters.
    private let pixels, framed, scratch: Scratch

    init(_ extent: ImageExtent) {
        self.extent = extent
        (pixels, framed, scratch) = (.take(), .take(), .take())
    }

    deinit {
        // The next canvas takes them in the same roles.
        scratch.giveBack()
        framed.giveBack()
        pixels.giveBack()
    }

    /// Writes the network input of an image: all passes, the last tones and the normalisation as one table.
    func render(
        _ view: View, of image: UnsafeBufferPointer<UInt8>, normalization: Normalization, table: [Float],
        into output: UnsafeMutablePointer<Float>
    ) {
        let area = extent.height * extent.width
        let tableCount = 256 * extent.channels
        var memory = pixels.reserve(extent.count, tableCount * MemoryLayout<Float>.stride)
        let bytes = memory.take(extent.count, of: UInt8.self)
        if case .tones(let tones) = view.passes.last {
            let last = run(view.passes.dropLast(), on: image, of: view.source, into: bytes)
            let toned = memory.take(tableCount, of: Float.self)
            tones.writeTable(normalization, into: toned)
            rk_image_map_floats(last, toned, area, extent.channels, output)
        } else {
            let last = run(view.passes[...], on: image, of: view.source, into: bytes)
            rk_image_map_floats(last, table, area, extent.channels, output)
        }
    }

    /// Writes the bytes of an image after all passes.
    func render(_ view: View, of image: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>) {
        guard let last = run(view.passes[...], on: image, of: view.source, into: output), last != UnsafePointer(output)
        else { return }
        output.update(from: last, count: image.count)
    }

    /// Writes the labels of an image's pixels, one byte each, after all passes that move pixels; each label is read at
    /// the nearest pixel. The canvas has one channel.
    ///
    /// - Parameter filler: the label of pixels that are uncovered or covered; nil for 0 and their own.
    func renderLabels(
        _ view: View, of labels: UnsafeBufferPointer<UInt8>, filling filler: UInt8?,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        guard let filler, filler != 0 else {
            return moveLabels(view, of: labels, covering: filler != nil, into: output)
        }
        // Beyond the edges lies 0: during the passes the filler and 0 change places.
        labels.map { $0 ^ filler }.withUnsafeBufferPointer { moveLabels(view, of: $0, covering: true, into: output) }
        for place in 0..<extent.count { output[place] ^= filler }
    }

    /// - Parameter isCovering: whether pixels that are covered become 0.
    private func moveLabels(
        _ view: View, of labels: UnsafeBufferPointer<UInt8>, covering isCovering: Bool,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        var current = labels.baseAddress
        var size = view.source.map { ImageExtent(height: $0.height, width: $0.width, channels: 1) } ?? extent
        for pass in view.passes {
            var covered: (rows: Range<Int>, columns: Range<Int>)?
            switch pass {
            case .warp(let warp): self.warp(warp, from: current, of: size, filter: RK_IMAGE_NEAREST, into: output)
            case .displace(let field): displace(field, from: current, filter: RK_IMAGE_NEAREST, into: output)
            case .fill(let rows, let columns, _): covered = (rows, columns)
            case .filter(let filter): covered = filter.covered
            // These leave things where they are.
            case .tones, .noise, .color: continue
            }
            switch pass {
            case .fill, .filter:
                guard isCovering, let covered else { continue }
                if let current, current != UnsafePointer(output) { output.update(from: current, count: extent.count) }
                fill(output, covered.rows, covered.columns, with: 0)
            default: break
            }
            current = UnsafePointer(output)
            size = extent
        }
        if let current, current != UnsafePointer(output) { output.update(from: current, count: extent.count) }
    }

    /// Runs passes, and returns where their result is: in the output, or still in the image if there was none.
    private func run(
        _ passes: ArraySlice<View.Pass>, on image: UnsafeBufferPointer<UInt8>, of source: ImageExtent?,
        into output: UnsafeMutablePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        let area = extent.height * extent.width
        var current = image.baseAddress
        var size = source ?? extent
        for pass in passes {
            let source = current
            current = UnsafePointer(output)
            switch pass {
            case .warp(let warp):
                self.warp(warp, from: source, of: size, filter: RK_IMAGE_BILINEAR, into: output)
                size = extent
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
            if let source, source != UnsafePointer(output) { output.update(from: source, count: extent.count) }
            switch pass {
            case .warp, .displace, .tones: break
            case .noise(let deviation, let stream):
                addNoise(to: output, count: extent.count, deviation: deviation, stream)
            case .fill(let rows, let columns, let byte): fill(output, rows, columns, with: byte)
            case .color(let matrix): rk_image_mix_colours(output, area, extent.channels, matrix.kernelForm)
            case .filter(let filter): filter.apply(to: Pixels(base: output, extent: extent), using: scratch)
            }
        }
        return current
    }

    /// Resamples an image of any size. Pixels are averaged before where one of the view covers several of the image, so
    /// that detail does not alias; labels and images that keep their size are not.
    private func warp(
        _ warp: Warp, from source: UnsafePointer<UInt8>?, of size: ImageExtent, filter: rk_image_filter,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        let (height, width, channels) = (extent.height, extent.width, extent.channels)
        if size == extent, source != UnsafePointer(output), let mirror = warp.mirror(extent) {
            rk_image_mirror(source, height, width, channels, mirror.sideways ? 1 : 0, mirror.upright ? 1 : 0, output)
            return
        }
        let (rows, columns) = size == extent || filter == RK_IMAGE_NEAREST ? (1, 1) : warp.cover(extent)
        let warp = warp.onto(blocksOf: rows, columns)
        let frame = frame(source, of: size, blocksOf: rows, columns, warp.border)
        if warp.isAffine {
            withUnsafePointer(to: warp.kernelForm) {
                rk_image_warp(
                    frame.image, frame.size.height, frame.size.width, channels, frame.border, filter, $0, height, width,
                    output)
            }
        } else {
            withUnsafePointer(to: warp.projectiveForm) {
                rk_image_project(
                    frame.image, frame.size.height, frame.size.width, channels, frame.border, filter, $0, height, width,
                    output)
            }
        }
    }

    private func displace(
        _ displacement: Displacement, from source: UnsafePointer<UInt8>?, filter: rk_image_filter,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        let frame = frame(source, of: extent, blocksOf: 1, 1, displacement.border)
        displacement.withField(extent, using: scratch) { right, down in
            rk_image_displace(
                frame.image, extent.height, extent.width, extent.channels, frame.border, filter, right, down, output)
        }
    }

    /// Copies the source, blocks of pixels averaged to one, into a frame; with the border as kernels name it.
    private func frame(
        _ source: UnsafePointer<UInt8>?, of size: ImageExtent, blocksOf rows: Int, _ columns: Int,
        _ border: ImageBorder?
    ) -> (image: UnsafePointer<UInt8>, size: ImageExtent, border: rk_image_border) {
        let border: rk_image_border =
            switch border {
            case .zero: RK_IMAGE_ZERO
            case .edge, nil: RK_IMAGE_EDGE
            case .reflect: RK_IMAGE_REFLECT
            }
        let small = ImageExtent(
            height: (size.height + rows - 1) / rows, width: (size.width + columns - 1) / columns,
            channels: size.channels)
        let margin = 2 * Int(RK_IMAGE_FRAME)
        let bytes = (small.height + margin) * (small.width + margin) * small.channels + 4
        let isWhole = small == size
        let rowBytes = size.width * size.channels
        var memory =
            isWhole ? framed.reserve(bytes) : framed.reserve(bytes, rowBytes * MemoryLayout<UInt32>.stride)
        let image = memory.take(bytes, of: UInt8.self)
        if isWhole {
            rk_image_add_frame(source, small.height, small.width, small.channels, border, image)
        } else {
            let framedBytes = (small.width + margin) * small.channels
            rk_image_average_blocks(
                source, size.height, size.width, size.channels, rows, columns,
                memory.take(rowBytes, of: UInt32.self), framedBytes,
                image + Int(RK_IMAGE_FRAME) * (framedBytes + small.channels))
            rk_image_fill_frame(small.height, small.width, small.channels, border, image)
        }
        return (UnsafePointer(image), small, border)
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
        let columns = columns.clamped(to: 0..<extent.width)
        for row in rows.clamped(to: 0..<extent.height) {
            let start = (row * extent.width + columns.lowerBound) * extent.channels
            (pixels + start).update(repeating: byte, count: columns.count * extent.channels)
        }
    }
}

/// A pointer that pieces of parallel work share; each writes its own part.
struct SharedPointer<Element>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
}
