import TensorCore

extension Normalization {
    /// Normalisations that models are published with, by name; values of pixels are pixel / 255.
    ///
    /// `imagenet` and `cifar` are torchvision's and the usual ones of CIFAR-10, both of red, green and blue; `0-1`,
    /// `-1-1` and `0-255` bring pixels to these ranges.
    public static let names = ["imagenet", "cifar", "0-1", "-1-1", "0-255"]

    /// The normalisation of a text: a name of ``names``, or `MEAN,…/DEVIATION,…` with a number for each channel.
    ///
    /// - Parameters:
    ///   - text: what was asked for.
    ///   - channels: of the images.
    /// - Throws: `ConfigurationError` for another text, or for another number of channels.
    public init(_ text: String, channels: Int) throws(ConfigurationError) {
        func same(_ mean: Float, _ deviation: Float) -> Normalization {
            Normalization(
                mean: [Float](repeating: mean, count: channels),
                deviation: [Float](repeating: deviation, count: channels))
        }
        let colours: Normalization
        switch text {
        case "0-1":
            self = same(0, 1)
            return
        case "-1-1":
            self = same(0.5, 0.5)
            return
        case "0-255":
            self = same(0, 1 / 255)
            return
        case "imagenet": colours = Normalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
        case "cifar": colours = Normalization(mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616])
        default:
            let parts = text.split(separator: "/").map { $0.split(separator: ",").map { Float($0) } }
            let (mean, deviation) = (parts.first?.compactMap(\.self) ?? [], parts.last?.compactMap(\.self) ?? [])
            guard parts.count == 2, mean.count == parts[0].count, deviation.count == parts[1].count,
                mean.count == deviation.count, (mean + deviation).allSatisfy(\.isFinite)
            else {
                throw ConfigurationError(
                    [],
                    "\(text) found, one of \(Self.names.joined(separator: ", ")) or MEAN,…/DEVIATION,… expected, "
                        + "with \(channels.counted("number")) on each side")
            }
            guard deviation.allSatisfy({ $0 > 0 }) else {
                throw ConfigurationError(
                    [], "\(text) found, deviations above 0 (behind the slash) expected, as pixels are divided by them")
            }
            colours = Normalization(mean: mean, deviation: deviation)
        }
        guard colours.mean.count == channels else {
            throw ConfigurationError(
                [], "\(text) is for images of \(colours.mean.count.counted("channel")), and these have \(channels)")
        }
        self = colours
    }
}
