import Retort

extension DecodedImage {
    /// The same image in so many colours at most, which makes a small file of a picture with gradients or noise.
    ///
    /// Colours are divided by median cut (Heckbert 1982, "Color image quantization for frame buffer display"), but cut
    /// where they spread most, at their mean, as Wan, Wong and Prusinkiewicz (1988) do; each becomes the mean of its
    /// part.
    ///
    /// - Parameter count: 1 or more. An image of 3 channels that has no more colours stays as it is.
    func reduced(toColors count: Int) -> DecodedImage {
        var counts: [SIMD3<UInt8>: Int] = [:]
        let colors = stride(from: 0, to: pixels.count, by: 3).map {
            SIMD3(pixels[$0], pixels[$0 + 1], pixels[$0 + 2])
        }
        for color in colors { counts[color, default: 0] += 1 }
        guard counts.count > count else { return self }
        let histogram = counts.map { (color: $0.key, count: $0.value) }
            .sorted { ($0.color.x, $0.color.y, $0.color.z) < ($1.color.x, $1.color.y, $1.color.z) }
        var parts = [ColorPart(histogram)]
        while parts.count < count, let widest = parts.indices.max(by: { parts[$0].spread < parts[$1].spread }) {
            parts.append(parts[widest].cut())
        }
        var replacements: [SIMD3<UInt8>: SIMD3<UInt8>] = [:]
        for part in parts { for (color, _) in part.colors { replacements[color] = part.mean } }
        return DecodedImage(
            pixels: colors.flatMap { color in
                let mean = replacements[color] ?? color
                return [mean.x, mean.y, mean.z]
            }, height: height, width: width, channels: 3)
    }
}

/// Colours that become one, each with the number of its pixels.
private struct ColorPart {
    private(set) var colors: [(color: SIMD3<UInt8>, count: Int)]
    private(set) var mean = SIMD3<UInt8>()
    /// The largest sum over the pixels, among the three channels, of squared distances from the mean.
    private(set) var spread = 0.0
    private var channel = 0

    init(_ colors: [(color: SIMD3<UInt8>, count: Int)]) {
        self.colors = colors
        measure()
    }

    /// Takes away and returns what lies above the mean in the channel that spreads most.
    mutating func cut() -> ColorPart {
        let above = ColorPart(colors.filter { $0.color[channel] > mean[channel] })
        colors.removeAll { $0.color[channel] > mean[channel] }
        measure()
        return above
    }

    private mutating func measure() {
        let pixels = colors.reduce(0) { $0 + $1.count }
        spread = 0
        for place in 0..<3 where pixels > 0 {
            let (sum, squares) = colors.reduce((0, 0)) { sums, entry in
                let value = Int(entry.color[place])
                return (sums.0 + value * entry.count, sums.1 + value * value * entry.count)
            }
            // Rounded down, so that something lies above it wherever values differ.
            mean[place] = UInt8(sum / pixels)
            let found = Double(squares) - Double(sum) * Double(sum) / Double(pixels)
            if found > spread { (spread, channel) = (found, place) }
        }
    }
}
