import Datasets
import TensorCore

/// Views of images in rows and columns: what a policy does, operation by operation and strength by strength.
public struct ContactSheet {
    /// A column, and what it shows.
    public struct Column: Encodable, Sendable {
        /// Where the operation stands in the policy's JSON; nil for the image as it is and for the whole policy.
        public let place: String?
        /// The operation's place and name, and its strength or draw.
        public let title: String
        /// The factor on the operation's ranges.
        public let strength: Double

        /// Describes a column.
        public init(place: String?, title: String, strength: Double) {
            self.place = place
            self.title = title
            self.strength = strength
        }
    }

    /// What a column shows: images, and the targets of each where there are any.
    public struct View: Sendable {
        let images: ImageSet
        let targets: [ImageTargets]

        /// Creates a view.
        ///
        /// - Parameter targets: none, or as many as images.
        public init(images: ImageSet, targets: [ImageTargets] = []) {
            self.images = images
            self.targets = targets
        }
    }

    /// What the columns show, from the left.
    public let columns: [Column]
    /// The images of each column, as many in each.
    let views: [View]

    /// Creates a sheet of views that are there already, one for each column.
    public init(columns: [Column], views: [View]) {
        require(
            columns.count == views.count && Set(views.map(\.images.count)).count < 2,
            "ContactSheet: \(columns.count) columns, views of \(views.map(\.images.count)) images")
        self.columns = columns
        self.views = views
    }

    /// The numbers of the rows.
    public var rows: Range<Int> { 0..<(views.first?.images.count ?? 0) }
}

extension ContactSheet {
    /// Draws the views.
    ///
    /// An operation that has no strength is drawn several times instead, and draws that look the same are shown once. A
    /// policy of one operation that is always done has no column of the whole beside that of strength 1.
    ///
    /// - Parameters:
    ///   - policy: what is looked at.
    ///   - strengths: factors on the ranges of each operation.
    ///   - images: of 1 or 3 channels, a row each.
    ///   - targets: none, or as many as images; they are moved with them and drawn.
    ///   - rules: how targets follow the images.
    ///   - seed: what the draws depend on.
    /// - Throws: `FormatError` where there are targets and the policy mixes images.
    public init(
        _ policy: AugmentationPolicy, strengths: [Double], of images: ImageSet, targets: [ImageTargets] = [],
        by rules: TargetRules = TargetRules(), seed: UInt64
    ) throws {
        func view(_ policy: AugmentationPolicy, epoch: Int = 0) throws -> View {
            let raw = RawBatch(images: images, seed: seed, epoch: epoch)
            guard !targets.isEmpty else { return View(images: policy.images(raw)) }
            let result = try policy.apply(to: raw, targets: targets, by: rules)
            return View(images: result.images, targets: result.targets)
        }
        var columns = [Column(place: nil, title: "as it is", strength: 0)]
        var views = [View(images: images, targets: targets)]
        func add(_ place: String?, _ title: String, _ strength: Double, _ view: View) {
            columns.append(Column(place: place, title: title, strength: strength))
            views.append(view)
        }
        for (place, name, single) in policy.singleOperations {
            if single.scaled(by: 0.5) == single {
                var seen: Set<[UInt8]> = []
                for epoch in 0..<8 where seen.count < strengths.count {
                    let drawn = try view(single, epoch: epoch)
                    guard seen.insert(drawn.images.pixels).inserted else { continue }
                    add(place, "\(place) \(name)" + (epoch > 0 ? ", draw \(epoch + 1)" : ""), 1, drawn)
                }
            } else {
                for strength in strengths {
                    add(
                        place, "\(place) \(name), strength \(strength)", strength, try view(single.scaled(by: strength))
                    )
                }
            }
        }
        if policy.singleOperations.map(\.policy) != [policy] || !strengths.contains(1) {
            add(nil, "the whole policy", 1, try view(policy))
        }
        self.init(columns: columns, views: views)
    }

    /// The sheet as one image of 3 channels, white between the views; wider where another operation begins.
    ///
    /// Small images are enlarged by a whole factor, so that their longer side has 96 pixels at least.
    public func drawn() -> ImageSet {
        let layout = layout
        var picture = Picture(height: layout.height, width: layout.width)
        for (view, left) in zip(views, layout.lefts) {
            for row in rows {
                let tile = Tile(top: Self.gap + row * layout.rowHeight, left: left, factor: layout.factor)
                picture.place(view.images, row, at: tile)
                if !view.targets.isEmpty { picture.draw(view.targets[row], width: view.images.width, at: tile) }
            }
        }
        return picture.image
    }

    /// The number of pixels of ``drawn()``.
    public var pixelCount: Int { layout.height * layout.width }

    private var layout: (height: Int, width: Int, lefts: [Int], rowHeight: Int, factor: Int) {
        let side = views.map { max($0.images.height, $0.images.width) }.max() ?? 1
        let factor = max(1, (Self.smallestSide + side - 1) / side)
        var (lefts, width) = ([Int](), Self.gap)
        for (number, column) in columns.enumerated() {
            if number > 0, column.place != columns[number - 1].place { width += 2 * Self.gap }
            lefts.append(width)
            width += views[number].images.width * factor + Self.gap
        }
        let rowHeight = (views.map(\.images.height).max() ?? 1) * factor + Self.gap
        return (Self.gap + rows.count * rowHeight, width, lefts, rowHeight, factor)
    }

    private static let gap = 4
    private static let smallestSide = 96
}
