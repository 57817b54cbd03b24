import CImageKernels

/// Veils the image by patches of fog, at severities as ImageNet-C's (Hendrycks and Dietterich 2019, arXiv 1903.12261):
/// out = (in + thickness · plasma) · m / (m + thickness), of values in 0 ... 1, m being the largest of the image and
/// plasma a fractal in 0 ... 1.
///
/// What differs from ImageNet-C: severities between the whole numbers interpolate its constants, 0 is no fog at all;
/// the fractal is made by successive random addition (Saupe 1988, "Algorithms for random fractals"), where ImageNet-C's
/// diamonds and squares leave each number as it was first drawn; its patches are as large as the image, whatever its
/// size. The fourth channel of four stays as it is.
public struct Fog: PixelOperation {
    public static let name = "fog"
    public static let template = Fog(severity: 0...0)

    /// The severity. 1 is thin, 5 is thick, 0 changes nothing.
    @Field("severity", within: 0...5, neutral: 0, required: true) public var severity: ClosedRange<Double>

    /// Creates the operation.
    public init(severity: ClosedRange<Double>) { self.severity = severity }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_severity) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: severity)
        guard drawn > 0 else { return }
        view.append(
            .filter(
                FogFilter(
                    thickness: interpolated([0, 1.5, 2, 2.5, 2.5, 3], at: drawn),
                    decay: interpolated([2, 2, 2, 1.7, 1.5, 1.4], at: drawn), stream: stream)))
    }
}

/// A table with a row for each severity 0 ... 5, between its rows by lines.
func interpolated(_ table: [Double], at severity: Double) -> Double {
    let lower = min(Int(severity), table.count - 2)
    return table[lower] + (table[lower + 1] - table[lower]) * (severity - Double(lower))
}

/// Fog of a thickness, whose fractal's amplitude falls by the decay with each halving of its grid.
struct FogFilter: PixelFilter {
    let thickness, decay: Double
    let stream: RandomStream

    func apply(to image: Pixels, using scratch: Scratch) {
        let (height, width) = (image.extent.height, image.extent.width)
        let most = (height + 1) * (width + 1)
        let number = MemoryLayout<Int16>.stride
        var parts = scratch.reserve(
            max(most, 9) * number, max(most, 9) * number, max(most, 9), (width + 4) * number)
        var coarse = parts.take(max(most, 9), of: Int16.self)
        var fine = parts.take(max(most, 9), of: Int16.self)
        let bytes = parts.take(max(most, 9), of: UInt8.self)
        let between = parts.take(width + 4, of: Int16.self)

        var spacing = 1
        while spacing < max(height, width) { spacing *= 2 }
        // The magnitudes of all levels sum to at most 1 + 1 / (1 − 1 / 1.4) = 4.5 times the first: below 2¹⁵.
        var amplitude = 7000.0
        var block: UInt32 = 1 << 16
        func draw(_ count: Int) {
            let random = KernelRandom(stream, first: block)
            rk_image_random_bytes(bytes, count, random.key, random.counter)
            block += UInt32((count + 15) / 16)
        }
        var (rows, columns) = (2, 2)
        draw(4)
        for corner in 0..<4 { coarse[corner] = Int16((Int(bytes[corner]) - 128) * Int(amplitude) >> 7) }
        repeat {
            spacing = max(spacing / 2, 1)
            let parentColumns = columns
            (rows, columns) = ((height - 1) / spacing + 2, (width - 1) / spacing + 2)
            draw(rows * columns)
            rk_image_finer(coarse, parentColumns, bytes, Int32(amplitude), rows, columns, between, fine)
            swap(&coarse, &fine)
            amplitude /= decay
        } while spacing > 1

        var range: [Int16] = [0, 0]
        rk_image_layer_range(coarse, height, width, columns, &range)
        let span = max(Double(range[1]) - Double(range[0]), 1)
        let brightest = Double(rk_image_largest_colour(image.base, image.area, image.extent.channels)) / 255
        // A black image would stay black in ImageNet-C: 0 / (0 + thickness).
        let gain = brightest / (brightest + thickness)
        let perNumber = 255 * thickness * gain / span
        rk_image_add_layer(
            image.base, height, width, image.extent.channels, coarse, columns, Float(gain), Float(perNumber),
            Float(-perNumber * Double(range[0])))
    }
}
