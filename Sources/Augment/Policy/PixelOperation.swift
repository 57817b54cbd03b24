import Datasets
import TensorCore

/// One kind of augmentation: a few fields, and what a draw from them does to the pixels of an image.
///
/// The operations of this library are declared by this protocol, and so is one of your own:
///
///     struct Lean: PixelOperation {
///         static let name = "lean"
///         static let template = Lean(slope: 0)
///         static let isGeometric = true
///
///         /// The largest share of the height by which a column rises, either way.
///         @Field("slope", within: 0...1, neutral: 0, required: true) var slope: Double
///
///         init(slope: Double) { self.slope = slope }
///
///         mutating func visitFields(_ visit: FieldVisitor) { visit(&_slope) }
///
///         var effects: [PixelEffect]? { [.shears(degrees: atan(slope) * 180 / .pi)] }
///
///         func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
///             let drawn = stream.uniform(in: -slope...slope)
///             view.append(.warp(Warp(yx: drawn, y0: -drawn * Double(extent.width) / 2, border: .zero)))
///         }
///     }
///
/// An ``AugmentationPolicy`` then treats it as it treats the others: neighbours fuse, the policy's JSON names it and
/// its fields, rules of tasks see its ``effects``, its cost is measured and predicted, a ``DrawRecord`` gives its views
/// again, boxes and points move with the pixels, and a sample's hardness scales its geometry. Reading it from JSON
/// needs ``AugmentationPolicy/register(_:)`` first.
///
/// The type is a struct whose stored properties are all fields.
public protocol PixelOperation: PolicyElement, Hashable {
    /// What a policy file calls the operation.
    static var name: String { get }
    /// The operation whose fields stand for those that a policy file leaves out.
    static var template: Self { get }
    /// Whether a sample's hardness scales the fields of this operation; false unless said otherwise.
    static var isGeometric: Bool { get }
    /// What the operation can do to an image at most, for the rules of an ``ImageTask``.
    ///
    /// An empty array says that every task bears the operation. nil, which holds unless said otherwise, says nothing,
    /// and ``AugmentationPolicy/lint(for:)`` reports the operation for every task. The library's own operations are
    /// known to the rules by their types, and this property is not read.
    var effects: [PixelEffect]? { get }

    /// Hands every field to the visitor, a line each: `visit(&_slope)`.
    ///
    /// A type without fields needs no such function.
    mutating func visitFields(_ visit: FieldVisitor)

    /// Draws once, and appends what is to be done to the pixels of one image.
    ///
    /// What is appended must be a function of the fields, the extent and the stream alone. Take as many numbers from
    /// the stream whatever the fields hold, where that is possible: then a wider range moves the draws and does not
    /// shuffle them.
    ///
    /// - Parameters:
    ///   - extent: of the image.
    ///   - stream: the random numbers of this operation, sample, epoch and draw.
    ///   - view: what the operations before this one do to the image.
    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange])
}

extension PixelOperation {
    public static var isGeometric: Bool { false }

    public var effects: [PixelEffect]? { nil }

    public mutating func visitFields(_ visit: FieldVisitor) {}

    /// The operation as an element of a policy.
    ///
    /// Stops the program where the type is declared wrongly: a stored property that ``visitFields(_:)`` does not visit,
    /// a field of another name than its property's, or a name that belongs to another operation or a group.
    public var step: AugmentationStep {
        if let fault = Self.declarationFault { fatalError(fault) }
        return AugmentationStep(content: .operation(self))
    }
}

extension PixelOperation {
    /// The fields with their names, in the order in which they are visited.
    var fields: [(name: String, json: JSONValue)] {
        var copy = self
        let list = FieldList()
        copy.visitFields(FieldVisitor(work: list))
        return list.fields
    }

    /// The same operation with its fields scaled about what changes nothing, within their limits.
    func scaled(by factor: Double) -> Self {
        guard factor != 1 else { return self }
        var scaled = self
        scaled.visitFields(FieldVisitor(work: FieldScaling(factor: factor)))
        return scaled
    }

    /// What is wrong with the declaration of this type; nil for a sound one.
    static var declarationFault: String? {
        let visited = template.fields.map(\.name)
        let stored = Mirror(reflecting: template).children.map { child in
            child.label.map { $0.hasPrefix("_") ? String($0.dropFirst()) : $0 } ?? ""
        }
        if let forgotten = stored.first(where: { !visited.contains($0) }) {
            return "\(Self.self): visitFields does not visit the stored property \(forgotten)"
        }
        if visited.count != stored.count {
            return "\(Self.self): visitFields visits \(visited), each of \(stored) once expected"
        }
        if let reserved = visited.first(where: { ["operation", "probability"].contains($0) }) {
            return "\(Self.self): a field is called \(reserved), which policy files use themselves"
        }
        if OperationRegistry.groups.contains(name) { return "\(Self.self): is called \(name), the name of a group" }
        guard let other = OperationRegistry.type(named: name), other != Self.self else { return nil }
        return "\(Self.self): is called \(name), the name of \(other)"
    }
}

/// Extents of the images that a policy acts on.
public struct ImageExtent: Sendable, Hashable {
    /// Pixels from top to bottom, pixels from left to right, and bytes of a pixel.
    public let height, width, channels: Int

    /// Creates an extent.
    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// Bytes of an image.
    public var count: Int { height * width * channels }
    /// Whether three channels are red, green and blue: true for images of 3 channels, and of 4, whose fourth is
    /// opacity.
    public var hasColour: Bool { channels == 3 || channels == 4 }
    /// Channels that show colour or brightness: all but the fourth of four, which is opacity.
    public var colours: Int { channels == 4 ? 3 : channels }
}

extension ImageExtent {
    /// How many times the shorter side is that of the images that weather is described for, 224 pixels.
    var scaleFrom224: Double { Double(min(height, width)) / 224 }
}

/// The random numbers of one place in a policy, for one sample, epoch and draw.
///
/// Equal draws give equal numbers in any run, on any number of threads and on any machine.
public struct RandomStream: Sendable {
    let seed: UInt64
    let epoch, sample, operation: Int
    /// The generator itself, for what ``uniform(in:)`` does not give. Its first word has decided whether the operation
    /// is done at all.
    public var random: Philox

    init(seed: UInt64, epoch: Int, sample: Int, draw: Int, place: Int) {
        self.seed = seed
        self.epoch = epoch
        self.sample = sample
        operation = RandomPurpose.augmentation + place + AugmentationStep.placeLimit * draw
        random = Philox(seed: seed, epoch: epoch, sample: sample, operation: operation)
    }

    /// A number in the range, each equally likely.
    public mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(random.uniform())
    }
}
