import Datasets
import TensorCore

/// Which rows of a batch the parts of each row are blended of, and with which weights. The weights of a part sum to 1.
struct Mixing {
    /// A rectangle of an image, and what it shows.
    struct Part {
        let rows, columns: Range<Int>
        var blend: [(row: Int, weight: Float)]

        var area: Int { rows.count * columns.count }

        /// What lies outside a rectangle: above, left, right, below.
        func outside(rows inner: Range<Int>, columns innerColumns: Range<Int>) -> [Part] {
            let middle = rows.clamped(to: inner)
            let across = columns.clamped(to: innerColumns)
            guard !middle.isEmpty, !across.isEmpty else { return [self] }
            return [
                Part(rows: rows.lowerBound..<middle.lowerBound, columns: columns, blend: blend),
                Part(rows: middle, columns: columns.lowerBound..<across.lowerBound, blend: blend),
                Part(rows: middle, columns: across.upperBound..<columns.upperBound, blend: blend),
                Part(rows: middle.upperBound..<rows.upperBound, columns: columns, blend: blend),
            ].filter { $0.area > 0 }
        }
    }

    /// For each row of the batch parts that cover it.
    let parts: [[Part]]
    let extent: ImageExtent

    /// nil if every row stays itself.
    ///
    /// A partner is any other row that has a label if this one has, and has none if this one has none; without such a
    /// row nothing is mixed.
    init?(_ views: [View], labels: [Int?], extent: ImageExtent) {
        guard views.contains(where: { !$0.mixes.isEmpty }) else { return nil }
        self.extent = extent
        let labelled = labels.indices.filter { labels[$0] != nil }
        let unlabelled = labels.indices.filter { labels[$0] == nil }
        parts = views.indices.map { row in
            var parts = [Part(rows: 0..<extent.height, columns: 0..<extent.width, blend: [(row, 1)])]
            let partners = (labels[row] == nil ? unlabelled : labelled).filter { $0 != row }
            guard !partners.isEmpty else { return parts }
            func partner(_ word: UInt32) -> Int { partners[Int((UInt64(word) * UInt64(partners.count)) >> 32)] }
            for mix in views[row].mixes {
                switch mix {
                case .blend(let share, let word):
                    for part in parts.indices {
                        for place in parts[part].blend.indices { parts[part].blend[place].weight *= share }
                        parts[part].blend.append((partner(word), 1 - share))
                    }
                case .paste(let rows, let columns, let word):
                    parts = parts.flatMap { $0.outside(rows: rows, columns: columns) }
                    parts.append(Part(rows: rows, columns: columns, blend: [(partner(word), 1)]))
                }
            }
            return parts
        }
        guard parts.contains(where: { $0.count > 1 || $0[0].blend.count > 1 }) else { return nil }
    }

    /// Elements of a row of the batch that lie together and have one blend.
    private func runs(of row: Int) -> [(elements: Range<Int>, blend: [(row: Int, weight: Float)])] {
        parts[row].flatMap { part in
            part.rows.map { line in
                let start = (line * extent.width + part.columns.lowerBound) * extent.channels
                return (start..<start + part.columns.count * extent.channels, part.blend)
            }
        }
    }

    /// Mixes the rows of a tensor [N, H, W, C].
    func callAsFunction(_ tensor: Tensor) -> Tensor {
        guard let size = parts.isEmpty ? nil : tensor.count / parts.count else { return tensor }
        return tensor.withSpan { source in
            Tensor(shape: tensor.shape) { target in
                for row in parts.indices {
                    for run in runs(of: row) {
                        for element in run.elements {
                            var sum: Float = 0
                            for part in run.blend { sum += part.weight * source[part.row * size + element] }
                            target[row * size + element] = sum
                        }
                    }
                }
            }
        }
    }

    /// Mixes the bytes of images, rounded.
    func callAsFunction(_ pixels: [UInt8]) -> [UInt8] {
        let size = pixels.count / max(parts.count, 1)
        var mixed = pixels
        for row in parts.indices {
            for run in runs(of: row) {
                for element in run.elements {
                    mixed[row * size + element] = UInt8(
                        run.blend.reduce(0.5) { $0 + $1.weight * Float(pixels[$1.row * size + element]) })
                }
            }
        }
        return mixed
    }

    /// Class probabilities [N, classes], by weight and area; zeros for a row without label. nil if no row has one.
    func targets(labels: [Int?], classes: Int) -> Tensor? {
        guard labels.contains(where: { $0 != nil }) else { return nil }
        let area = Float(extent.height * extent.width)
        return Tensor(shape: [labels.count, classes]) { span in
            for index in span.indices { span[index] = 0 }
            for row in parts.indices {
                for part in parts[row] {
                    let share = Float(part.area) / area
                    for source in part.blend {
                        if let label = labels[source.row] { span[row * classes + label] += share * source.weight }
                    }
                }
            }
        }
    }
}
