import Foundation
import TensorCore

/// A file of annotations as the COCO data set has them (Lin et al. 2014, "Microsoft COCO: Common Objects in Context"):
/// `instances.json` and `person_keypoints.json`, and what other tools write in this form.
///
/// Read are `images` (`id`, `file_name`, `height`, `width`), `categories` (`id`, `name`, `keypoints`) and `annotations`
/// (`id`, `image_id`, `category_id`, `bbox`, `keypoints`, `segmentation`, `iscrowd`). The file is gone through once and
/// stays on the disk: of an annotation its place in the file is kept, and the rest is read when its image is asked for.
///
///     let annotations = try COCOFile(url)
///     let place = try annotations.place(of: "train/000000000139.jpg")
///     let targets = try place.map { try annotations.targets(of: $0, height: 480, width: 640) }
public struct COCOFile: Sendable {
    /// What things can be.
    public struct Category: Sendable, Hashable {
        /// The file's number of it.
        public let id: Int
        /// Its name.
        public let name: String
        /// Names of the points of such a thing, in their order.
        public let keypoints: [String]
    }

    /// An image that the file speaks of.
    public struct Image: Sendable, Hashable {
        /// The file's number of it.
        public let id: Int
        /// The path of the image's file, as the file has it.
        public let fileName: String
        /// Extents in pixels, in which the annotations count.
        public let height, width: Int
    }

    /// In ascending order of their ids, which may have gaps. Labels of boxes are places in this list.
    public let categories: [Category]
    /// In the order of the file.
    public let images: [Image]
    /// Pairs of points whose names begin with `left_` and `right_`.
    public let swaps: PointSwaps
    /// Lines on what is left out.
    public let remarks: [String]
    /// The file's name, as errors have it.
    let file: String
    let data: Data
    /// For each image, where its annotations begin in the file.
    let offsets: [[Int]]
    /// Places of the categories by id.
    let labels: [Int: Int]
    /// Places of the images by the last component of their files' names, without the ending.
    private let places: [String: [Int]]

