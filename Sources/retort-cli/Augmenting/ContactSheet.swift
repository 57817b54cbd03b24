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

    let columns: [Column]
    /// The images of each column, all of one size.
    private let views: [ImageSet]

    /// Row numbers.
    var rows: Range<Int> { 0..<(views.first?.count ?? 0) }

    init(_ policy: AugmentationPolicy, strengths: [Double], of images: ImageSet, seed: UInt64) throws {
        let raw = RawBatch(images: images, seed: seed, epoch: 0)
        var (columns, views) = ([Column(place: nil, title: "as it is", strength: 0)], [images])
        for (place, name, single) in policy.singleOperations {
            for strength in strengths {
                columns.append(
                    Column(
                        place: place, title: "\(place) \(name), strength \(strength)", strength: strength))
                views.append(single.scaled(by: strength).images(raw))
            }
        }
        columns.append(Column(place: nil, title: "the whole policy", strength: 1))
        views.append(policy.images(raw))
        (self.columns, self.views) = (columns, views)
    }

    /// The sheet, white between the images; wider where another operation begins.
    ///
    /// - Throws: `FormatError` for a sheet of more pixels than an image may have.
    func image() throws -> DecodedImage {
        guard let first = views.first else { fatalError("ContactSheet: no column") }
        let (height, width, channels) = (first.height, first.width, first.channels)
        var (lefts, x) = ([Int](), Self.gap)
        for (number, column) in columns.enumerated() {
            if number > 0, column.place != columns[number - 1].place { x += 2 * Self.gap }
            lefts.append(x)
            x += width + Self.gap
        }
        let sheetHeight = Self.gap + rows.count * (height + Self.gap)
        guard sheetHeight * x <= ImageFile.largestPixelCount else {
            throw FormatError(
                file: "--samples", found: "a sheet of \(sheetHeight)×\(x) pixels",
                expected: "\(ImageFile.largestPixelCount) at most")
        }
        var pixels = [UInt8](repeating: 255, count: sheetHeight * x * channels)
        for (view, left) in zip(views, lefts) {
            for row in rows {
                for line in 0..<height {
                    let source = (row * height + line) * width * channels
                    let target = ((Self.gap + row * (height + Self.gap) + line) * x + left) * channels
                    pixels.replaceSubrange(
                        target..<target + width * channels, with: view.pixels[source..<source + width * channels])
                }
            }
        }
        return DecodedImage(pixels: pixels, height: sheetHeight, width: x, channels: channels)
    }

    private static let gap = 2
}
