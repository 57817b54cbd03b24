import Foundation
import Retort

/// Views of images in rows and columns: what a policy does, operation by operation and strength by strength.
struct ContactSheet {
    /// A column, and what it shows.
    struct Column: Encodable {
        /// Where the operation stands in the policy's JSON; nil for the image as it is and for the whole policy.
        let place: String?
        let title: String
        let strength: Double
    }

    /// What a column shows: images, and where there are any the targets of each.
    struct View {
        let images: ImageSet
        var targets: [ImageTargets] = []
    }

    let columns: [Column]
    /// What each column shows, as many images in each.
    let views: [View]

    /// Row numbers.
    var rows: Range<Int> { 0..<(views.first?.images.count ?? 0) }
}

extension ContactSheet {
    /// Draws the views.
    ///
    /// An operation that has no strength is drawn several times instead, and what looks the same stands there once. A policy that is one operation, always done, has no column of the whole beside that of strength 1.
    ///
    /// - Parameter targets: as many as images; they are moved with them and drawn.
    /// - Throws: `FormatError` where there are targets and the policy mixes images.
    init(
        _ policy: AugmentationPolicy, strengths: [Double], of images: ImageSet, targets: [ImageTargets] = [],
        seed: UInt64
    ) throws {
        func view(_ policy: AugmentationPolicy, epoch: Int = 0) throws -> View {
            let raw = RawBatch(images: images, seed: seed, epoch: epoch)
            guard !targets.isEmpty else { return View(images: policy.images(raw)) }
            let result = try policy.apply(to: raw, targets: targets)
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

    /// The sheet, white between the images; wider where another operation begins. Small images are enlarged by a whole
    /// number, so that their longer side has 96 pixels at least.
    ///
    /// - Throws: `FormatError` for a sheet of more pixels than an image may have.
    func image() throws -> DecodedImage {
        let side = views.map { max($0.images.height, $0.images.width) }.max() ?? 1
        let factor = max(1, (Self.smallestSide + side - 1) / side)
        var (lefts, width) = ([Int](), Self.gap)
        for (number, column) in columns.enumerated() {
            if number > 0, column.place != columns[number - 1].place { width += 2 * Self.gap }
            lefts.append(width)
            width += views[number].images.width * factor + Self.gap
        }
        let rowHeight = (views.map(\.images.height).max() ?? 1) * factor + Self.gap
        let height = Self.gap + rows.count * rowHeight
        guard height * width <= ImageFile.largestPixelCount else {
            throw FormatError(
                file: "--samples", found: "a sheet of \(height)×\(width) pixels",
                expected: "\(ImageFile.largestPixelCount) at most")
        }
        var picture = Picture(height: height, width: width)
        for (view, left) in zip(views, lefts) {
            for row in rows {
                let tile = Tile(top: Self.gap + row * rowHeight, left: left, factor: factor)
                picture.place(view.images.image(row), at: tile)
                if !view.targets.isEmpty { picture.draw(view.targets[row], width: view.images.width, at: tile) }
            }
        }
        return picture.image
    }

    private static let gap = 4
    private static let smallestSide = 96
}

extension ImageSet {
    /// One of the images by itself.
    func image(_ place: Int) -> DecodedImage {
        DecodedImage(
            pixels: Array(pixels[place * imageSize..<(place + 1) * imageSize]), height: height, width: width,
            channels: channels)
    }
}
