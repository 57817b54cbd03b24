import TensorCore

/// Brings images to the network's size, normalises them and changes nothing else: what evaluation sees, and training
/// without augmentation.
public struct PlainTransform: BatchTransform {
    /// Creates the transform.
    public init() {}

    /// Resizes, by area, and normalises one batch.
    ///
    /// - Returns: inputs [N, H, W, C], each (byte / 255 − mean) / deviation.
    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        let images = raw.images.resized()
        let channels = images.channels
        require(
            normalization.mean.count == channels,
            "PlainTransform: images have \(channels) channels, the normalization has \(normalization.mean.count)")
        let table = normalization.table
        let inputs = Tensor(shape: [images.count, images.height, images.width, channels]) { span in
            span.withUnsafeMutableBufferPointer { target in
                images.pixels.withUnsafeBufferPointer { source in
                    table.withUnsafeBufferPointer { table in
                        var channel = 0
                        for place in 0..<source.count {
                            target[place] = table[channel * 256 + Int(source[place])]
                            channel = channel + 1 == channels ? 0 : channel + 1
                        }
                    }
                }
            }
        }
        return Batch(inputs: inputs, sampleIDs: images.sampleIDs, labels: images.labels)
    }
}
