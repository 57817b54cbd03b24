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
        return ImageSet(
            pixels: pixels, height: first.height, width: first.width, channels: first.channels,
            labels: parts.flatMap { part in part.places.map { part.set.labels[$0] } }, classNames: first.classNames,
            sampleIDs: parts.flatMap { part in part.places.map { part.set.sampleIDs[$0] } })
    }

    /// The same images without what is known of their classes.
    public func withoutLabels() -> ImageSet {
        ImageSet(
            pixels: pixels, height: height, width: width, channels: channels,
            labels: [Int?](repeating: nil, count: count), classNames: classNames, sampleIDs: sampleIDs)
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
