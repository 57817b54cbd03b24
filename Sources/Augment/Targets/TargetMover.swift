import Datasets

/// The targets of one image after its own passes.
struct MovedTargets {
    /// The boxes as they were.
    let given: [BoundingBox]
    /// The boxes where they are now, cut to the frame, and how much of each is inside.
    let boxes: [(box: BoundingBox, share: Double)]
    let keypoints: [Keypoint]
    let mask: [UInt8]?
}

/// Carries the targets of one image through the passes that moved its pixels.
struct TargetMover {
    let view: View
    /// Of the view.
    let extent: ImageExtent
    let rules: TargetRules

    private var width: Double { Double(extent.width) }
    private var height: Double { Double(extent.height) }

    func move(_ targets: ImageTargets) -> MovedTargets {
        var boxes: [(box: BoundingBox, share: Double)] = targets.boxes.map { ($0, 1) }
        var points: [Point?] = targets.keypoints.map { Point(x: $0.x, y: $0.y) }
        var isMirrored = false
        for pass in view.passes {
            switch pass {
            case .warp(let warp):
                boxes = boxes.map { moved($0, by: warp) }
                points = points.map { $0.flatMap(warp.output) }
                if warp.determinant < 0 { isMirrored.toggle() }
            case .displace(let displacement):
                let field = ReadingPlaces(displacement, extent)
                boxes = boxes.map { moved($0, by: field) }
                points = points.map { $0.flatMap { isInside($0) ? field.output(of: $0) : $0 } }
            // These leave things where they are.
            case .tones, .noise, .fill, .color, .filter: continue
            }
        }
        let keypoints = zip(targets.keypoints, points).map { before, after in
            let label = isMirrored ? rules.swaps[before.label] : before.label
            guard let after else { return Keypoint(x: before.x, y: before.y, label: label, isVisible: false) }
            return Keypoint(x: after.x, y: after.y, label: label, isVisible: before.isVisible && isInside(after))
        }
        return MovedTargets(given: targets.boxes, boxes: boxes, keypoints: keypoints, mask: targets.mask.map(labels))
    }

    private func isInside(_ point: Point) -> Bool {
        point.x >= 0 && point.x <= width && point.y >= 0 && point.y <= height
    }

    private func moved(
        _ part: (box: BoundingBox, share: Double), by warp: Warp
    ) -> (box: BoundingBox, share: Double) {
        let box = part.box
        guard part.share > 0 else { return part }
        let corners = [
            Point(x: box.left, y: box.top), Point(x: box.right, y: box.top), Point(x: box.right, y: box.bottom),
            Point(x: box.left, y: box.bottom),
        ].compactMap(warp.output)
        // A corner beyond the horizon: no rectangle holds the rest.
        guard corners.count == 4 else { return (box, 0) }
        var hull = BoundingBox(
            left: corners[0].x, top: corners[0].y, right: corners[0].x, bottom: corners[0].y, label: box.label)
        for corner in corners.dropFirst() {
            hull.left = min(hull.left, corner.x)
            hull.top = min(hull.top, corner.y)
            hull.right = max(hull.right, corner.x)
            hull.bottom = max(hull.bottom, corner.y)
        }
        let cut = hull.clipped(height: extent.height, width: extent.width)
        return (cut, hull.area > 0 ? part.share * cut.area / hull.area : 0)
    }

    private func moved(
        _ part: (box: BoundingBox, share: Double), by field: ReadingPlaces
    ) -> (box: BoundingBox, share: Double) {
        guard part.share > 0 else { return part }
        guard let box = field.hull(of: part.box) else { return (part.box, 0) }
        return (box, part.share)
    }

    private func labels(_ mask: [UInt8]) -> [UInt8] {
        let canvas = Canvas(ImageExtent(height: extent.height, width: extent.width, channels: 1))
        return [UInt8](unsafeUninitializedCapacity: extent.height * extent.width) { output, count in
            count = extent.height * extent.width
            guard let base = output.baseAddress else { return }
            mask.withUnsafeBufferPointer { canvas.renderLabels(view, of: $0, filling: rules.mapFill, into: base) }
        }
    }
}

/// Where each output pixel of a displacement reads: its inverse is found by looking, since it may have none.
private struct ReadingPlaces {
    private let extent: ImageExtent
    /// [height, width], row by row.
    private let places: [Point]

    init(_ displacement: Displacement, _ extent: ImageExtent) {
        self.extent = extent
        let scratch = Scratch.take()
        defer { scratch.giveBack() }
        places = displacement.withField(extent, using: scratch) { right, down in
            (0..<extent.height * extent.width).map {
                Point(
                    x: Double($0 % extent.width) + 0.5 + Double(right[$0]),
                    y: Double($0 / extent.width) + 0.5 + Double(down[$0]))
            }
        }
    }

    /// The rectangle around all output pixels that read inside a box; nil if none does.
    func hull(of box: BoundingBox) -> BoundingBox? {
        var hull: BoundingBox?
        for (index, place) in places.enumerated() {
            guard place.x >= box.left, place.x <= box.right, place.y >= box.top, place.y <= box.bottom else { continue }
            let (column, row) = (Double(index % extent.width), Double(index / extent.width))
            let before = hull ?? BoundingBox(left: column, top: row, right: column, bottom: row, label: box.label)
            hull = BoundingBox(
                left: min(before.left, column), top: min(before.top, row), right: max(before.right, column + 1),
                bottom: max(before.bottom, row + 1), label: box.label)
        }
        return hull
    }

    /// Where a point shows: beside the pixel that reads nearest to it, by what is missing. Exact where the field is
    /// even.
    func output(of point: Point) -> Point {
        var best = (distance: Double.infinity, index: 0)
        for (index, place) in places.enumerated() {
            let distance = (place.x - point.x) * (place.x - point.x) + (place.y - point.y) * (place.y - point.y)
            if distance < best.distance { best = (distance, index) }
        }
        let place = places[best.index]
        return Point(
            x: Double(best.index % extent.width) + 0.5 + point.x - place.x,
            y: Double(best.index / extent.width) + 0.5 + point.y - place.y)
    }
}
