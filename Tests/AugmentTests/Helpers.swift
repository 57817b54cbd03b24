import Datasets
import TensorCore

@testable import Augment

let plain = Normalization(mean: [0], deviation: [1])

/// Images whose bytes are random, or what the closure says of (row, column, channel).
func someImages(
    _ count: Int = 1, height: Int = 12, width: Int = 10, channels: Int = 1, labels: [Int?]? = nil,
    _ byte: ((Int, Int, Int) -> UInt8)? = nil
) -> ImageSet {
    var random = Philox(seed: 11)
    var pixels: [UInt8] = []
    for _ in 0..<count {
        for row in 0..<height {
            for column in 0..<width {
                for channel in 0..<channels {
                    pixels.append(byte?(row, column, channel) ?? UInt8(random.index(below: 256)))
                }
            }
        }
    }
    return ImageSet(
        pixels: pixels, height: height, width: width, channels: channels,
        labels: labels ?? (0..<count).map { $0 % 10 }, classNames: (0..<10).map(String.init))
}

extension ImageExtent {
    /// That of a set's images.
    init(_ images: ImageSet) { self.init(height: images.height, width: images.width, channels: images.channels) }
}

extension AugmentationPolicy {
    /// The augmented bytes of a set, with seed 5 and epoch 0.
    func bytes(_ images: ImageSet) -> [UInt8] { self.images(RawBatch(images: images, seed: 5, epoch: 0)).pixels }

    /// The inputs made of a set, with seed 5 and epoch 0.
    func inputs(_ images: ImageSet, _ normalization: Normalization = plain) -> Tensor {
        self(RawBatch(images: images, seed: 5, epoch: 0), normalization: normalization).inputs
    }
}

extension View.Pass {
    /// nil where the pass is another, as of the properties below.
    var warp: Warp? { if case .warp(let warp) = self { warp } else { nil } }
    var tones: [Tone]? { if case .tones(let tones) = self { tones } else { nil } }
    var displacement: Displacement? { if case .displace(let displacement) = self { displacement } else { nil } }
}

/// A policy of everything that acts on pixels, certainly.
let everything = AugmentationPolicy {
    Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.2, shear: -10...10, border: .reflect)
    BrightnessContrast(brightness: 0.2, contrast: 0.4)
    Gamma(0.7...1.5)
    GaussianNoise(standardDeviation: 0.1)
}

/// The bytes of one image after the given steps.
func rendered(_ steps: [PixelChange], _ images: ImageSet, _ extent: ImageExtent) -> [UInt8] {
    rendered(View(fusing: steps), images, extent)
}

/// The bytes of a view of one image, of the extents given.
func rendered(_ view: View, _ images: ImageSet, _ extent: ImageExtent) -> [UInt8] {
    let canvas = Canvas(extent)
    var output = [UInt8](repeating: 0, count: extent.count)
    output.withUnsafeMutableBufferPointer { output in
        images.pixels.withUnsafeBufferPointer {
            canvas.render(view, of: $0, into: output.baseAddress!)
        }
    }
    return output
}
