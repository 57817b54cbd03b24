// Snippets of Augment's documentation, so that they are compiled. Nothing here is run.
import Foundation
import Retort

/// Bends the horizon: columns rise towards the middle of the image.
struct Arch: PixelOperation {
    static let name = "arch"
    static let template = Arch(rise: 0)
    static let isGeometric = true  // hard samples are bent more, or less, by a HardnessController

    /// The most that the middle rises, as a share of the height.
    @Field("rise", within: 0...0.5, neutral: 0, required: true) var rise: Double

    init(rise: Double) { self.rise = rise }

    mutating func visitFields(_ visit: FieldVisitor) { visit(&_rise) }

    /// What rules of tasks go by: text bears less of it than photographs.
    var effects: [PixelEffect]? { [.deforms(share: rise)] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let (width, height) = (Double(extent.width), Double(extent.height))
        let drawn = stream.uniform(in: 0...rise) * height
        view.append(
            .displacement(border: .edge) { x, y in
                let aside = 2 * x / width - 1
                return (x, y + drawn * (1 - aside * aside))
            })
    }
}

private func ownOperation(_ url: URL) throws {
    AugmentationPolicy.register(Arch.self)
    let policy = try AugmentationPolicy(json: Data(contentsOf: url), file: url.lastPathComponent)
    let costs = OperationCosts.calibrated(channels: 3, for: policy)
    print(policy.lint(for: .natural), try policy.cost(imageSize: (32, 32), by: costs))
}

/// A leading dot names a ready policy wherever any transform is expected.
private func leadingDot(_ digits: ImageSet) -> TrainingData { TrainingData(labelled: digits, transform: .digits) }
