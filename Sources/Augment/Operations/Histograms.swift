import CImageKernels

/// Spreads the values of each colour channel so that all are about equally frequent, by the table of Pillow's
/// `ImageOps.equalize`: value v becomes (step / 2 + pixels darker than v) / step, where step is the 255th part of all
/// pixels but the brightest ones.
///
/// A channel of one value, or of fewer than 255 pixels below its brightest, stays as it is, and so does the fourth
/// channel of four. Without strength.
public struct Equalise: PixelOperation {
    public static let name = "equalise"
    public static let template = Equalise()

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.filter(HistogramTable.equalised))
    }
}

/// Stretches each colour channel so that its darkest value becomes 0 and its brightest 255, after a share of its pixels
/// is set aside at each end, by the table of Pillow's `ImageOps.autocontrast`, which rounds down.
///
/// A channel of one value stays as it is, and so does the fourth channel of four. Without strength.
public struct Autocontrast: PixelOperation {
    public static let name = "autocontrast"
    public static let template = Autocontrast()

    /// The share of pixels that is set aside at each end.
    @Field("cutoff", within: 0...0.49) public var cutoff: Double

    /// Creates the operation; without `.probability` it is always done.
    public init(cutoff: Double = 0) { self.cutoff = cutoff }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_cutoff) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.filter(HistogramTable.stretched(cutoff: cutoff)))
    }
}

/// A table for each colour channel that depends on how often its values occur.
enum HistogramTable: PixelFilter {
    case equalised
    case stretched(cutoff: Double)

    func apply(to image: Pixels, using scratch: Scratch) {
        let channels = image.extent.channels
        var parts = scratch.reserve(256 * MemoryLayout<UInt32>.stride, 256 * channels)
        let counts = UnsafeMutableBufferPointer(start: parts.take(256, of: UInt32.self), count: 256)
        let tables = parts.take(256 * channels, of: UInt8.self)
        for channel in 0..<channels {
            let table = UnsafeMutableBufferPointer(start: tables + 256 * channel, count: 256)
            for value in 0..<256 { table[value] = UInt8(value) }
            guard channel < image.extent.colours else { continue }
            rk_image_histogram(image.base + channel, image.area, channels, counts.baseAddress)
            switch self {
            case .equalised: Self.equalise(counts, into: table)
            case .stretched(let cutoff): Self.stretch(counts, cutoff: cutoff, pixels: image.area, into: table)
            }
        }
        rk_image_map_bytes(image.base, tables, image.area, channels, image.base)
    }

    private static func equalise(
        _ counts: UnsafeMutableBufferPointer<UInt32>, into table: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard let brightest = counts.lastIndex(where: { $0 > 0 }) else { return }
        let step = counts[..<brightest].reduce(0) { $0 + Int($1) } / 255
        guard step > 0 else { return }
        var darker = step / 2
        for value in 0..<256 {
            table[value] = UInt8(min(darker / step, 255))
            darker += Int(counts[value])
        }
    }

    private static func stretch(
        _ counts: UnsafeMutableBufferPointer<UInt32>, cutoff: Double, pixels: Int,
        into table: UnsafeMutableBufferPointer<UInt8>
    ) {
        func takeAway(_ values: some Sequence<Int>) {
            var left = UInt32(cutoff * Double(pixels))
            for value in values where left > 0 {
                let taken = min(left, counts[value])
                counts[value] -= taken
                left -= taken
            }
        }
        takeAway(0..<256)
        takeAway((0..<256).reversed())
        guard let low = counts.firstIndex(where: { $0 > 0 }), let high = counts.lastIndex(where: { $0 > 0 }), low < high
        else { return }
        let scale = 255 / Double(high - low)
        for value in 0..<256 {
            table[value] = UInt8(min(max(Double(value) * scale - Double(low) * scale, 0), 255))
        }
    }
}
