import Foundation
import TensorCore

extension COCOFile {
    /// What the file holds, but for the annotations themselves.
    struct Contents {
        private(set) var categories: [Category] = []
        private(set) var images: [Image] = []
        /// Where each annotation begins.
        private(set) var offsets: [Int] = []
        private(set) var imagePlaces: [Int: Int] = [:]
        private(set) var labels: [Int: Int] = [:]

        init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
            // The mark that some editors write first.
            let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            var scanner = JSONScanner(bytes, from: start, file: file)
            var present: Set<String> = []
            do {
                guard try scanner.isNext("{") else {
                    throw FormatError(
                        file: file, found: "something else", expected: "an object of images, annotations and categories"
                    )
                }
                try scanner.object { name, scanner in
                    present.insert(name)
                    switch name {
                    case "images": try scanner.elements(of: name) { images.append(try Self.image(&$0)) }
                    case "categories": try scanner.elements(of: name) { categories.append(try Self.category(&$0)) }
                    case "annotations":
                        try scanner.elements(of: name) { scanner in
                            // Past the space before it, so that a kept place is the annotation's own.
                            _ = try scanner.isNext("{")
                            offsets.append(scanner.position)
                            try scanner.skip()
                        }
                    default: try scanner.skip()
                    }
                }
                try scanner.end()
            }
            if let missing = ["images", "annotations", "categories"].first(where: { !present.contains($0) }) {
                throw FormatError(
                    file: file, found: "no '\(missing)'",
                    expected: "images, annotations and categories, as COCO has them")
            }
            categories.sort { $0.id < $1.id }
            labels = try Self.places(of: categories.map(\.id), "categories", file)
            imagePlaces = try Self.places(of: images.map(\.id), "images", file)
        }

        private static func places(of ids: [Int], _ member: String, _ file: String) throws -> [Int: Int] {
            var places: [Int: Int] = [:]
            for (place, id) in ids.enumerated() where places.updateValue(place, forKey: id) != nil {
                throw FormatError(file: file, place: member, found: "id \(id) twice", expected: "an id of its own each")
            }
            return places
        }

        private static func image(_ scanner: inout JSONScanner) throws -> Image {
            var (id, name, height, width): (Int?, String?, Int?, Int?)
            try scanner.object { member, scanner in
                switch member {
                case "id": id = try scanner.whole()
                case "file_name": name = try scanner.string()
                case "height": height = try scanner.whole()
                case "width": width = try scanner.whole()
                default: try scanner.skip()
                }
            }
            guard let id, let name, let height, let width else {
                throw scanner.error("an image without one of them", "id, file_name, height and width")
            }
            guard height > 0, width > 0 else { throw scanner.error("\(width)×\(height)", "1 pixel or more each way") }
            return Image(id: id, fileName: name, height: height, width: width)
        }

