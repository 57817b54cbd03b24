import TensorCore

/// Labelled images of one size in memory: bytes, [N, H, W, C], row-major.
public struct ImageSet: Sendable {
    /// Pixels of all images, one after another.
    public let pixels: [UInt8]
    /// Extents of one image.
    public let height, width, channels: Int
    /// Labels, names of classes and ids.
    public let index: ImageIndex

    /// Creates a set. Sizes that do not fit together, labels out of range and repeated ids stop the program: readers
    /// check what comes from files before they call this.
    public init(
        pixels: [UInt8], height: Int, width: Int, channels: Int, labels: [Int?], classNames: [String],
        sampleIDs: [Int]? = nil, identities: [UInt64]? = nil
    ) {
        self.init(
            pixels: pixels, height: height, width: width, channels: channels,
            index: ImageIndex(labels: labels, classNames: classNames, sampleIDs: sampleIDs, identities: identities))
    }

    /// Creates a set of pixels and what is known of them, as
    /// ``init(pixels:height:width:channels:labels:classNames:sampleIDs:identities:)``.
    public init(pixels: [UInt8], height: Int, width: Int, channels: Int, index: ImageIndex) {
        require(
            pixels.count == index.count * height * width * channels,
            "ImageSet: \(pixels.count) bytes are not \(index.count) images of \(height)×\(width)×\(channels)")
        self.pixels = pixels
        self.height = height
        self.width = width
        self.channels = channels
        self.index = index
    }

    /// Bytes of one image.
    public var imageSize: Int { height * width * channels }
}

extension ImageSet: ImageSource {
    public typealias Failure = Never

    public func images(at places: ArraySlice<Int>) -> RaggedImages {
        RaggedImages(
            pixels: pixels(at: places), heights: [Int](repeating: height, count: places.count),
            widths: [Int](repeating: width, count: places.count), size: size, index: index.subset(places))
    }

    /// At most some 65,000 pixels.
    public var contentSample: [UInt64] { pixels.sample }

    public func subset(_ places: [Int]) -> ImageSet {
        ImageSet(
            pixels: pixels(at: places[...]), height: height, width: width, channels: channels,
            index: index.subset(places))
    }

    public func replacing(_ index: ImageIndex) -> ImageSet {
        ImageSet(pixels: pixels, height: height, width: width, channels: channels, index: index)
    }

    /// One pass over the pixels and no intermediate copy.
    private func pixels(at places: ArraySlice<Int>) -> [UInt8] {
        let size = imageSize
        for place in places { require(place >= 0 && place < count, "ImageSet: place \(place) of \(count) images") }
        return [UInt8](unsafeUninitializedCapacity: places.count * size) { target, initialized in
            var next = target.baseAddress
            pixels.withUnsafeBufferPointer { source in
                for place in places {
                    if let from = source.baseAddress, let to = next {
                        to.initialize(from: from + place * size, count: size)
                        next = to + size
                    }
                }
            }
            initialized = places.count * size
        }
    }
}
