import TensorCore

/// Labelled images of one size in memory: bytes, [N, H, W, C], row-major.
public struct ImageSet: Sendable {
    /// Pixels of all images, one after another.
    public let pixels: [UInt8]
    /// Extents of one image.
    public let height, width, channels: Int
    /// The class of each image, in 0 ..< ``classCount``; nil where an image has no label.
    public let labels: [Int?]
    /// Names of the classes.
    public let classNames: [String]
    /// Ids that stay with an image through splits and shuffles: its place in the original data.
    public let sampleIDs: [Int]
    /// What each image is known by wherever it stands, of the class's and the file's name; nil where images have no
    /// files of their own. Splits of a set with identities do not depend on what else is in it.
    public let identities: [UInt64]?

    /// Creates a set. Sizes that do not fit together, labels out of range and repeated ids stop the program: readers
    /// check what comes from files before they call this.
    public init(
        pixels: [UInt8], height: Int, width: Int, channels: Int, labels: [Int?], classNames: [String],
        sampleIDs: [Int]? = nil, identities: [UInt64]? = nil
    ) {
        require(
            pixels.count == labels.count * height * width * channels,
            "ImageSet: \(pixels.count) bytes are not \(labels.count) images of \(height)×\(width)×\(channels)")
        require(
            labels.allSatisfy { $0.map { $0 >= 0 && $0 < classNames.count } ?? true },
            "ImageSet: a label is outside 0 ..< \(classNames.count)")
        let ids = sampleIDs ?? Array(labels.indices)
        require(ids.count == labels.count, "ImageSet: \(ids.count) sample ids for \(labels.count) images")
        self.pixels = pixels
        self.height = height
        self.width = width
        self.channels = channels
        self.labels = labels
        self.classNames = classNames
        self.sampleIDs = ids
        require(
            identities?.count ?? labels.count == labels.count,
            "ImageSet: \(identities?.count ?? 0) identities for \(labels.count) images")
        self.identities = identities
    }

    /// The number of images.
    public var count: Int { labels.count }

    /// The number of classes.
    public var classCount: Int { classNames.count }

    /// Bytes of one image.
    public var imageSize: Int { height * width * channels }

    /// The images at the given places, in that order.
    public func subset(_ places: [Int]) -> ImageSet { .gather([(self, places[...])]) }
}
