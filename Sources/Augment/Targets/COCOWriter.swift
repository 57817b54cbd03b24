import Foundation
import TensorCore

/// Collects the targets of augmented images for a file as COCO has it.
///
/// Written are boxes with their area, and points. Segmentations are not: they are label maps by then.
public struct COCOWriter: Sendable {
    private let categories: [COCOFile.Category]
    private var images: [String] = []
    private var annotations: [String] = []

    /// Begins a file.
    ///
    /// - Parameter categories: what labels of boxes stand for, see ``COCOFile/categories``.
    public init(categories: [COCOFile.Category]) { self.categories = categories }

    /// Adds an image. Ids of images and of annotations count from 1.
    ///
    /// - Parameters:
    ///   - views: a batch of augmented images.
    ///   - place: of the image among them.
    ///   - original: what was given for it: of each box the points of its category, box by box.
    ///   - fileName: the path of its file, as the file will have it.
    /// - Throws: `FormatError` for a box whose label is no place of a category, and where it cannot be said which
    ///   points are whose.
    public mutating func add(
        _ views: TargetedImages, _ place: Int, from original: ImageTargets, as fileName: String
    ) throws {
        for box in original.boxes + views.targets[place].boxes where !categories.indices.contains(box.label) {
            throw FormatError(
                file: "targets", place: "[\(place)]", found: "label \(box.label) of a box",
                expected: "less than \(categories.count), the number of categories")
        }
        let boxes = try views.pointsByBox(
            of: place, from: original, counts: original.boxes.map { categories[$0.label].keypoints.count })
        let id = images.count + 1
        images.append(
            "{\"id\": \(id), \"file_name\": \(fileName.json), \"height\": \(views.images.height), "
                + "\"width\": \(views.images.width)}")
        for (box, points) in boxes {
            let numbers = box.numbers(as: .coco, height: views.images.height, width: views.images.width)
            var text =
                "{\"id\": \(annotations.count + 1), \"image_id\": \(id), \"category_id\": \(categories[box.label].id), "
                + "\"bbox\": [\(numbers.map(\.json).joined(separator: ", "))], \"area\": \(box.area.json), "
                + "\"iscrowd\": 0"
            if !points.isEmpty {
                let shown = points.map { $0.isVisible ? "\($0.x.json), \($0.y.json), 2" : "0, 0, 0" }
                text +=
                    ", \"num_keypoints\": \(points.count { $0.isVisible }), "
                    + "\"keypoints\": [\(shown.joined(separator: ", "))]"
            }
            annotations.append(text + "}")
        }
    }

    /// The file: the same bytes for the same images.
    public var json: Data {
        let categories = categories.map { category in
            let points = category.keypoints.map(\.json).joined(separator: ", ")
            return "{\"id\": \(category.id), \"name\": \(category.name.json)"
                + (points.isEmpty ? "}" : ", \"keypoints\": [\(points)]}")
        }
        let members = [("images", images), ("annotations", annotations), ("categories", categories)].map {
            "\"\($0)\": [\n\($1.joined(separator: ",\n"))\n]"
        }
        return Data("{\(members.joined(separator: ",\n"))}\n".utf8)
    }
}

extension Double {
    /// To a ten thousandth of a pixel.
    fileprivate var json: String { String(format: "%.4f", self) }
}

extension String {
    /// In quotation marks, with escapes for what JSON does not have in a text.
    fileprivate var json: String {
        let text = unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\u{0}"..<"\u{20}": String(format: "\\u%04x", scalar.value)
            default: String(scalar)
            }
        }
        return "\"\(text.joined())\""
    }
}
