import TensorCore

extension TargetedImages {
    /// For each box that an image still has, the points on its thing, in the order of their labels.
    ///
    /// - Parameters:
    ///   - place: of the image.
    ///   - original: what was given for it: points box by box.
    ///   - counts: of the points of each of these boxes.
    /// - Throws: `FormatError` where it cannot be said which points are whose: of other numbers of points, and of
    ///   images that others with points were pasted into.
    func pointsByBox(
        of place: Int, from original: ImageTargets, counts: [Int]
    ) throws(FormatError) -> [(box: BoundingBox, points: [Keypoint])] {
        let (boxes, points) = (targets[place].boxes, targets[place].keypoints)
        if points.isEmpty && original.keypoints.isEmpty { return boxes.map { ($0, []) } }
        guard !isMixed[place], counts.reduce(0, +) == points.count else {
            throw FormatError(
                file: "targets", place: "[\(place)]",
                problem: "\(points.count.counted("point")) that cannot be told apart by the boxes that they belong to",
                advice: "give each box as many points, and take operations that mix images out of the policy")
        }
        let lost = Set(dropped[place].map(\.index))
        var (kept, start): ([[Keypoint]], Int) = ([], 0)
        for (index, count) in counts.enumerated() {
            // Mirrored ones may have changed labels.
            if !lost.contains(index) { kept.append(points[start..<start + count].sorted { $0.label < $1.label }) }
            start += count
        }
        return zip(boxes, kept).map { ($0, $1) }
    }
}
