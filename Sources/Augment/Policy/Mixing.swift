import Datasets
import TensorCore

/// Which rows of a batch the parts of each row are blended of, and with which weights. The weights of a part sum to 1.
struct Mixing {
    /// A rectangle of an image, and what it shows.
    struct Part {
        let rows, columns: Range<Int>
        /// Among ``sources``.
        let blend: Range<Int>

        var area: Int { rows.count * columns.count }
    }

    /// One of the rows that a part is blended of.
    struct Source {
        let row: Int
        let weight: Float
    }

    let extent: ImageExtent
    /// For each row of the batch which of ``parts`` cover it. All rows share two arrays, so that a row needs none.
    private(set) var rowParts: [Range<Int>] = []
    private(set) var parts: [Part] = []
    private(set) var sources: [Source] = []

    /// nil if every row stays itself.
    ///
    /// A partner is any other row that has a label if this one has, and has none if this one has none; without such a
    /// row nothing is mixed.
    init?(_ views: [View], labels: [Int?], extent: ImageExtent) {
        guard views.contains(where: { !$0.mixes.isEmpty }) else { return nil }
        self.extent = extent
        let labelled = labels.indices.filter { labels[$0] != nil }
        let unlabelled = labels.indices.filter { labels[$0] == nil }
        var isMixed = false
        // Rows before this one that have a label, and that have none.
        var before = (labelled: 0, unlabelled: 0)
        for row in views.indices {
            let hasLabel = labels[row] != nil
            let (group, own) = hasLabel ? (labelled, before.labelled) : (unlabelled, before.unlabelled)
            if hasLabel { before.labelled += 1 } else { before.unlabelled += 1 }
            var current = parts.count..<parts.count + 1
            sources.append(Source(row: row, weight: 1))
            parts.append(
                Part(rows: 0..<extent.height, columns: 0..<extent.width, blend: sources.count - 1..<sources.count))
            for mix in views[row].mixes where group.count > 1 {
                isMixed = true
                func partner(_ word: UInt32) -> Int {
                    let chosen = Int((UInt64(word) * UInt64(group.count - 1)) >> 32)
                    return group[chosen < own ? chosen : chosen + 1]
                }
                let next = parts.count
                switch mix {
                case .blend(let share, let word):
                    let other = Source(row: partner(word), weight: 1 - share)
                    for part in current { append(parts[part], scaledBy: share, with: other) }
                case .paste(let rows, let columns, let word):
                    for part in current { appendOutside(parts[part], rows, columns) }
                    sources.append(Source(row: partner(word), weight: 1))
                    parts.append(Part(rows: rows, columns: columns, blend: sources.count - 1..<sources.count))
                }
                current = next..<parts.count
            }
            rowParts.append(current)
        }
        guard isMixed else { return nil }
    }

    /// Appends a part with all it shows at a share of its weight, and one source more.
    private mutating func append(_ part: Part, scaledBy share: Float, with other: Source) {
        let first = sources.count
        for place in part.blend {
            sources.append(Source(row: sources[place].row, weight: sources[place].weight * share))
        }
        sources.append(other)
        parts.append(Part(rows: part.rows, columns: part.columns, blend: first..<sources.count))
    }

    /// Appends what of a part lies outside a rectangle: above, left, right, below.
    private mutating func appendOutside(_ part: Part, _ rows: Range<Int>, _ columns: Range<Int>) {
        let middle = part.rows.clamped(to: rows)
        let across = part.columns.clamped(to: columns)
        guard !middle.isEmpty, !across.isEmpty else { return parts.append(part) }
        for (rows, columns) in [
            (part.rows.lowerBound..<middle.lowerBound, part.columns),
            (middle, part.columns.lowerBound..<across.lowerBound),
            (middle, across.upperBound..<part.columns.upperBound),
            (middle.upperBound..<part.rows.upperBound, part.columns),
        ] where !rows.isEmpty && !columns.isEmpty {
            parts.append(Part(rows: rows, columns: columns, blend: part.blend))
        }
    }

    /// Mixes the rows of a tensor [N, H, W, C].
    func callAsFunction(_ tensor: Tensor) -> Tensor {
        tensor.withSpan { span in
            span.withUnsafeBufferPointer { source in
                Tensor(shape: tensor.shape) { span in
                    span.withUnsafeMutableBufferPointer { target in
                        // Each row writes its own part.
                        nonisolated(unsafe) let (source, target) = (source, target)
                        forEachRun { first, run, blend in
                            for place in run { target[first + place] = 0 }
                            for part in blend {
                                let from = part.row * extent.count
                                for place in run { target[first + place] += part.weight * source[from + place] }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Mixes the bytes of images, rounded.
    func callAsFunction(_ pixels: [UInt8]) -> [UInt8] {
        pixels.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
                count = pixels.count
                nonisolated(unsafe) let (source, target) = (source, target)
                forEachRun { first, run, blend in
                    for place in run {
                        var sum: Float = 0.5
                        for part in blend { sum += part.weight * Float(source[part.row * extent.count + place]) }
                        target[first + place] = UInt8(sum)
                    }
                }
            }
        }
    }

    /// Calls the closure, in threads by rows, for all elements that lie together and have one blend: with the place of
    /// the row's first element in the batch and the elements' places in the row.
    private func forEachRun(
        _ body: @Sendable (_ first: Int, _ run: Range<Int>, _ blend: UnsafeBufferPointer<Source>) -> Void
    ) {
        RawBatch.forEachPiece(of: rowParts.count) { rows in
            sources.withUnsafeBufferPointer { sources in
                for row in rows {
                    for part in parts[rowParts[row]] {
                        let blend = UnsafeBufferPointer(rebasing: sources[part.blend])
                        for line in part.rows {
                            let start = (line * extent.width + part.columns.lowerBound) * extent.channels
                            body(row * extent.count, start..<start + part.columns.count * extent.channels, blend)
                        }
                    }
                }
            }
        }
    }

    /// Class probabilities [N, classes], by weight and area; zeros for a row without label. nil if no row has one.
    func targets(labels: [Int?], classes: Int) -> Tensor? {
        guard labels.contains(where: { $0 != nil }) else { return nil }
        let area = Float(extent.height * extent.width)
        return Tensor(shape: [labels.count, classes]) { span in
            for index in span.indices { span[index] = 0 }
            for row in rowParts.indices {
                for part in parts[rowParts[row]] {
                    let share = Float(part.area) / area
                    for source in sources[part.blend] {
                        if let label = labels[source.row] { span[row * classes + label] += share * source.weight }
                    }
                }
            }
        }
    }
}