    /// Opens a file, which must not change as long as it is in use, and checks it all.
    ///
    /// - Throws: `FormatError` with the place, which is an annotation's id where there is one: for what is no JSON or
    ///   lacks a member, for ids that no image or category has, for boxes that have no four numbers or lie outside of
    ///   their image by more than a unit of their last digit, and for another number of points than the category has.
    ///   `MachineError` where the machine cannot read the file.
    public init(_ url: URL) throws {
        // Refuses what is no file, which a mapping would wait for or tell less well.
        _ = try FileReader(FilePath(url))
        let data: Data
        do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
            throw MachineError(url.relativePath, "cannot be mapped into memory")
        }
        try self.init(decoding: data, file: url.relativePath)
    }

    /// Reads a file's bytes, as ``init(_:)``.
    ///
    /// - Parameter file: what errors call it.
    public init(decoding data: Data, file: String) throws {
        let contents = try data.withUnsafeBytes { try Contents($0, file: file) }
        (self.file, self.data) = (file, data)
        (categories, images, labels) = (contents.categories, contents.images, contents.labels)
        places = Dictionary(grouping: contents.images.indices) {
            Self.name(of: contents.images[$0].fileName).last ?? ""
        }
        var (swaps, first) = (PointSwaps(), 0)
        for category in categories {
            swaps.add(PointSwaps(names: category.keypoints), from: first)
            first += category.keypoints.count
        }
        self.swaps = swaps
        var offsets = [[Int]](repeating: [], count: images.count)
        var (crowds, flat) = (0, 0)
        try data.withUnsafeBytes { bytes in
            for (number, offset) in contents.offsets.enumerated() {
                let annotation = try Annotation(bytes, from: offset, file: file, place: "annotations[\(number)]")
                guard let image = contents.imagePlaces[annotation.image] else {
                    throw annotation.error("image_id \(annotation.image)", "the id of one of the images", file)
                }
                if annotation.isCrowd {
                    crowds += 1
                } else if annotation.isFlat {
                    flat += 1
                } else {
                    _ = try annotation.targets(
                        in: contents.images[image], of: contents.categories, contents.labels, file: file)
                    offsets[image].append(offset)
                }
            }
        }
        self.offsets = offsets
        remarks = [
            crowds > 0 ? "\(file): \(crowds.counted("crowd")) (iscrowd) left out" : nil,
            flat > 0 ? "\(file): \(flat.counted("box", "boxes")) without area left out" : nil,
        ].compactMap { $0 }
    }

    /// The place of an image in ``images``; nil where the file does not speak of it.
    ///
    /// - Parameter path: of the image's file in its folder, with or without the ending. Where one of the two paths lies
    ///   in more folders than the other, what both have must be the same.
    /// - Throws: `FormatError` where several images could be meant.
    public func place(of path: String) throws(FormatError) -> Int? {
        let wanted = Self.name(of: path)
        func fits(_ place: Int) -> Bool {
            zip(Self.name(of: images[place].fileName).reversed(), wanted.reversed()).allSatisfy { $0 == $1 }
        }
        let found = (places[wanted.last ?? ""] ?? []).filter(fits)
        guard found.count > 1 else { return found.first }
        // In a deeper folder there may be another one of the same name.
        let same = found.filter { Self.name(of: images[$0].fileName) == wanted }
        guard same.count == 1 else {
            throw FormatError(
                file: file, place: "images", found: found.prefix(2).map { images[$0].fileName }.joined(separator: ", "),
                expected: "one image that is called \(path)")
        }
        return same[0]
    }

    /// The folders and the name of an image without its ending.
    private static func name(of path: String) -> [String] {
        var parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
        guard let last = parts.popLast() else { return [] }
        let ending = last.lastIndex(of: ".").map { last[$0...].lowercased() } ?? ""
        return parts + [[".jpg", ".jpeg", ".png"].contains(ending) ? String(last.dropLast(ending.count)) : last]
    }

    /// Boxes and points of an image, in the order of the file; of each box all points of its category, in their order,
    /// invisible where they were not labelled. Labels of points count on from category to category.
    ///
    /// - Parameters:
    ///   - place: of the image.
    ///   - height: to which the image was resized, as width; its own size when omitted.
    /// - Throws: `FormatError` as ``init(_:)``.
    public func targets(of place: Int, height: Int? = nil, width: Int? = nil) throws -> ImageTargets {
        let image = images[place]
        let (height, width) = (height ?? image.height, width ?? image.width)
        var targets = ImageTargets()
        try data.withUnsafeBytes { bytes in
            for offset in offsets[place] {
                let annotation = try Annotation(bytes, from: offset, file: file, place: "annotations")
                let own = try annotation.targets(in: image, of: categories, labels, file: file)
                targets.boxes += own.boxes
                targets.keypoints += own.keypoints
            }
        }
        return targets.scaled(from: (image.height, image.width), to: (height, width))
    }
}

extension ImageTargets {
    /// The same boxes and points in an image that was resized.
    fileprivate func scaled(from old: (height: Int, width: Int), to new: (height: Int, width: Int)) -> ImageTargets {
        guard old != new else { return self }
        let (x, y) = (Double(new.width) / Double(old.width), Double(new.height) / Double(old.height))
        var scaled = self
        scaled.boxes = boxes.map { box in
            BoundingBox(
                left: box.left * x, top: box.top * y, right: box.right * x, bottom: box.bottom * y, label: box.label
            ).clipped(height: new.height, width: new.width)
        }
        scaled.keypoints = keypoints.map { point in
            Keypoint(
                x: min(point.x * x, Double(new.width)), y: min(point.y * y, Double(new.height)), label: point.label,
                isVisible: point.isVisible)
        }
        return scaled
    }
}
