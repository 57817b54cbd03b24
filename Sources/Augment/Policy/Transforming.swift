import Datasets
import TensorCore

extension AugmentationPolicy: BatchTransform {
    /// Augments and normalises a batch.
    ///
    /// - Parameter normalization: one mean and deviation per channel of the images.
    /// - Returns: inputs [N, H, W, C]; without an operation in effect, the same bits as from `PlainTransform`. Targets
    ///   [N, classes] where ``MixUp``, ``CutMix`` or ``Mosaic`` mixed images: probabilities for a row with a label, zeros for one without.
    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        let images = raw.images
        require(
            normalization.mean.count == images.channels,
            "AugmentationPolicy: images have \(images.channels) channels, the normalization has "
                + "\(normalization.mean.count)")
        let views = views(of: raw)
        let table = normalization.table
        let inputs = Tensor(shape: [images.count, images.height, images.width, images.channels]) { span in
            span.withUnsafeMutableBufferPointer { output in
                render(views, of: images, into: output) { canvas, view, image, target in
                    canvas.render(view, of: image, normalization: normalization, table: table, into: target)
                }
            }
        }
        guard let mixing = Mixing(views, labels: images.labels, extent: ImageExtent(images)) else {
            return Batch(inputs: inputs, sampleIDs: images.sampleIDs, labels: images.labels)
        }
        return Batch(
            inputs: mixing(inputs), sampleIDs: images.sampleIDs, labels: images.labels,
            targets: mixing.targets(labels: images.labels, classes: images.classCount))
    }

    /// The augmented images themselves, as bytes, for looking at: from the same draws as the transform's inputs.
    public func images(_ raw: RawBatch) -> ImageSet {
        let images = raw.images
        let views = views(of: raw)
        let pixels = [UInt8](unsafeUninitializedCapacity: images.pixels.count) { output, count in
            render(views, of: images, into: output) { canvas, view, image, target in
                canvas.render(view, of: image, into: target)
            }
            count = images.pixels.count
        }
        let mixed = Mixing(views, labels: images.labels, extent: ImageExtent(images))?(pixels) ?? pixels
        return ImageSet(
            pixels: mixed, height: images.height, width: images.width, channels: images.channels,
            labels: images.labels, classNames: images.classNames, sampleIDs: images.sampleIDs)
    }

    private func render<Element>(
        _ views: [View], of images: ImageSet, into output: UnsafeMutableBufferPointer<Element>,
        _ body:
            @Sendable (
                borrowing Canvas, View, UnsafeBufferPointer<UInt8>, UnsafeMutablePointer<Element>
            ) -> Void
    ) {
        guard let base = output.baseAddress, !images.pixels.isEmpty else { return }
        let target = SharedPointer(pointer: base)
        let extent = ImageExtent(images)
        let size = images.imageSize
        Parallel.forEach((images.count + Self.pieceSize - 1) / Self.pieceSize) { piece in
            // The memory serves all images of a piece.
            let canvas = Canvas(extent)
            images.pixels.withUnsafeBufferPointer { pixels in
                for place in piece * Self.pieceSize..<min((piece + 1) * Self.pieceSize, images.count) {
                    body(
                        canvas, views[place], UnsafeBufferPointer(rebasing: pixels[place * size..<(place + 1) * size]),
                        target.pointer + place * size)
                }
            }
        }
    }

    /// Images that one thread does at a time.
    private static var pieceSize: Int { 8 }

    /// What is drawn for each image of a batch, with neighbouring steps fused.
    func views(of raw: RawBatch) -> [View] { drawn(raw) { View(fusing: $0.view) } }

    /// What is drawn for each image of a batch, operation by operation.
    func drawings(of raw: RawBatch) -> [Drawing] { drawn(raw) { $0 } }

    private func drawn<Result>(_ raw: RawBatch, _ finish: @Sendable (Drawing) -> Result) -> [Result] {
        let images = raw.images
        require(
            raw.draws.count == images.count && raw.strengths.count == images.count,
            "AugmentationPolicy: \(raw.draws.count) draws and \(raw.strengths.count) strengths for "
                + "\(images.count) images")
        require(
            images.imageSize < 1 << 30,
            "AugmentationPolicy: images of \(images.height)×\(images.width)×\(images.channels), fewer than 2³⁰ bytes expected"
        )
        require(
            raw.strengths.allSatisfy { $0 >= 0 && $0.isFinite },
            "AugmentationPolicy: a strength is negative or not a number")
        let extent = ImageExtent(images)
        let steered = raw.stepFactors.mapValues(weighted)
        return [Result](unsafeUninitializedCapacity: images.count) { buffer, count in
            count = images.count
            guard let base = buffer.baseAddress else { return }
            let target = SharedPointer(pointer: base)
            Parallel.forEach((images.count + Self.pieceSize - 1) / Self.pieceSize) { piece in
                for place in piece * Self.pieceSize..<min((piece + 1) * Self.pieceSize, images.count) {
                    var drawing = Drawing(
                        extent: extent, seed: raw.seed, epoch: raw.epoch, sample: images.sampleIDs[place],
                        draw: raw.draws[place], strength: Double(raw.strengths[place]))
                    drawing.addAll(images.labels[place].flatMap { steered[$0] } ?? steps, from: 0)
                    (target.pointer + place).initialize(to: finish(drawing))
                }
            }
        }
    }
}

/// Walks through a policy for one sample and collects what is drawn.
struct Drawing {
    let extent: ImageExtent
    let seed: UInt64
    let epoch, sample, draw: Int
    /// The factor on geometric operations.
    let strength: Double
    var view: [PixelStep] = []
    /// The operations that are done: their places in the policy, and which steps of the view each drew.
    var done: [(place: Int, steps: Range<Int>)] = []

    /// Steps count their places from the first's; members of a group follow it.
    mutating func addAll(_ steps: [AugmentationStep], from first: Int) {
        var place = first
        for step in steps {
            add(step, at: place)
            place += step.placeCount
        }
    }

    private mutating func add(_ step: AugmentationStep, at place: Int) {
        var stream = RandomStream(seed: seed, epoch: epoch, sample: sample, draw: draw, place: place)
        guard Double(stream.random.uniform()) < step.probability else { return }
        switch step.content {
        case .operation(let operation):
            let drawn = type(of: operation).isGeometric ? operation.scaled(by: strength) : operation
            let first = view.count
            drawn.draw(extent, from: &stream, into: &view)
            done.append((place, first..<view.count))
        case .allOf(let members): addAll(members, from: place + 1)
        case .someOf(let members, let range):
            let count = range.lowerBound + stream.random.index(below: range.count)
            let chosen = Set(stream.random.permutation(of: members.count).prefix(count))
            var first = place + 1
            for (index, member) in members.enumerated() {
                if chosen.contains(index) { add(member, at: first) }
                first += member.placeCount
            }
        case .oneOf(let members):
            let choice = stream.random.index(below: members.count)
            add(members[choice], at: place + 1 + members[..<choice].reduce(0) { $0 + $1.placeCount })
        }
    }
}
