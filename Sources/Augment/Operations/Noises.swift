import CImageKernels

// Noise is added to every value of every channel, also to the fourth of four.

/// Counts photons: each value becomes a number from Poisson's distribution with that mean, scaled back, so that bright
/// places are noisier in absolute terms and dark ones in relative terms.
///
/// The variance of a value v in 0 ... 1 is intensity · v: white stands for 1 / intensity photons. ImageNet-C's
/// severities 1 to 5 (Hendrycks and Dietterich 2019, arXiv 1903.12261) are 1/60, 1/25, 1/12, 1/5 and 1/3. Where white
/// stands for more than 256 photons, the normal distribution of the same mean and variance takes Poisson's place.
public struct ShotNoise: PixelOperation {
    public static let name = "shotNoise"
    public static let template = ShotNoise(intensity: 0)

    /// The variance at white, of values in 0 ... 1.
    @Field("intensity", within: 0...1, neutral: 0, required: true) public var intensity: Double

    /// Creates the operation.
    public init(intensity: Double) { self.intensity = intensity }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_intensity) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.filter(ValueNoise.photons(intensity: intensity, stream)))
    }
}

/// Multiplies each value by 1 + z, z normally distributed: out = in + in · z, cut to the range of pixels, as
/// ImageNet-C's speckle noise (Hendrycks and Dietterich 2019), whose severities 1 to 5 are 0.15, 0.2, 0.35, 0.45 and
/// 0.6.
public struct SpeckleNoise: PixelOperation {
    public static let name = "speckleNoise"
    public static let template = SpeckleNoise(standardDeviation: 0)

    /// The deviation of z.
    @Field("standardDeviation", within: 0...1, neutral: 0, required: true) public var standardDeviation: Double

    /// Creates the operation.
    public init(standardDeviation: Double) { self.standardDeviation = standardDeviation }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_standardDeviation) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.filter(ValueNoise.speckle(deviation: standardDeviation, stream)))
    }
}

/// Makes single pixels black or white, all channels of a pixel alike, as dead and stuck cells of a sensor do.
/// scikit-image and ImageNet-C decide for each channel by itself.
public struct SaltAndPepper: PixelOperation {
    public static let name = "saltAndPepper"
    public static let template = SaltAndPepper(amount: 0)

    /// The share of pixels that change, on average.
    @Field("amount", within: 0...1, neutral: 0, required: true) public var amount: Double
    /// The share of the changed pixels that become white.
    @Field("salt", within: 0...1) public var salt: Double

    /// Creates the operation.
    public init(amount: Double, salt: Double = 0.5) {
        self.amount = amount
        self.salt = salt
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_amount)
        visit(&_salt)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.filter(ValueNoise.impulses(pepper: amount * (1 - salt), salt: amount * salt, stream)))
    }
}

/// Noise whose strength depends on the value that it falls on.
enum ValueNoise: PixelFilter {
    case photons(intensity: Double, RandomStream)
    case speckle(deviation: Double, RandomStream)
    case impulses(pepper: Double, salt: Double, RandomStream)

    func apply(to image: Pixels, using scratch: Scratch) {
        switch self {
        case .photons(let intensity, let stream):
            let random = KernelRandom(stream)
            // Variance v · intensity of values in 0 … 1 is x · 255 · intensity of bytes.
            guard intensity * Double(RK_IMAGE_PHOTONS) >= 1 else {
                rk_image_add_varying_noise(
                    image.base, image.count, Float(255 * intensity), 0, random.key, random.counter)
                return
            }
            let bytes = rk_image_shot_noise_bytes()
            var parts = scratch.reserve(bytes)
            rk_image_add_shot_noise(
                image.base, image.count, Float(1 / intensity), random.key, random.counter,
                parts.take(bytes, of: UInt8.self))
        case .speckle(let deviation, let stream):
            let random = KernelRandom(stream)
            rk_image_add_varying_noise(
                image.base, image.count, 0, Float(deviation * deviation), random.key, random.counter)
        case .impulses(let pepper, let salt, let stream):
            let random = KernelRandom(stream)
            let black = UInt32(pepper * 0x1p24)
            rk_image_salt_and_pepper(
                image.base, image.area, image.extent.channels, black, min(UInt32(salt * 0x1p24), 1 << 24 - black),
                random.key, random.counter)
        }
    }
}
