import Datasets
import TensorCore
import Testing

@Suite("Resizing, row by row")
struct ResizingTests {
    /// The same by the definition, in Float and in the order of the places: each product is rounded before it is added.
    private static func reference(_ image: ImageSet, height: Int, width: Int) -> [UInt8] {
        func weights(_ new: Int, _ newCount: Int, _ oldCount: Int) -> [(place: Int, weight: Float)] {
            let scale = Double(oldCount) / Double(newCount)
            if scale > 1 {
                let (start, end) = (Double(new) * scale, Double(new + 1) * scale)
                return (0..<oldCount).compactMap { place in
                    let covered = min(end, Double(place + 1)) - max(start, Double(place))
                    return covered > 0 ? (place, Float(covered / (end - start))) : nil
                }
            }
            let centre = min(max((Double(new) + 0.5) * scale - 0.5, 0), Double(oldCount - 1))
            let fraction = centre - centre.rounded(.down)
            let first = (place: Int(centre), weight: Float(1 - fraction))
            return fraction > 0 ? [first, (first.place + 1, Float(fraction))] : [first]
        }
        var result: [UInt8] = []
        for row in 0..<height {
            let rows = weights(row, height, image.height)
            for column in 0..<width {
                let columns = weights(column, width, image.width)
                for channel in 0..<image.channels {
                    var sum: Float = 0
                    for (y, weight) in rows {
                        var narrow: Float = 0
                        for (x, share) in columns {
                            narrow += share * Float(image.pixels[(y * image.width + x) * image.channels + channel])
                        }
                        sum += weight * narrow
                    }
                    result.append(UInt8(min(max(sum + 0.5, 0), 255)))
                }
            }
        }
        return result
    }

    @Test(
        "Images of fewer and more rows than are resized together, smaller, larger or both, have the bits of plain sums",
        arguments: [(1, 1), (15, 40), (16, 16), (17, 9), (33, 70), (48, 3)])
    func bits(height: Int, width: Int) {
        for channels in [1, 3, 4] {
            var random = Philox(seed: 3, sample: height, operation: channels)
            let pixels = (0..<height * width * channels).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
            let image = ImageSet(
                pixels: pixels, height: height, width: width, channels: channels, labels: [nil], classNames: [])
            for (newHeight, newWidth) in [(1, 1), (7, 5), (16, 64), (20, 22), (height, 65), (50, width)] {
                let resized = image.resized(height: newHeight, width: newWidth)
                let expected = Self.reference(image, height: newHeight, width: newWidth)
                #expect(resized.pixels == expected, "\(height)×\(width)×\(channels) to \(newHeight)×\(newWidth)")
                let ragged = RaggedImages(
                    image, readAt: ImageSize(height: newHeight, width: newWidth, channels: channels))
                #expect(ragged.resized().pixels == expected)
            }
        }
    }
}