        private static func category(_ scanner: inout JSONScanner) throws -> Category {
            var (id, name, points): (Int?, String?, [String]) = (nil, nil, [])
            try scanner.object { member, scanner in
                switch member {
                case "id": id = try scanner.whole()
                case "name": name = try scanner.string()
                case "keypoints": try scanner.array { points.append(try $0.string()) }
                default: try scanner.skip()
                }
            }
            guard let id, let name else { throw scanner.error("a category without one of them", "id and name") }
            return Category(id: id, name: name, keypoints: points)
        }
    }

    /// What the file says of one thing.
    struct Annotation {
        private(set) var id = 0
        /// Ids of the image and the category.
        private(set) var image = 0
        private(set) var category = 0
        private(set) var isCrowd = false
        /// Where its segmentation begins in the file.
        private(set) var segmentation: Int?
        private var box: [JSONScanner.Number] = []
        private var points: [JSONScanner.Number] = []

        init(_ bytes: UnsafeRawBufferPointer, from offset: Int, file: String, place: String) throws {
            var scanner = JSONScanner(bytes, from: offset, file: file)
            scanner.place = place
            var missing: Set = ["id", "image_id", "category_id", "bbox"]
            try scanner.object { name, scanner in
                missing.remove(name)
                switch name {
                case "id":
                    id = try scanner.whole()
                    scanner.place = "annotation \(id)"
                case "image_id": image = try scanner.whole()
                case "category_id": category = try scanner.whole()
                case "bbox": box = try scanner.numbers()
                case "keypoints": points = try scanner.numbers()
                case "iscrowd":
                    if try scanner.isNext("t") || scanner.isNext("f") || scanner.isNext("n") {
                        isCrowd = try scanner.isNext("t")
                        try scanner.skip()
                    } else {
                        isCrowd = try scanner.whole() != 0
                    }
                case "segmentation":
                    segmentation = scanner.position
                    try scanner.skip()
                default: try scanner.skip()
                }
            }
            if let name = missing.min() { throw scanner.error("no '\(name)'", "id, image_id, category_id and bbox") }
        }

        /// Whether it has no area, as a few in COCO itself.
        var isFlat: Bool { box.count == 4 && box[2...].contains { $0.value == 0 } }

        func error(_ found: String, _ expected: String, _ file: String) -> FormatError {
            FormatError(file: file, place: "annotation \(id)", found: found, expected: expected)
        }

        /// Its box and points, in pixels of the image.
        func targets(
            in image: Image, of categories: [Category], _ labels: [Int: Int], file: String
        ) throws -> ImageTargets {
            guard let label = labels[category] else {
                throw error("category_id \(category)", "the id of one of the categories", file)
            }
            let digit = ImageTargets.lastDigit(of: box.map(\.text)[...])
            let box = try BoundingBox(
                box.map(\.value), as: .coco, label: label, height: image.height, width: image.width,
                roundedTo: digit, file: file, place: "annotation \(id)")
            return ImageTargets(boxes: [box], keypoints: try keypoints(in: image, of: categories, label, file))
        }

        private func keypoints(in image: Image, of categories: [Category], _ label: Int, _ file: String) throws
            -> [Keypoint]
        {
            let category = categories[label]
            let count = category.keypoints.count
            guard points.count == 3 * count || points.isEmpty else {
                throw error(
                    "keypoints of \(points.count.counted("number"))",
                    "\(3 * count), x, y and visibility for each of the \(count.counted("point")) of \(category.name)",
                    file)
            }
            let first = categories[..<label].reduce(0) { $0 + $1.keypoints.count }
            return try (0..<count).map { number in
                guard !points.isEmpty else { return Keypoint(x: 0, y: 0, label: first + number, isVisible: false) }
                let (x, y, visibility) = (points[3 * number], points[3 * number + 1], points[3 * number + 2])
                let name = category.keypoints[number]
                guard [0, 1, 2].contains(visibility.value) else {
                    throw error("visibility \(visibility.text) of \(name)", "0, 1 or 2", file)
                }
                guard visibility.value > 0 else { return Keypoint(x: 0, y: 0, label: first + number, isVisible: false) }
                let digit = ImageTargets.lastDigit(of: [x.text, y.text])
                let (width, height) = (Double(image.width), Double(image.height))
                guard (-digit...width + digit).contains(x.value), (-digit...height + digit).contains(y.value) else {
                    throw error(
                        "\(name) at \(x.text), \(y.text)", "a point inside \(image.width)×\(image.height) pixels", file)
                }
                return Keypoint(x: min(max(x.value, 0), width), y: min(max(y.value, 0), height), label: first + number)
            }
        }
    }
}

extension JSONScanner {
    /// Reads an array whose elements errors call by their number.
    fileprivate mutating func elements(of name: String, _ element: (inout JSONScanner) throws -> Void) throws {
        var number = 0
        try array { scanner in
            scanner.place = "\(name)[\(number)]"
            try element(&scanner)
            scanner.place = ""
            number += 1
        }
    }
}
