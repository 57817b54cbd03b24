import Datasets
import TensorCore

/// One kind of augmentation: parameters, and a draw from them.
///
/// Its fields say all about the parameters: the names in a policy file, the limits, and how strength changes them.
protocol AugmentationOperation: PolicyElement, Hashable {
    /// What a policy file calls it.
    static var name: String { get }
    /// Its parameters.
    static var fields: [OperationField<Self>] { get }
    /// What optional fields of a policy file start from.
    static var template: Self { get }
    /// Whether a sample's hardness changes its strength.
    static var isGeometric: Bool { get }
    /// Operations of which it does some, for the rules of tasks; none but for ``AugMix``.
    var constituents: [any AugmentationOperation] { get }
    /// Draws once, and appends what is to be done to the pixels.
    ///
    /// An operation takes as many numbers from the stream whatever its parameters are, where it can: so a wider range
    /// moves the draws and does not shuffle them.
    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep])
}

extension AugmentationOperation {
    static var isGeometric: Bool { false }

    var constituents: [any AugmentationOperation] { [] }

    public var step: AugmentationStep { AugmentationStep(content: .operation(self)) }

    /// The same operation with its ranges times the factor, within the limits of its fields.
    func scaled(by factor: Double) -> Self {
        guard factor != 1 else { return self }
        var scaled = self
        for field in Self.fields { field.scale(factor, &scaled) }
        return scaled
    }

    /// Stops the program where a parameter is outside its limits: for initialisers.
    func requireFields() {
        for field in Self.fields {
            if let mismatch = field.mismatch(self) {
                fatalError(
                    "\(Self.self): \(field.name): \(mismatch.found) given, \(mismatch.expected) expected")
            }
        }
    }
}

/// Extents of the images that a policy acts on.
struct ImageExtent: Equatable {
    let height, width, channels: Int

    /// Bytes of an image.
    var count: Int { height * width * channels }
}

extension ImageExtent {
    init(_ images: ImageSet) { self.init(height: images.height, width: images.width, channels: images.channels) }
}

/// The random numbers of one place in a policy, for one sample, epoch and draw.
struct RandomStream {
    let seed: UInt64
    let epoch, sample, operation: Int
    /// The stream itself. Its first word decides whether the step is done at all.
    var random: Philox

    init(seed: UInt64, epoch: Int, sample: Int, draw: Int, place: Int) {
        self.seed = seed
        self.epoch = epoch
        self.sample = sample
        operation = RandomPurpose.augmentation + place + AugmentationStep.placeLimit * draw
        random = Philox(seed: seed, epoch: epoch, sample: sample, operation: operation)
    }

    /// A number in the range.
    mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(random.uniform())
    }
}
