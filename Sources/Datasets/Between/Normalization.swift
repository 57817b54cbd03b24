import TensorCore

/// The change from bytes to network inputs: (byte / 255 − mean) / deviation, per channel.
public struct Normalization: Sendable, Hashable, Codable {
    /// Mean per channel, of values in [0, 1].
    public let mean: [Float]
    /// Standard deviation per channel, positive.
    public let deviation: [Float]

    /// Creates a normalisation; one mean and one positive deviation per channel.
    public init(mean: [Float], deviation: [Float]) {
        require(
            mean.count == deviation.count && deviation.allSatisfy { $0 > 0 },
            "Normalization: mean \(mean), deviation \(deviation): as many, deviations positive")
        self.mean = mean
        self.deviation = deviation
    }
}

extension Normalization {
    /// What brings the given images to mean 0 and deviation 1, per channel.
    ///
    /// Exact up to the last rounding, and the same for any order of the images: bytes are counted, not summed. A
    /// channel that is the same everywhere gets deviation 1. Images count at the size at which a network reads them.
    /// Where they are more than 2²⁸ values together, as many as stay below that are taken, spread evenly; of images
    /// that are not in memory 10,000 at most.
    ///
    /// - Throws: what the source throws; nothing for images in memory.
    public static func of<Source: ImageSource>(_ images: Source) throws(Source.Failure) -> Normalization {
        require(images.count > 0, "Normalization.of: a source without images")
        let values = max(1, images.height * images.width * images.channels)
        let isInMemory = Source.Failure.self == Never.self
        let places = images.places(evenly: min(max(1, (1 << 28) / values), isInMemory ? .max : 10_000))
        let counts = try byteCounts(of: images, at: places)
        let pixels = Double(places.count * images.height * images.width)
        var mean: [Float] = []
        var deviation: [Float] = []
        for channel in counts {
            let average = channel.enumerated().reduce(0) { $0 + Double($1.offset) * Double($1.element) } / pixels
            let variance =
                channel.enumerated().reduce(0) {
                    let difference = Double($1.offset) - average
                    return $0 + difference * difference * Double($1.element)
                } / pixels
            mean.append(Float(average / 255))
            deviation.append(variance > 0 ? Float(variance.squareRoot() / 255) : 1)
        }
        return Normalization(mean: mean, deviation: deviation)
    }

    /// The network input for every byte of every channel: element `channel * 256 + byte` is
    /// (byte / 255 − mean) / deviation, each step rounded to Float.
    ///
    /// Whoever turns bytes into inputs takes them from here, so that training, evaluation and prediction agree in bits.
    public var table: [Float] {
        mean.indices.flatMap { channel in
            (0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }
        }
    }

    /// How often each byte occurs in each channel.
    private static func byteCounts<Source: ImageSource>(
        of images: Source, at places: [Int]
    ) throws(Source.Failure) -> [[Int]] {
        let channels = images.channels
        var counts = [Int](repeating: 0, count: channels * 256)
        for first in stride(from: 0, to: places.count, by: 256) {
            let part = try images.images(at: places[first..<min(first + 256, places.count)]).resized()
            part.pixels.withUnsafeBufferPointer { pixels in
                counts.withUnsafeMutableBufferPointer { counts in
                    var channel = 0
                    for byte in pixels {
                        counts[channel * 256 + Int(byte)] += 1
                        channel = channel + 1 == channels ? 0 : channel + 1
                    }
                }
            }
        }
        return (0..<channels).map { Array(counts[$0 * 256..<($0 + 1) * 256]) }
    }
}
