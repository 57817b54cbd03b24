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
                // [height, newWidth, channels]
                var narrowed = [Float](repeating: 0, count: height * newWidth * channels)
                for row in 0..<height { narrow(image * height + row, to: row, columns, into: &narrowed) }
                for row in 0..<newHeight {
                    let first = image * size + row * newWidth * channels
                    Self.blend(row, rows, narrowed, rowLength: newWidth * channels, into: output, at: first)
                }
            }
            initialized = count * size
        }
        return ImageSet(pixels: result, height: newHeight, width: newWidth, channels: channels, index: index)
    }

    /// Resizes one row of pixels.
    private func narrow(_ row: Int, to target: Int, _ columns: AxisTaps, into output: inout [Float]) {
        for column in 0..<columns.count {
            let taps = columns.starts[column]..<columns.starts[column + 1]
            for channel in 0..<channels {
                var sum: Float = 0
                for tap in taps {
                    sum +=
                        columns.weights[tap] * Float(pixels[(row * width + columns.places[tap]) * channels + channel])
                }
                output[(target * columns.count + column) * channels + channel] = sum
            }
        }
    }

    /// Makes one row of the result out of those rows that it covers.
    private static func blend(
        _ row: Int, _ rows: AxisTaps, _ input: [Float], rowLength: Int, into output: UnsafeMutableBufferPointer<UInt8>,
        at first: Int
    ) {
        for place in 0..<rowLength {
            var sum: Float = 0
            for tap in rows.starts[row]..<rows.starts[row + 1] {
                sum += rows.weights[tap] * input[rows.places[tap] * rowLength + place]
            }
            output[first + place] = UInt8(min(max(sum + 0.5, 0), 255))
        }
    }
}

/// Which old pixels along an axis make up each new one, and with which weights; these add up to 1.
private struct AxisTaps {
    /// The taps of new pixel i are those from `starts[i]` to `starts[i + 1]`.
    private(set) var starts = [0]
    private(set) var places: [Int] = []
    private(set) var weights: [Float] = []

    /// The number of new pixels.
    var count: Int { starts.count - 1 }

    init(from oldCount: Int, to newCount: Int, by method: ResizeMethod) {
        let scale = Double(oldCount) / Double(newCount)
        for place in 0..<newCount {
            let centre = (Double(place) + 0.5) * scale
            switch method {
            case .area where scale > 1:
                cover(from: Double(place) * scale, to: Double(place + 1) * scale, of: oldCount)
            case .area, .bilinear: interpolate(at: centre - 0.5, of: oldCount)
            case .nearest: add(min(Int(centre), oldCount - 1), 1)
            }
            starts.append(places.count)
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

    private mutating func add(_ place: Int, _ weight: Double) {
        places.append(place)
        weights.append(Float(weight))
    }
}
