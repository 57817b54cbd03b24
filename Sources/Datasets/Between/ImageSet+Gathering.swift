import TensorCore

extension ImageSet {
    /// Images of one or more sets, which have the same image size and classes, in the given order.
    ///
    /// One pass over the pixels and no intermediate copy.
    static func gather(_ parts: [(set: ImageSet, places: ArraySlice<Int>)]) -> ImageSet {
        guard let first = parts.first?.set else { fatalError("ImageSet.gather: no set given") }
        for (set, _) in parts { first.requireSameKind(as: set, for: "ImageSet.gather") }
        let size = first.imageSize
        let count = parts.reduce(0) { $0 + $1.places.count }
        let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { target, initialized in
            var next = target.baseAddress
            for (set, places) in parts {
                set.pixels.withUnsafeBufferPointer { source in
                    for place in places {
                        require(place >= 0 && place < set.count, "ImageSet: place \(place) of \(set.count) images")
                        if let from = source.baseAddress, let to = next {
                            to.initialize(from: from + place * size, count: size)
                            next = to + size
                        }
                    }
                }
            }
            initialized = count * size
        }
        let identities = parts.compactMap { part in part.set.identities.map { all in part.places.map { all[$0] } } }
        return ImageSet(
            pixels: pixels, height: first.height, width: first.width, channels: first.channels,
            labels: parts.flatMap { part in part.places.map { part.set.labels[$0] } }, classNames: first.classNames,
            sampleIDs: parts.flatMap { part in part.places.map { part.set.sampleIDs[$0] } },
            identities: identities.count == parts.count ? identities.flatMap { $0 } : nil)
    }

    /// The same images without what is known of their classes.
    public func withoutLabels() -> ImageSet {
        ImageSet(
            pixels: pixels, height: height, width: width, channels: channels,
            labels: [Int?](repeating: nil, count: count), classNames: classNames, sampleIDs: sampleIDs,
            identities: identities)
    }

    /// The same images, known by their places alone.
    func withoutIdentities() -> ImageSet {
        ImageSet(
            pixels: pixels, height: height, width: width, channels: channels, labels: labels, classNames: classNames,
            sampleIDs: sampleIDs)
    }

    /// The same images with their classes in another order.
    ///
    /// - Parameter names: the names of the classes.
    /// - Returns: nil where the names are not those of this set.
    public func withClasses(inOrderOf names: [String]) -> ImageSet? {
        if names == classNames { return self }
        let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        let order = classNames.compactMap { places[$0] }
        guard names.count == classCount, Set(order).count == classCount else { return nil }
        return ImageSet(
            pixels: pixels, height: height, width: width, channels: channels,
            labels: labels.map { $0.map { order[$0] } }, classNames: names, sampleIDs: sampleIDs,
            identities: identities)
    }

    /// The places of each class's images, ascending.
    public var placesByClass: [[Int]] {
        var places = [[Int]](repeating: [], count: classCount)
        for (place, label) in labels.enumerated() { if let label { places[label].append(place) } }
        return places
    }

    /// Stops the program unless the other set's images have the same extents and classes.
    func requireSameKind(as other: ImageSet, for operation: String) {
        require(
            height == other.height && width == other.width && channels == other.channels
                && classNames == other.classNames,
            "\(operation): \(height)×\(width)×\(channels) of \(classCount) classes "
                + "and \(other.height)×\(other.width)×\(other.channels) of \(other.classCount) do not go together")
    }
}
