import TensorCore

/// Images in memory, each of its own height and width: bytes, of each [H, W, C], row-major, one image after another.
///
/// What one training step takes of a source; a source itself.
public struct RaggedImages: ImageSource {
    public typealias Failure = Never

    /// Pixels of all images, one after another.
    public let pixels: [UInt8]
    /// Extents of each image, in pixels.
    public let heights, widths: [Int]
    /// Extents at which a network reads the images, and values of each pixel.
    public let size: ImageSize
    /// Labels, names of classes and ids.
    public let index: ImageIndex
    /// Where each image begins among the pixels, and where the last one ends.
    let starts: [Int]

    /// Creates images. Sizes that do not fit together stop the program.
    ///
    /// - Parameter size: at which a network reads the images.
    public init(pixels: [UInt8], heights: [Int], widths: [Int], size: ImageSize, index: ImageIndex) {
        require(
            heights.count == index.count && widths.count == index.count,
            "RaggedImages: \(heights.count) heights and \(widths.count) widths for \(index.count) images")
        var starts = [0]
        starts.reserveCapacity(heights.count + 1)
        for (height, width) in zip(heights, widths) {
            starts.append(starts[starts.count - 1] + height * width * size.channels)
        }
        require(
            starts[starts.count - 1] == pixels.count,
            "RaggedImages: \(pixels.count) bytes, the images have \(starts[starts.count - 1])")
        self.pixels = pixels
        self.heights = heights
        self.widths = widths
        self.size = size
        self.index = index
        self.starts = starts
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

    /// At most some 65,000 pixels.
    public var contentSample: [UInt64] { pixels.sample }

    public func replacing(_ index: ImageIndex) -> RaggedImages {
        RaggedImages(pixels: pixels, heights: heights, widths: widths, size: size, index: index)
    }

    /// The bytes of an image, [height, width, channels].
    public func pixels(of place: Int) -> ArraySlice<UInt8> { pixels[starts[place]..<starts[place + 1]] }

    public func subset(_ places: [Int]) -> RaggedImages {
        RaggedImages(
            pixels: places.flatMap { pixels(of: $0) }, heights: places.map { heights[$0] },
            widths: places.map { widths[$0] }, size: size, index: index.subset(places))
    }

    /// Whether every image has the size at which a network reads it.
    public var isUniform: Bool {
        heights.allSatisfy { $0 == size.height } && widths.allSatisfy { $0 == size.width }
    }

    /// The same images for a network that reads them at another size.
    func read(at size: ImageSize) -> RaggedImages {
        RaggedImages(pixels: pixels, heights: heights, widths: widths, size: size, index: index)
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
            pixels: parts.flatMap(\.pixels), heights: parts.flatMap(\.heights), widths: parts.flatMap(\.widths),
            size: first.size, index: .joined(parts.map(\.index)))
    }
}
