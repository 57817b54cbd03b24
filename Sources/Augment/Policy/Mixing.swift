import Datasets
import TensorCore

/// Which rows of a batch each row is blended of, and with which weights. The weights of a row sum to 1.
struct Mixing {
    let blends: [[(row: Int, weight: Float)]]

    /// nil if every row stays itself.
    ///
    /// A partner is any other row that has a label if this one has, and has none if this one has none; without such a
    /// row nothing is blended.
    init?(_ views: [View], labels: [Int?]) {
        guard views.contains(where: { !$0.mixes.isEmpty }) else { return nil }
        let labelled = labels.indices.filter { labels[$0] != nil }
        let unlabelled = labels.indices.filter { labels[$0] == nil }
        blends = views.indices.map { row in
            var blend: [(row: Int, weight: Float)] = [(row, 1)]
            let partners = (labels[row] == nil ? unlabelled : labelled).filter { $0 != row }
            guard !partners.isEmpty else { return blend }
            for (share, word) in views[row].mixes {
                for place in blend.indices { blend[place].weight *= share }
                let partner = partners[Int((UInt64(word) * UInt64(partners.count)) >> 32)]
                blend.append((partner, 1 - share))
            }
            return blend
        }
        guard blends.contains(where: { $0.count > 1 }) else { return nil }
    }

    /// Blends the rows of a tensor whose first axis is the batch.
    func callAsFunction(_ tensor: Tensor) -> Tensor {
        guard let row = blends.isEmpty ? nil : tensor.count / blends.count else { return tensor }
        return tensor.withSpan { source in
            Tensor(shape: tensor.shape) { target in
                for (place, blend) in blends.enumerated() {
                    for element in 0..<row {
                        var sum: Float = 0
                        for part in blend { sum += part.weight * source[part.row * row + element] }
                        target[place * row + element] = sum
                    }
                }
            }
        }
    }

    /// Blends the bytes of images, rounded.
    func callAsFunction(_ pixels: [UInt8]) -> [UInt8] {
        let row = pixels.count / max(blends.count, 1)
        return blends.flatMap { blend in
            (0..<row).map { element in
                UInt8(blend.reduce(0.5) { $0 + $1.weight * Float(pixels[$1.row * row + element]) })
            }
        }
    }

    /// Class probabilities [N, classes]; zeros for a row without label. nil if no row has one.
    func targets(labels: [Int?], classes: Int) -> Tensor? {
        guard labels.contains(where: { $0 != nil }) else { return nil }
        return Tensor(shape: [labels.count, classes]) { span in
            for index in span.indices { span[index] = 0 }
            for (place, blend) in blends.enumerated() {
                for part in blend { if let label = labels[part.row] { span[place * classes + label] += part.weight } }
            }
        }
    }
}
