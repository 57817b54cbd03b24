import Datasets
import TensorCore

/// What one sample's draw depends on, as a small JSON value: with the policy and the image it gives the view again, in
/// another run, another batch and on another machine.
public struct DrawRecord: Sendable, Hashable, Codable {
    /// The run's seed.
    public let seed: UInt64
    /// The pass over the data, the sample's id, and which draw of it this was in that epoch.
    public let epoch, sample, draw: Int
    /// The factor on geometric operations.
    public let strength: Float
    /// ``AugmentationPolicy/digest`` of the policy that drew.
    public let policy: String
}

extension AugmentationPolicy {
    /// A short name for exactly this policy: FNV-1a (Fowler, Noll, Vo) over its JSON, 64 bits in 16 hexadecimal digits.
    /// Not meant against forgery.
    public var digest: String {
        get throws {
            let hash = try json.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }

    /// For each image of a batch what its draw depends on.
    public func records(of raw: RawBatch) throws -> [DrawRecord] {
        let digest = try digest
        return raw.images.sampleIDs.indices.map {
            DrawRecord(
                seed: raw.seed, epoch: raw.epoch, sample: raw.images.sampleIDs[$0], draw: raw.draws[$0],
                strength: raw.strengths[$0], policy: digest)
        }
    }

    /// The view of a record again, bit for bit.
    ///
    /// - Parameters:
    ///   - record: from ``records(of:)`` of this policy.
    ///   - image: the sample: a set of one image, of the size that it had. Its own id does not count.
    ///   - targets: what lies in it, where a ``BoxCrop`` was drawn around its boxes.
    ///   - height: of the view, as width; the image's own when omitted.
    /// - Throws: `FormatError` if the record is of another policy, if its strength is negative or no number, and if the
    ///   draw mixes images, since the others are not in the record.
    public func replay(
        _ record: DrawRecord, of image: ImageSet, targets: ImageTargets = ImageTargets(), height: Int? = nil,
        width: Int? = nil
    ) throws -> ImageSet {
        require(image.count == 1, "AugmentationPolicy.replay: \(image.count) images given, 1 expected")
        let digest = try digest
        guard record.policy == digest else {
            throw FormatError(file: "record", place: "policy", found: record.policy, expected: "\(digest), this policy")
        }
        guard record.strength >= 0 && record.strength.isFinite else {
            throw FormatError(
                file: "record", place: "strength", found: "\(record.strength)", expected: "a finite number, 0 or more")
        }
        let sample = image.replacing(
            ImageIndex(labels: image.labels, classNames: image.classNames, sampleIDs: [record.sample]))
        let size = ImageSize(height: height ?? image.height, width: width ?? image.width, channels: image.channels)
        let raw = RawBatch(
            images: RaggedImages(sample, readAt: size), seed: record.seed, epoch: record.epoch, draws: [record.draw],
            strengths: [record.strength])
        try targets.check(ImageExtent(height: image.height, width: image.width, channels: image.channels), at: "")
        let views = views(of: raw, around: [targets])
        guard views.allSatisfy(\.mixes.isEmpty) else {
            throw FormatError(
                file: "record", place: "sample", found: "a draw that mixes images", expected: "one of a single image")
        }
        return images(raw, as: views)
    }
}
