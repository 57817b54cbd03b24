import Datasets
import TensorCore

/// The images that one call augments, of one size or of several, and the size of their views.
struct StepImages {
    /// Sets of images, each of one size.
    let raws: [RawBatch]
    /// Of a view.
    let extent: ImageExtent
    /// For each image its set among ``raws``, and its row there.
    let places: [(set: Int, row: Int)]
    let labels: [Int?]
    let sampleIDs: [Int]
    let classNames: [String]

    var count: Int { places.count }

    /// Images that keep their size.
    init(_ raw: RawBatch) { self.init([raw], height: raw.images.height, width: raw.images.width) }

    /// Images of one or more sets, whose views all have the size given. Stops the program where sets do not go
    /// together.
    init(_ raws: [RawBatch], height: Int, width: Int) {
        guard let first = raws.first?.images else {
            fatalError("AugmentationPolicy: no images given, a set or more expected")
        }
        self.raws = raws
        extent = ImageExtent(height: height, width: width, channels: first.channels)
        places = raws.indices.flatMap { set in raws[set].images.labels.indices.map { (set, $0) } }
        labels = raws.flatMap(\.images.labels)
        sampleIDs = raws.flatMap(\.images.sampleIDs)
        classNames = first.classNames
        for raw in raws { Self.check(raw, as: extent, classNames) }
    }

    private static func check(_ raw: RawBatch, as extent: ImageExtent, _ classNames: [String]) {
        let images = raw.images
        require(
            images.channels == extent.channels && images.classNames == classNames,
            "AugmentationPolicy: images of \(images.channels) channels and \(images.classCount) classes with such of "
                + "\(extent.channels) and \(classNames.count): the same expected")
        require(
            raw.draws.count == images.count && raw.strengths.count == images.count,
            "AugmentationPolicy: \(raw.draws.count) draws and \(raw.strengths.count) strengths for "
                + "\(images.count) images")
        require(
            images.imageSize < 1 << 30 && extent.count < 1 << 30,
            "AugmentationPolicy: images of \(images.height)×\(images.width)×\(images.channels) as "
                + "\(extent.height)×\(extent.width), fewer than 2³⁰ bytes expected")
        require(
            raw.strengths.allSatisfy { $0 >= 0 && $0.isFinite },
            "AugmentationPolicy: a strength is negative or not a number")
        let isSame = (images.height, images.width) == (extent.height, extent.width)
        require(
            isSame || images.imageSize > 0 && extent.height > 0 && extent.width > 0,
            "AugmentationPolicy: images of \(images.height)×\(images.width) as \(extent.height)×\(extent.width), "
                + "1 or more expected")
    }

    /// Calls the closure for the bytes of an image.
    func withPixels(of place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let (set, row) = places[place]
        let images = raws[set].images
        images.pixels.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[row * images.imageSize..<(row + 1) * images.imageSize]))
        }
    }

    /// Calls the closure for all images, so many at a time, in threads.
    func forEachPiece(_ body: @Sendable (Range<Int>) -> Void) { Self.forEachPiece(of: count, body) }

    /// Calls the closure for ranges of 0 ..< count, of the images that one thread does at a time.
    static func forEachPiece(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let size = 8
        Parallel.forEach((count + size - 1) / size) { body($0 * size..<min(($0 + 1) * size, count)) }
    }
}
