import Foundation

/// How an image of another size is made of pixels: the interpolations and coordinates of ONNX's Resize, of which
/// PyTorch's `interpolate` and TensorFlow's `resize` are cases.
public struct Interpolation: Hashable, Sendable {
    /// What is made of the pixels around a place.
    public enum Kernel: Hashable, Sendable {
        /// The nearest pixel.
        case nearest(Rounding)
        /// A weighted mean of the two pixels on both sides of each axis.
        case linear
        /// Cubic convolution of four pixels an axis (Keys, 1981): −0.75 is PyTorch's coefficient, −0.5 Keys' own.
        case cubic(coefficient: Float)
    }

    /// Which of two pixels is the nearest.
    public enum Rounding: String, Hashable, Sendable, Codable, CaseIterable {
        /// To the nearer one, and from the middle to the left.
        case roundPreferFloor = "round_prefer_floor"
        /// To the nearer one, and from the middle to the right.
        case roundPreferCeil = "round_prefer_ceil"
        /// Always to the left.
        case floor
        /// Always to the right.
        case ceil
    }

    /// Which place of the input a pixel of the output lies at.
    public enum Coordinates: String, Hashable, Sendable, Codable, CaseIterable {
        /// Pixels are squares; the images' edges lie on one another. PyTorch's with `align_corners=False`.
        case halfPixel = "half_pixel"
        /// The same, and an output of one pixel lies at the input's first.
        case pytorchHalfPixel = "pytorch_half_pixel"
        /// Pixels are squares; the images' centres lie on one another, also where the output's size is rounded.
        case halfPixelSymmetric = "half_pixel_symmetric"
        /// Pixels are points; the first ones lie on one another.
        case asymmetric
        /// Pixels are points; the first ones and the last ones lie on one another.
        case alignCorners = "align_corners"
    }

    /// What is made of the pixels around a place.
    public var kernel: Kernel
    /// Which place a pixel of the output lies at.
    public var coordinates: Coordinates
    /// Whether pixels beyond the edge have no weight, instead of being those of the edge.
    public var excludesOutside: Bool
    /// Whether a smaller image is made of all pixels, with a kernel as wide as its pixels are. Nearest pixels have no
    /// such kernel.
    public var antialias: Bool

    /// Describes an interpolation.
    public init(
        _ kernel: Kernel, coordinates: Coordinates = .halfPixel, excludesOutside: Bool = false, antialias: Bool = false
    ) {
        self.kernel = kernel
        self.coordinates = coordinates
        self.excludesOutside = excludesOutside
        self.antialias = antialias
    }
}

/// The weights of one axis' interpolation: output pixel i is Σ weights[i, t] · input[pixels[i, t]] over its taps t.
///
/// Coordinates are computed in float32, as by ONNX Runtime and PyTorch: where they are rounded, a bit decides.
struct AxisInterpolation: Sendable {
    let output, taps: Int
    /// [output, taps].
    let pixels: [Int]
    /// [output, taps].
    let weights: [Float]

    /// - Parameters:
    ///   - input: extent before.
    ///   - output: extent after.
    ///   - scale: what coordinates are divided by; output / input unless given.
    init(_ input: Int, to output: Int, scale: Float?, _ interpolation: Interpolation) {
        let given = scale ?? Float(output) / Float(input)
        // The exact extent: with a scale no whole number.
        let extent = scale.map { $0 * Float(input) } ?? Float(output)
        let stretch = interpolation.antialias ? min(given, 1) : 1
        var first = 0
        var count = 2
        switch interpolation.kernel {
        case .nearest: break
        case .linear, .cubic:
            let radius: Float = interpolation.kernel == .linear ? 1 : 2
            first = Int((-radius / stretch).rounded(.down)) + 1
            count = 2 - 2 * first
        }
        var pixels: [Int] = []
        var weights: [Float] = []
        for pixel in 0..<output {
            let place = interpolation.coordinates.place(
                of: Float(pixel), input: Float(input), output: Float(output), extent: extent, scale: given)
            // In (0, 1]: at a pixel, it is the right one of two.
            let left = place.rounded(.down) == place ? Int(place) - 1 : Int(place.rounded(.down))
            let ratio = place - Float(left)
            if case .nearest(let rounding) = interpolation.kernel {
                let isRight = ratio == 1 || rounding.takesRight(ratio)
                pixels.append(min(max(left + (isRight ? 1 : 0), 0), input - 1))
                weights.append(1)
                continue
            }
            let places = (first..<first + count).map { left + $0 }
            var row = places.map { place in
                interpolation.excludesOutside && !(0..<input).contains(place)
                    ? 0 : interpolation.kernel.weight(at: (Float(place - left) - ratio) * stretch)
            }
            if interpolation.excludesOutside || interpolation.antialias {
                let sum = row.reduce(0, +)
                row = row.map { $0 / sum }
            }
            weights += row
            pixels += places.map { min(max($0, 0), input - 1) }
        }
        (self.output, taps, self.pixels, self.weights) = (output, pixels.count / max(1, output), pixels, weights)
    }
}

extension Interpolation.Coordinates {
    fileprivate func place(of pixel: Float, input: Float, output: Float, extent: Float, scale: Float) -> Float {
        switch self {
        case .halfPixel: (pixel + 0.5) / scale - 0.5
        case .pytorchHalfPixel: output == 1 ? 0 : (pixel + 0.5) / scale - 0.5
        case .halfPixelSymmetric: input / 2 * (1 - output / extent) + (pixel + 0.5) / scale - 0.5
        case .asymmetric: pixel / scale
        case .alignCorners: extent == 1 || output == 1 ? 0 : pixel * (input - 1) / (extent - 1)
        }
    }
}

extension Interpolation.Rounding {
    fileprivate func takesRight(_ ratio: Float) -> Bool {
        switch self {
        case .roundPreferFloor: ratio > 0.5
        case .roundPreferCeil: ratio >= 0.5
        case .floor: false
        case .ceil: true
        }
    }
}

extension Interpolation.Kernel {
    /// The weight of a pixel at a distance.
    fileprivate func weight(at distance: Float) -> Float {
        let d = abs(distance)
        switch self {
        case .nearest, .linear: return max(0, 1 - d)
        case .cubic(let a):
            if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
            return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
        }
    }
}
