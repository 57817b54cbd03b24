import TensorCore

/// What is known of images without a look at their pixels.
public struct ImageIndex: Sendable {
    /// The class of each image, in 0 ..< ``classCount``; nil where an image has no label.
    public let labels: [Int?]
    /// Names of the classes.
    public let classNames: [String]
    /// Ids that stay with an image through splits and shuffles: its place in the original data.
    public let sampleIDs: [Int]
    /// What each image is known by wherever it stands, of the class's and the file's name; nil where images have no
    /// files of their own. Splits of images with identities do not depend on what else is there.
    public let identities: [UInt64]?

    /// Creates an index. Labels out of range and numbers that differ stop the program: readers check what comes from
    /// files before they call this.
    ///
    /// - Parameter sampleIDs: 0, 1, 2 … when omitted.
    public init(labels: [Int?], classNames: [String], sampleIDs: [Int]? = nil, identities: [UInt64]? = nil) {
        require(
            labels.allSatisfy { $0.map { $0 >= 0 && $0 < classNames.count } ?? true },
            "ImageIndex: a label is outside 0 ..< \(classNames.count)")
        let ids = sampleIDs ?? Array(labels.indices)
        require(ids.count == labels.count, "ImageIndex: \(ids.count) sample ids for \(labels.count) images")
        require(
            identities?.count ?? labels.count == labels.count,
            "ImageIndex: \(identities?.count ?? 0) identities for \(labels.count) images")
        self.labels = labels
        self.classNames = classNames
        self.sampleIDs = ids
        self.identities = identities
    }

    /// The number of images.
    public var count: Int { labels.count }

    /// The number of classes.
    public var classCount: Int { classNames.count }

    /// Of the images at the given places, in that order.
    public func subset(_ places: some Collection<Int>) -> ImageIndex {
        for place in places { require(place >= 0 && place < count, "ImageIndex: place \(place) of \(count) images") }
        return ImageIndex(
            labels: places.map { labels[$0] }, classNames: classNames, sampleIDs: places.map { sampleIDs[$0] },
            identities: identities.map { all in places.map { all[$0] } })
    }

    /// The same images without what is known of their classes.
    public func withoutLabels() -> ImageIndex {
        ImageIndex(
            labels: [Int?](repeating: nil, count: count), classNames: classNames, sampleIDs: sampleIDs,
            identities: identities)
    }

    /// The same images, known by their places alone.
    func withoutIdentities() -> ImageIndex {
        ImageIndex(labels: labels, classNames: classNames, sampleIDs: sampleIDs)
    }

    /// The same images with their classes in another order.
    ///
    /// - Parameter names: the names of the classes.
    /// - Returns: nil where the names are not those of these images.
    public func withClasses(inOrderOf names: [String]) -> ImageIndex? {
        if names == classNames { return self }
        let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        let order = classNames.compactMap { places[$0] }
        guard names.count == classCount, Set(order).count == classCount else { return nil }
        return ImageIndex(
            labels: labels.map { $0.map { order[$0] } }, classNames: names, sampleIDs: sampleIDs,
            identities: identities)
    }

    /// The places of each class's images, ascending.
    public var placesByClass: [[Int]] {
        var places = [[Int]](repeating: [], count: classCount)
        for (place, label) in labels.enumerated() { if let label { places[label].append(place) } }
        return places
    }

    /// Images of several indices of the same classes, one after another; with identities where all have them.
    static func joined(_ parts: [ImageIndex]) -> ImageIndex {
        let identities = parts.compactMap(\.identities)
        return ImageIndex(
            labels: parts.flatMap(\.labels), classNames: parts.first?.classNames ?? [],
            sampleIDs: parts.flatMap(\.sampleIDs),
            identities: identities.count == parts.count ? identities.flatMap { $0 } : nil)
    }
}
