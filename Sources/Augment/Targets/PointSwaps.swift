import TensorCore

/// Labels of points that change places when an image is mirrored: the left eye of a mirrored face is where the right
/// one was.
public struct PointSwaps: Sendable, Hashable {
    private var partners: [Int: Int] = [:]

    /// No labels change.
    public init() {}

    /// Creates pairs of labels, as YOLO's `flip_idx` and COCO's flips have them.
    ///
    /// - Throws: `FormatError` for a negative label and for one that is there twice.
    public init(_ pairs: [(left: Int, right: Int)]) throws(FormatError) {
        for pair in pairs {
            for (label, other) in [(pair.left, pair.right), (pair.right, pair.left)] {
                guard label >= 0, partners.updateValue(other, forKey: label) == nil else {
                    throw FormatError(
                        file: "pairs of points", place: "\(pair.left):\(pair.right)",
                        found: label < 0 ? "\(label)" : "\(label) a second time",
                        expected: "two labels, 0 or more, that no other pair has")
                }
            }
        }
    }

    /// Pairs whose names are alike but for `left_` and `right_` at their beginning, as COCO's are.
    ///
    /// - Parameter names: by label.
    public init(names: [String]) {
        for (label, name) in names.enumerated() where name.hasPrefix("left_") {
            guard let other = names.firstIndex(of: "right_" + name.dropFirst("left_".count)) else { continue }
            partners[label] = other
            partners[other] = label
        }
    }

    /// Adds the pairs of other labels.
    mutating func add(_ other: PointSwaps, from first: Int) {
        for (label, partner) in other.partners { partners[first + label] = first + partner }
    }

    /// The label that a point has in a mirrored image.
    public subscript(label: Int) -> Int { partners[label] ?? label }
}
