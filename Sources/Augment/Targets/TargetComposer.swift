import Datasets

/// Puts the targets of an image together from those of the images that its parts show.
struct TargetComposer {
    /// A rectangle of the image, and the row of the batch that it shows.
    struct Part {
        let rows, columns: Range<Int>
        let source: Int
    }

    let extent: ImageExtent
    /// For each image of the batch, its targets after its own passes.
    let moved: [MovedTargets]
    let rules: TargetRules

    /// The targets of a row that shows the parts, which cover it: its own first, then the others' in the order of the
    /// parts.
    func targets(of row: Int, showing parts: [Part]) -> (targets: ImageTargets, dropped: [DroppedBox]) {
        var sources = [row]
        for part in parts where !sources.contains(part.source) { sources.append(part.source) }
        var targets = ImageTargets(mask: mask(of: row, parts))
        var dropped: [DroppedBox] = []
        for source in sources {
            for (index, moved) in moved[source].boxes.enumerated() {
                let (box, share) = visible(moved, in: parts.filter { $0.source == source })
                if share > 0 && share >= rules.minimumVisibleShare {
                    targets.boxes.append(box)
                } else if share > 0 || source == row {
                    // What of another image was never to be seen here is no loss.
                    dropped.append(
                        DroppedBox(
                            image: source, index: index, box: self.moved[source].given[index], visibleShare: share))
                }
            }
            for var point in moved[source].keypoints {
                point.isVisible = point.isVisible && parts.first { shows($0, point) }?.source == source
                if point.isVisible || source == row { targets.keypoints.append(point) }
            }
        }
        return (targets, dropped)
    }

    /// The rectangle around what of a box lies in the parts, and its share of the box.
    private func visible(
        _ moved: (box: BoundingBox, share: Double), in parts: [Part]
    ) -> (box: BoundingBox, share: Double) {
        let (box, share) = moved
        guard share > 0, box.area > 0 else { return (box, 0) }
        var (hull, area): (BoundingBox?, Double) = (nil, 0)
        for part in parts {
            let piece = BoundingBox(
                left: max(box.left, Double(part.columns.lowerBound)), top: max(box.top, Double(part.rows.lowerBound)),
                right: min(box.right, Double(part.columns.upperBound)),
                bottom: min(box.bottom, Double(part.rows.upperBound)), label: box.label)
            guard piece.right > piece.left, piece.bottom > piece.top else { continue }
            area += piece.area
            let before = hull ?? piece
            hull = BoundingBox(
                left: min(before.left, piece.left), top: min(before.top, piece.top),
                right: max(before.right, piece.right), bottom: max(before.bottom, piece.bottom), label: box.label)
        }
        return (hull ?? box, share * (area / box.area))
    }

    /// Whether a point lies in a part: on an edge between two in the one behind it.
    private func shows(_ part: Part, _ point: Keypoint) -> Bool {
        func holds(_ range: Range<Int>, _ place: Double, _ end: Int) -> Bool {
            place >= Double(range.lowerBound) && (place < Double(range.upperBound) || range.upperBound == end)
        }
        return holds(part.columns, point.x, extent.width) && holds(part.rows, point.y, extent.height)
    }

    /// The label map of a row that has one; parts from a row without one are filled.
    private func mask(of row: Int, _ parts: [Part]) -> [UInt8]? {
        guard var mask = moved[row].mask else { return nil }
        for part in parts where part.source != row {
            for line in part.rows {
                let run = line * extent.width + part.columns.lowerBound..<line * extent.width + part.columns.upperBound
                if let other = moved[part.source].mask {
                    mask.replaceSubrange(run, with: other[run])
                } else {
                    mask.replaceSubrange(run, with: repeatElement(rules.mapFill ?? 0, count: run.count))
                }
            }
        }
        return mask
    }
}
