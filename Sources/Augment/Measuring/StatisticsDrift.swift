import Datasets
import Foundation
import TensorCore

/// How far augmented images are from the images as they are in their low-level statistics, without a network.
///
/// Each figure is of one channel of pixel values in 0 ... 1, the largest over the channels; 0 for equal statistics.
public struct StatisticsDrift: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The difference of the mean values, in deviations of the images as they are.
    public let mean: Double
    /// |ln| of the ratio of the standard deviations of all values.
    public let deviation: Double
    /// Total variation of the histograms of 32 bins: the share of values that would have to move, in 0 ... 1.
    public let histogram: Double
    /// |ln| of the ratio of the gradient energies: mean squared difference to the right and to the lower neighbour.
    public let gradientEnergy: Double

    /// Name and value of each figure.
    var figures: [(name: String, value: Double)] {
        [("mean", mean), ("deviation", deviation), ("histogram", histogram), ("gradient energy", gradientEnergy)]
    }

    /// The largest of the four.
    public var largest: Double { max(mean, deviation, histogram, gradientEnergy) }

    public var description: String {
        figures.map { "\($0.name) \(($0.value * 1000).rounded() / 1000)" }.joined(separator: ", ")
    }

    /// Compares two sets of images of as many channels.
    public init(from images: ImageSet, to others: ImageSet) {
        require(
            images.channels == others.channels && images.count > 0 && others.count > 0,
            "StatisticsDrift: \(images.count) images of \(images.channels) channels and \(others.count) of "
                + "\(others.channels): as many channels, one image or more expected")
        let pairs = (0..<images.channels).map {
            (ChannelStatistics(images, channel: $0), ChannelStatistics(others, channel: $0))
        }
        func largest(_ figure: (ChannelStatistics, ChannelStatistics) -> Double) -> Double {
            pairs.map { figure($0, $1) }.max() ?? 0
        }
        mean = largest { abs($1.mean - $0.mean) / $0.deviation }
        deviation = largest { abs(Foundation.log($1.deviation / $0.deviation)) }
        histogram = largest { before, after in
            zip(before.histogram, after.histogram).reduce(0.0) { sum, pair in sum + abs(pair.0 - pair.1) } / 2
        }
        gradientEnergy = largest { abs(Foundation.log($1.gradientEnergy / $0.gradientEnergy)) }
    }
}

/// Statistics of one channel of a set; deviation and gradient energy are those of one level of 255 at least, so that an
/// even image has a ratio to it.
private struct ChannelStatistics {
    let mean, deviation, gradientEnergy: Double
    /// Shares of 32 bins.
    let histogram: [Double]

    init(_ images: ImageSet, channel: Int) {
        var counts = [Int](repeating: 0, count: 256)
        var (squares, differences) = (0, 0)
        let (height, width, channels) = (images.height, images.width, images.channels)
        images.pixels.withUnsafeBufferPointer { pixels in
            for image in 0..<images.count {
                for row in 0..<height {
                    for column in 0..<width {
                        let place = ((image * height + row) * width + column) * channels + channel
                        let value = Int(pixels[place])
                        counts[value] += 1
                        if column + 1 < width {
                            let step = Int(pixels[place + channels]) - value
                            (squares, differences) = (squares + step * step, differences + 1)
                        }
                        if row + 1 < height {
                            let step = Int(pixels[place + width * channels]) - value
                            (squares, differences) = (squares + step * step, differences + 1)
                        }
                    }
                }
            }
        }
        let total = Double(counts.reduce(0, +))
        let average = counts.enumerated().reduce(0) { $0 + Double($1.offset * $1.element) } / total
        let variance =
            counts.enumerated().reduce(0) {
                $0 + (Double($1.offset) - average) * (Double($1.offset) - average) * Double($1.element)
            } / total
        mean = average / 255
        deviation = max(variance.squareRoot(), 1) / 255
        gradientEnergy = max(Double(squares) / Double(max(differences, 1)), 1) / (255 * 255)
        histogram = (0..<32).map { bin in Double(counts[bin * 8..<bin * 8 + 8].reduce(0, +)) / total }
    }
}
