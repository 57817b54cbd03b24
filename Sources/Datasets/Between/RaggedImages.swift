import TensorCore

/// Images in memory, each of its own height and width: bytes, of each [H, W, C], row-major, one image after another.
///
/// What one training step takes of a source; a source itself.
public struct RaggedImages: ImageSource {
    public typealias Failure = Never

    /// Extents of each image, in pixels.
    public let heights, widths: [Int]
    /// Extents at which a network reads the images, and values of each pixel.
    public let size: ImageSize
    /// Labels, names of classes and ids.
    public let index: ImageIndex
    /// The bytes of each image, which may be parts of one array: they are not copied together.
    private let images: [ArraySlice<UInt8>]

    /// Creates images. Sizes that do not fit together stop the program.
    ///
    /// - Parameters:
    ///   - images: the bytes of each, [H, W, C].
    ///   - size: at which a network reads the images.
    public init(_ images: [ArraySlice<UInt8>], heights: [Int], widths: [Int], size: ImageSize, index: ImageIndex) {
        require(
            [heights.count, widths.count, images.count].allSatisfy { $0 == index.count },
            "RaggedImages: \(heights.count) heights, \(widths.count) widths and \(images.count) arrays of pixels for "
                + "\(index.count) images")
        for (place, image) in images.enumerated() {
            let expected = heights[place] * widths[place] * size.channels
            require(image.count == expected, "RaggedImages: \(image.count) bytes, image \(place) has \(expected)")
        }
        self.images = images
        self.heights = heights
        self.widths = widths
        self.size = size
        self.index = index
    }

    /// Creates images whose pixels follow one another. Sizes that do not fit together stop the program.
    ///
    /// - Parameter size: at which a network reads the images.
    public init(pixels: [UInt8], heights: [Int], widths: [Int], size: ImageSize, index: ImageIndex) {
        let counts = zip(heights, widths).map { $0 * $1 * size.channels }
        let total = counts.reduce(0, +)
        require(total == pixels.count, "RaggedImages: \(pixels.count) bytes, the images have \(total)")
        var first = 0
        let images = counts.map { count in
            defer { first += count }
            return pixels[first..<first + count]
        }
        self.init(images, heights: heights, widths: widths, size: size, index: index)
    }

    /// The images of a set, which a network reads at their own size or another one.
    ///
    /// - Parameter size: of as many channels; that of the images when omitted.
    public init(_ images: ImageSet, readAt size: ImageSize? = nil) {
        self.init(
            pixels: images.pixels, heights: [Int](repeating: images.height, count: images.count),
            widths: [Int](repeating: images.width, count: images.count), size: size ?? images.size,
            index: images.index)
        require(
            self.size.channels == images.channels,
            "RaggedImages: images of \(images.channels) channels to be read at \(self.size)")
    }

    public var height: Int { size.height }
    public var width: Int { size.width }
    public var channels: Int { size.channels }

    public func images(at places: ArraySlice<Int>) -> RaggedImages { subset(Array(places)) }

    /// Pixels of all images, one after another.
    public var pixels: [UInt8] {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(images.reduce(0) { $0 + $1.count })
        for image in images { pixels += image }
        return pixels
    }

    /// At most some 65,000 pixels.
    public var contentSample: [UInt64] { pixels.sample }

    public func replacing(_ index: ImageIndex) -> RaggedImages {
        RaggedImages(images, heights: heights, widths: widths, size: size, index: index)
    }

    /// The bytes of an image, [height, width, channels].
    public func pixels(of place: Int) -> ArraySlice<UInt8> { images[place] }

    public func subset(_ places: [Int]) -> RaggedImages {
        RaggedImages(
            places.map { images[$0] }, heights: places.map { heights[$0] }, widths: places.map { widths[$0] },
            size: size, index: index.subset(places))
    }

    /// Whether every image has the size at which a network reads it.
    public var isUniform: Bool {
        heights.allSatisfy { $0 == size.height } && widths.allSatisfy { $0 == size.width }
    }

    /// The same images for a network that reads them at another size.
    func read(at size: ImageSize) -> RaggedImages {
        RaggedImages(images, heights: heights, widths: widths, size: size, index: index)
    }

    /// All images at the size at which a network reads them, stretched to it by area.
    public func resized() -> ImageSet {
        if isUniform {
            return ImageSet(pixels: pixels, height: size.height, width: size.width, channels: channels, index: index)
        }
        let imageSize = size.height * size.width * channels
        let result = [UInt8](unsafeUninitializedCapacity: count * imageSize) { output, initialized in
            // Each piece writes the bytes of its own image.
            nonisolated(unsafe) let output = output
            Parallel.forEach(count) { place in
                let target = UnsafeMutableBufferPointer(rebasing: output[place * imageSize..<(place + 1) * imageSize])
                let (height, width) = (heights[place], widths[place])
                pixels(of: place).withUnsafeBufferPointer { image in
                    guard height != size.height || width != size.width else {
                        _ = target.initialize(from: image)
                        return
                    }
                    resizeBytes(
                        image, height: height, width: width, channels: channels,
                        columns: AxisTaps(from: width, to: size.width, by: .area),
                        rows: AxisTaps(from: height, to: size.height, by: .area), into: target)
                }
            }
            initialized = count * imageSize
        }
        return ImageSet(pixels: result, height: size.height, width: size.width, channels: channels, index: index)
    }

    /// Images of several sources, one after another, which go together in one batch.
    public static func joined(_ parts: [RaggedImages]) -> RaggedImages {
        guard let first = parts.first else { fatalError("RaggedImages.joined: no images given") }
        if parts.count == 1 { return first }
        for part in parts {
            require(
                part.size == first.size && part.classNames == first.classNames,
                "RaggedImages.joined: \(first.size) of \(first.classNames.count) classes and \(part.size) of "
                    + "\(part.classNames.count) do not go together")
        }
        return RaggedImages(
            parts.flatMap(\.images), heights: parts.flatMap(\.heights), widths: parts.flatMap(\.widths),
            size: first.size, index: .joined(parts.map(\.index)))
    }
}
