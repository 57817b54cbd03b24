import CImageKernels
import Foundation

/// What ``RandomErasing`` covers its rectangle with.
public enum ErasingFill: String, Sendable, Hashable, Codable, CaseIterable {
    /// A random byte for each value, as in the paper's best variant.
    case noise
    /// 0.
    case black
    /// The byte 128.
    case grey
}

/// Covers a rectangle of random area, shape and place, wholly inside the image (Zhong et al. 2017, "Random erasing data
/// augmentation", arXiv 1708.04896), in all channels.
///
/// A drawn side that is longer than the image's is cut to it, where the original draws again.
public struct RandomErasing: PixelOperation {
    public static let name = "randomErasing"
    public static let template = RandomErasing()

    /// The rectangle's share of the image's area.
    @Field("area", within: 0...1, neutral: 0) public var area: ClosedRange<Double>
    /// Height by width in pixels. It is drawn evenly by its logarithm.
    @Field("aspect", within: 0.1...10) public var aspect: ClosedRange<Double>
    /// What it is covered with.
    @Field("fill") public var fill: ErasingFill

    /// Creates the operation; the defaults are the paper's.
    public init(
        area: ClosedRange<Double> = 0.02...0.4, aspect: ClosedRange<Double> = 0.3...(1 / 0.3),
        fill: ErasingFill = .noise
    ) {
        self.area = area
        self.aspect = aspect
        self.fill = fill
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_area)
        visit(&_aspect)
        visit(&_fill)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let pixels = stream.uniform(in: area) * Double(extent.height * extent.width)
        let shape = exp(stream.uniform(in: log(aspect.lowerBound)...log(aspect.upperBound)))
        let height = min(Int((pixels * shape).squareRoot().rounded()), extent.height)
        let width = min(Int((pixels / shape).squareRoot().rounded()), extent.width)
        let top = stream.random.index(below: extent.height - height + 1)
        let left = stream.random.index(below: extent.width - width + 1)
        guard height > 0, width > 0 else { return }
        let (rows, columns) = (top..<top + height, left..<left + width)
        switch fill {
        case .noise: view.append(.filter(NoiseFill(rows: rows, columns: columns, stream: stream)))
        case .black: view.append(.fill(rows: rows, columns: columns, byte: 0))
        case .grey: view.append(.fill(rows: rows, columns: columns, byte: 128))
        }
    }
}

/// Fills a rectangle with random bytes.
struct NoiseFill: PixelFilter {
    let rows, columns: Range<Int>
    let stream: RandomStream

    var covered: (rows: Range<Int>, columns: Range<Int>)? { (rows, columns) }

    func apply(to image: Pixels, using scratch: Scratch) {
        let rowBytes = columns.count * image.extent.channels
        var parts = scratch.reserve(rows.count * rowBytes)
        let bytes = parts.take(rows.count * rowBytes, of: UInt8.self)
        let random = KernelRandom(stream)
        rk_image_random_bytes(bytes, rows.count * rowBytes, random.key, random.counter)
        for (place, row) in rows.enumerated() {
            let start = (row * image.extent.width + columns.lowerBound) * image.extent.channels
            (image.base + start).update(from: bytes + place * rowBytes, count: rowBytes)
        }
    }
}
