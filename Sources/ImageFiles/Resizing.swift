import TensorCore

extension DecodedImage {
    /// The image at another size, each axis and channel on its own.
    ///
    /// Along an axis that shrinks, a new pixel is the mean of the old ones that it covers, in proportion to the cover
    /// (area averaging: no detail aliases). Along one that grows, it is interpolated linearly between the two nearest
    /// pixel centres, which lie at i + 0.5; beyond the outermost centres their pixels go on. An axis that keeps its length
    /// keeps its values. The sides' ratio is not kept. Results are rounded to nearest.
    public func resized(height newHeight: Int, width newWidth: Int) -> DecodedImage {
        require(newHeight > 0 && newWidth > 0, "DecodedImage.resized: to \(newHeight)×\(newWidth), 1 or more expected")
        if newHeight == height && newWidth == width { return self }
        let columns = AxisTaps(from: width, to: newWidth)
        let rows = AxisTaps(from: height, to: newHeight)
        // [height, newWidth, channels]
        var narrowed = [Float](repeating: 0, count: height * newWidth * channels)
        for row in 0..<height { narrow(row, columns, into: &narrowed) }
        let count = newHeight * newWidth * channels
        let result = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            for row in 0..<newHeight {
                Self.blend(row, rows, narrowed, rowLength: newWidth * channels, into: output)
            }
            initialized = count
        }
        return DecodedImage(pixels: result, height: newHeight, width: newWidth, channels: channels)
    }

    /// Resizes one row of this image.
    private func narrow(_ row: Int, _ columns: AxisTaps, into output: inout [Float]) {
        for column in 0..<columns.count {
            let taps = columns.starts[column]..<columns.starts[column + 1]
            for channel in 0..<channels {
                var sum: Float = 0
                for tap in taps {
                    sum +=
                        columns.weights[tap] * Float(pixels[(row * width + columns.places[tap]) * channels + channel])
                }
                output[(row * columns.count + column) * channels + channel] = sum
            }
        }
    }

    /// Makes one row of the result out of those rows that it covers.
    private static func blend(
        _ row: Int, _ rows: AxisTaps, _ input: [Float], rowLength: Int, into output: UnsafeMutableBufferPointer<UInt8>
    ) {
        for place in 0..<rowLength {
            var sum: Float = 0
            for tap in rows.starts[row]..<rows.starts[row + 1] {
                sum += rows.weights[tap] * input[rows.places[tap] * rowLength + place]
            }
            output[row * rowLength + place] = UInt8(min(max(sum + 0.5, 0), 255))
        }
    }
}

/// Which old pixels along an axis make up each new one, and with which weights; these add up to 1.
struct AxisTaps {
    /// The taps of new pixel i are those from `starts[i]` to `starts[i + 1]`.
    private(set) var starts = [0]
    private(set) var places: [Int] = []
    private(set) var weights: [Float] = []

    /// The number of new pixels.
    var count: Int { starts.count - 1 }

    init(from oldCount: Int, to newCount: Int) {
        let scale = Double(oldCount) / Double(newCount)
        for place in 0..<newCount {
            if scale > 1 {
                cover(from: Double(place) * scale, to: Double(place + 1) * scale, of: oldCount)
            } else {
                interpolate(at: (Double(place) + 0.5) * scale - 0.5, of: oldCount)
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
