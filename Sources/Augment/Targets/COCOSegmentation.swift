import TensorCore

/// The pixels of one thing, as COCO has them: outlines, or the lengths of runs.
enum COCOSegmentation {
    /// For each outline x, y, x, y … in pixels.
    case polygons([[Double]])
    /// Lengths of runs of other pixels and of the thing's in turn, column by column.
    case runs([Int])

    /// Reads what stands at a place in the file.
    ///
    /// - Parameter image: whose size runs must have.
    init(_ scanner: inout JSONScanner, of image: COCOFile.Image) throws {
        guard try scanner.isNext("{") else {
            var polygons: [[Double]] = []
            try scanner.array { scanner in
                let numbers = try scanner.numbers().map(\.value)
                guard numbers.count >= 6, numbers.count.isMultiple(of: 2) else {
                    throw scanner.error(
                        "an outline of \(numbers.count.counted("number"))", "x and y of 3 points or more")
                }
                polygons.append(numbers)
            }
            self = .polygons(polygons)
            return
        }
        var (counts, size): ([Int], [Int]) = ([], [])
        try scanner.object { name, scanner in
            switch name {
            case "counts" where try scanner.isNext("\""):
                let text = try scanner.string()
                guard let runs = Self.runs(text) else {
                    throw scanner.error("counts '\(text.prefix(20))'", "run lengths as COCO's tools compress them")
                }
                counts = runs
            case "counts": try scanner.array { counts.append(try $0.whole()) }
            case "size": try scanner.array { size.append(try $0.whole()) }
            default: try scanner.skip()
            }
        }
        guard size == [image.height, image.width] else {
            throw scanner.error("a segmentation of size \(size)", "\([image.height, image.width]), that of the image")
        }
        guard counts.allSatisfy({ $0 >= 0 && $0 <= image.height * image.width }),
            counts.reduce(0, +) == image.height * image.width
        else {
            throw scanner.error(
                "runs of \(counts.reduce(0, &+).counted("pixel"))", "\(image.height * image.width) in all")
        }
        self = .runs(counts)
    }

    /// Run lengths from their compressed form: 5 bits in each character, the lowest first, of the difference to the
    /// length before the last.
    private static func runs(_ text: String) -> [Int]? {
        var (counts, value, shift): ([Int], Int, Int) = ([], 0, 0)
        for byte in text.utf8 {
            guard (48..<112).contains(byte), shift < 60 else { return nil }
            value |= Int((byte - 48) & 0x1F) << shift
            shift += 5
            guard (byte - 48) & 0x20 == 0 else { continue }
            if (byte - 48) & 0x10 != 0 { value |= -1 << shift }
            counts.append(counts.count > 2 ? value &+ counts[counts.count - 2] : value)
            (value, shift) = (0, 0)
        }
        return shift == 0 ? counts : nil
    }

    /// Labels the pixels whose centres the thing holds.
    ///
    /// - Parameters:
    ///   - map: [height, width], of the image as it was resized from its own extents.
    func paint(_ map: inout [UInt8], label: UInt8, height: Int, width: Int, of image: COCOFile.Image) {
        let (x, y) = (Double(image.width) / Double(width), Double(image.height) / Double(height))
        switch self {
        case .polygons(let polygons):
            for polygon in polygons {
                let corners = stride(from: 0, to: polygon.count, by: 2).map { (polygon[$0] / x, polygon[$0 + 1] / y) }
                for row in 0..<height {
                    let crossings = Self.crossings(of: corners, at: Double(row) + 0.5)
                    for place in stride(from: 0, to: crossings.count - 1, by: 2) {
                        let first = max(0, (crossings[place] - 0.5).rounded(.up))
                        let last = min(Double(width), (crossings[place + 1] - 0.5).rounded(.up))
                        guard first < last else { continue }
                        for column in Int(first)..<Int(last) { map[row * width + column] = label }
                    }
                }
            }
        case .runs(let counts):
            var isInside: [Bool] = []
            isInside.reserveCapacity(image.height * image.width)
            for (number, count) in counts.enumerated() {
                isInside += repeatElement(number % 2 == 1, count: count)
            }
            for row in 0..<height {
                let from = min(Int((Double(row) + 0.5) * y), image.height - 1)
                for column in 0..<width
                where isInside[min(Int((Double(column) + 0.5) * x), image.width - 1) * image.height + from] {
                    map[row * width + column] = label
                }
            }
        }
    }

    /// Where a row's middle crosses an outline, from the left.
    private static func crossings(of corners: [(x: Double, y: Double)], at y: Double) -> [Double] {
        var crossings: [Double] = []
        for (place, end) in corners.enumerated() {
            let start = corners[place == 0 ? corners.count - 1 : place - 1]
            guard (start.y <= y) != (end.y <= y) else { continue }
            crossings.append(start.x + (y - start.y) / (end.y - start.y) * (end.x - start.x))
        }
        return crossings.sorted()
    }
}

extension COCOFile {
    /// A label map of the segmentations of an image: of each thing's pixels 1 more than the label of its box, 0 where
    /// nothing is. Where things overlap, that of the smaller box is in front.
    ///
    /// - Parameters:
    ///   - place: of the image.
    ///   - height: to which the image was resized, as width; its own size when omitted.
    /// - Returns: [height, width], for ``ImageTargets/mask``.
    /// - Throws: `FormatError` for more than 254 categories, for outlines of less than 3 points and for runs that have
    ///   not the size of the image.
    public func labelMap(of place: Int, height: Int? = nil, width: Int? = nil) throws -> [UInt8] {
        let image = images[place]
        let (height, width) = (height ?? image.height, width ?? image.width)
        guard categories.count < 255 else {
            throw FormatError(
                file: file, place: "categories", found: "\(categories.count)",
                expected: "254 at most in a label map of one byte for each pixel")
        }
        var map = [UInt8](repeating: 0, count: height * width)
        try data.withUnsafeBytes { bytes in
            let things = try offsets[place].map { offset in
                let thing = try Annotation(bytes, from: offset, file: file, place: "annotations")
                return (thing, area: try thing.targets(in: image, of: categories, labels, file: file).boxes[0].area)
            }
            for (thing, _) in things.sorted(by: { $0.area > $1.area }) {
                guard let start = thing.segmentation, let label = labels[thing.category] else { continue }
                var scanner = JSONScanner(bytes, from: start, file: file)
                scanner.place = "annotation \(thing.id): segmentation"
                try COCOSegmentation(&scanner, of: image).paint(
                    &map, label: UInt8(label + 1), height: height, width: width, of: image)
            }
        }
        return map
    }
}
