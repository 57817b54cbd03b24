import TensorCore

/// How an image takes another size. Pixel centres lie at i + 0.5; beyond the outermost their pixels go on.
public enum ResizeMethod: String, Sendable, Hashable, Codable, CaseIterable {
    /// The old pixel in which the new one's centre lies: for labels, which have nothing between them.
    case nearest
    /// Linear between the two nearest centres. An image made smaller than half aliases.
    case bilinear
    /// Along an axis that shrinks, the mean of the old pixels that a new one covers, in proportion to the cover, so
    /// that no detail aliases; along one that grows, as bilinear.
    case area
}

extension ImageSet {
    /// The same images at another size, each axis and channel on its own, rounded to nearest.
    ///
    /// An axis that keeps its length keeps its values. The sides' ratio is not kept.
    public func resized(height newHeight: Int, width newWidth: Int, by method: ResizeMethod = .area) -> ImageSet {
        require(newHeight > 0 && newWidth > 0, "ImageSet.resized: to \(newHeight)×\(newWidth), 1 or more expected")
        if newHeight == height && newWidth == width { return self }
        let columns = AxisTaps(from: width, to: newWidth, by: method)
        let rows = AxisTaps(from: height, to: newHeight, by: method)
        let size = newHeight * newWidth * channels
        let result = [UInt8](unsafeUninitializedCapacity: count * size) { output, initialized in
            // Each piece writes the bytes of its own image.
            nonisolated(unsafe) let output = output
            Parallel.forEach(count) { image in
                pixels[image * imageSize..<(image + 1) * imageSize].withUnsafeBufferPointer {
                    resizeBytes(
                        $0, height: height, width: width, channels: channels, columns: columns, rows: rows,
                        into: UnsafeMutableBufferPointer(rebasing: output[image * size..<(image + 1) * size]))
                }
            }
            initialized = count * size
        }
        return ImageSet(pixels: result, height: newHeight, width: newWidth, channels: channels, index: index)
    }
}

extension AxisTaps {
    /// Which old pixels along an axis make up each new one; the weights of each add up to 1.
    init(from oldCount: Int, to newCount: Int, by method: ResizeMethod) {
        self.init()
        let scale = Double(oldCount) / Double(newCount)
        for place in 0..<newCount {
            let centre = (Double(place) + 0.5) * scale
            switch method {
            case .area where scale > 1:
                cover(from: Double(place) * scale, to: Double(place + 1) * scale, of: oldCount)
            case .area, .bilinear: interpolate(at: centre - 0.5, of: oldCount)
            case .nearest: add(min(Int(centre), oldCount - 1), 1)
            }
            endPlace()
        }
    }

    private mutating func cover(from start: Double, to end: Double, of oldCount: Int) {
        for place in Int(start)..<min(Int(end.rounded(.up)), oldCount) {
            let covered = min(end, Double(place + 1)) - max(start, Double(place))
            if covered > 0 { add(place, covered / (end - start)) }
        }
    }

    private mutating func interpolate(at position: Double, of oldCount: Int) {
        let inside = min(max(position, 0), Double(oldCount - 1))
        let place = Int(inside)
        let fraction = inside - Double(place)
        add(place, 1 - fraction)
        if fraction > 0 { add(place + 1, fraction) }
    }
}
