import TensorCore

/// One view of each image at two sizes: the student's, and the one at which a teacher reads images.
///
///     let views = TwoSizes(policy, teacher: (height: 224, width: 224))
///
/// Both come from the same draws and straight from the image, so that the teacher sees all the detail of a photograph
/// whose student reads it small. What an operation draws for single pixels (noise, rain and snow, elastic deformation)
/// and what it counts in pixels (the width of a blur, blocks of JPEG) is another at another size. A transform that
/// chooses among views by what networks say of them may choose another one at each size.
public struct TwoSizes: BatchTransform {
    /// What is done to the images at both sizes.
    public let transform: any BatchTransform
    /// The extents at which the teacher reads them, in pixels.
    public let height, width: Int

    /// Renders a transform's views at a second size.
    public init(_ transform: any BatchTransform, teacher size: (height: Int, width: Int)) {
        self.transform = transform
        (height, width) = size
    }

    /// The size at which the teacher reads images of so many channels.
    public func size(channels: Int) -> ImageSize { ImageSize(height: height, width: width, channels: channels) }

    /// - Returns: a batch of the student's size whose `teacherInputs` have the teacher's.
    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        var other = raw
        other.images = raw.images.read(at: size(channels: raw.images.channels))
        let view = transform(other, normalization: normalization)
        var batch = transform(raw, normalization: normalization)
        batch.isOneView = view.teacherInputs == nil
        batch.teacherInputs = view.teacherInputs ?? view.inputs
        return batch
    }
}

extension TwoSizes: Encodable {
    private enum CodingKeys: String, CodingKey { case transform, height, width }

    /// What a checkpoint knows its run by.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(height, forKey: .height)
        try container.encode(width, forKey: .width)
        try container.encode(transform: transform, forKey: .transform)
    }
}

extension KeyedEncodingContainer {
    /// A transform in its coded form, or else by its type.
    mutating func encode(transform: any BatchTransform, forKey key: Key) throws {
        if let transform = transform as? any Encodable {
            try transform.encode(to: superEncoder(forKey: key))
        } else {
            try encode("\(type(of: transform))", forKey: key)
        }
    }
}
