import Datasets
import TensorCore

extension AugmentationPolicy: BatchTransform {
    /// Augments and normalises a batch, whose images may have any sizes.
    ///
    /// What is drawn is what is drawn for an image of the size at which the network reads it, with the same seed,
    /// epoch, sample id and draw number: the policy acts on the resized image. But the resize and the geometric
    /// operations that come first are one resampling, straight from the image: ``RandomResizedCrop`` takes its
    /// rectangle out of all pixels there are.
    ///
    /// Resizing fills the frame, so the sides' ratio is not kept; pixel centres lie at i + 0.5. Where a pixel covers
    /// two or more of the image along an axis, blocks of so many whole pixels are averaged first, so that detail does
    /// not alias; the rest is bilinear. So a whole fraction of the size is the mean of the pixels, and an image that
    /// has the size already is not resampled.
    ///
    /// - Parameter normalization: one mean and deviation per channel of the images.
    /// - Returns: inputs [N, H, W, C]; without an operation in effect, of images that have the size already, the same
    ///   bits as from `PlainTransform`. Targets [N, classes] where ``MixUp``, ``CutMix`` or ``Mosaic`` mixed images:
    ///   probabilities for a row with a label, zeros for one without.
    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        let (images, extent) = (raw.images, raw.extent)
        require(
            normalization.mean.count == extent.channels,
            "AugmentationPolicy: images have \(extent.channels) channels, the normalization has "
                + "\(normalization.mean.count)")
        let views = views(of: raw)
        let table = normalization.table
        let inputs = Tensor(shape: [images.count, extent.height, extent.width, extent.channels]) { span in
            span.withUnsafeMutableBufferPointer { output in
                render(views, of: raw, into: output) { canvas, view, image, target in
                    canvas.render(view, of: image, normalization: normalization, table: table, into: target)
                }
            }
        }
        guard let mixing = Mixing(views, labels: images.labels, extent: extent) else {
            return Batch(inputs: inputs, sampleIDs: images.sampleIDs, labels: images.labels)
        }
        return Batch(
            inputs: mixing(inputs), sampleIDs: images.sampleIDs, labels: images.labels,
            targets: mixing.targets(labels: images.labels, classes: images.classNames.count))
    }

    /// The augmented images themselves, as bytes, for looking at: from the same draws as the transform's inputs.
    public func images(_ raw: RawBatch) -> ImageSet { images(raw, as: views(of: raw)) }

    /// The images as these views show them.
    func images(_ raw: RawBatch, as views: [View]) -> ImageSet {
        let extent = raw.extent
        let total = raw.images.count * extent.count
        let pixels = [UInt8](unsafeUninitializedCapacity: total) { output, count in
            render(views, of: raw, into: output) { canvas, view, image, target in
                canvas.render(view, of: image, into: target)
            }
            count = total
        }
        let mixed = Mixing(views, labels: raw.images.labels, extent: extent)?(pixels) ?? pixels
        return ImageSet(
            pixels: mixed, height: extent.height, width: extent.width, channels: extent.channels,
            index: raw.images.index)
    }

    private func render<Element>(
        _ views: [View], of raw: RawBatch, into output: UnsafeMutableBufferPointer<Element>,
        _ body:
            @Sendable (
                borrowing Canvas, View, UnsafeBufferPointer<UInt8>, UnsafeMutablePointer<Element>
            ) -> Void
    ) {
        let extent = raw.extent
        guard let base = output.baseAddress, extent.count > 0 else { return }
        let target = SharedPointer(pointer: base)
        raw.forEachPiece { piece in
            // The memory serves all images of a piece.
            let canvas = Canvas(extent)
            for place in piece {
                raw.images.pixels(of: place).withUnsafeBufferPointer {
                    body(canvas, views[place], $0, target.pointer + place * extent.count)
                }
            }
        }
    }

    /// What is drawn for each image of a batch, with neighbouring changes fused.
    ///
    /// - Parameter targets: for each image; none where nothing is known of them.
    func views(of raw: RawBatch, around targets: [ImageTargets] = []) -> [View] {
        let extent = raw.extent
        return drawn(raw) { drawing, place in
            let source = raw.extent(of: place)
            let boxes = targets.isEmpty ? [] : targets[place].boxes
            return View(
                fusing: drawing.view.cropped(around: boxes, from: source, to: extent), from: source, to: extent)
        }
    }

    /// What is drawn for each image of a batch, operation by operation.
    func drawings(of raw: RawBatch) -> [Drawing] { drawn(raw) { drawing, _ in drawing } }

    private func drawn<Result>(
        _ raw: RawBatch, _ finish: @Sendable (Drawing, _ place: Int) -> Result
    ) -> [Result] {
        raw.requireSound()
        let (images, extent) = (raw.images, raw.extent)
        let steered = raw.stepFactors.mapValues(weighted)
        return [Result](unsafeUninitializedCapacity: images.count) { buffer, count in
            count = images.count
            guard let base = buffer.baseAddress else { return }
            let target = SharedPointer(pointer: base)
            raw.forEachPiece { piece in
                for place in piece {
                    var drawing = Drawing(
                        extent: extent, seed: raw.seed, epoch: raw.epoch, sample: images.sampleIDs[place],
                        draw: raw.draws[place], strength: Double(raw.strengths[place]))
                    drawing.addAll(images.labels[place].flatMap { steered[$0] } ?? steps, from: 0)
                    (target.pointer + place).initialize(to: finish(drawing, place))
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
    var view: [PixelChange] = []
    /// The operations that are done: their places in the policy, and which changes of the view each drew.
    var done: [(place: Int, steps: Range<Int>)] = []

    /// Places count from the first element's; members of a group follow it.
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
        case .oneOf(let members, let weights):
            let choice =
                weights.map { stream.random.index(weights: $0) } ?? stream.random.index(below: members.count)
            add(members[choice], at: place + 1 + members[..<choice].reduce(0) { $0 + $1.placeCount })
        }
    }
}
