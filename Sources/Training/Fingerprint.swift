import Datasets
import Foundation
import Layers
import TensorCore

/// A short name for much data, by which a checkpoint knows its run again and sees that it was not damaged.
///
/// FNV-1a (Fowler, Noll, Vo) over 64-bit words, with the high half folded down after each. Every step is one-to-one, so
/// a single changed word always shows. No protection against intent.
public struct Fingerprint {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Begins with nothing.
    public init() {}

    /// What was added so far, in sixteen hexadecimal digits.
    public var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Adds a number.
    public mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x0000_0100_0000_01B3
        state ^= state >> 32
    }

    /// Adds a text, after its length.
    public mutating func add(_ text: String) {
        add(UInt64(text.utf8.count))
        for byte in text.utf8 { add(UInt64(byte)) }
    }

    /// Adds bytes, after their number.
    mutating func add(_ bytes: Data) {
        add(UInt64(bytes.count))
        for byte in bytes { add(UInt64(byte)) }
    }

    /// Adds a tensor's shape and the bits of its elements.
    public mutating func add(_ tensor: Tensor) {
        add("\(tensor.shape)")
        tensor.withSpan { span in
            for index in span.indices { add(UInt64(span[index].bitPattern)) }
        }
    }

    /// Adds tensors with their names, in the order of the names.
    public mutating func add(_ tensors: [String: Tensor]) {
        add(UInt64(tensors.count))
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            add(name)
            add(tensor)
        }
    }

    /// Adds what is known of images, and a sample of what they show.
    public mutating func add(_ images: any ImageSource) {
        for extent in [images.count, images.height, images.width, images.channels] { add(UInt64(extent)) }
        for name in images.classNames { add(name) }
        for (id, label) in zip(images.sampleIDs, images.labels) {
            add(UInt64(truncatingIfNeeded: id))
            add(UInt64(truncatingIfNeeded: label ?? -1))
        }
        for word in images.contentSample { add(word) }
    }

    /// The fingerprint of what the closure adds.
    public static func of(_ body: (inout Fingerprint) throws -> Void) rethrows -> String {
        var fingerprint = Fingerprint()
        try body(&fingerprint)
        return fingerprint.text
    }
}

extension TrainingData {
    /// What a run depends on besides plan, network and loss: names, and fingerprints of what they name.
    ///
    /// - Parameter first: a part that is named before these where several differ.
    package func provenance(after first: (name: String, value: String)? = nil) throws -> Provenance {
        var found = Provenance()
        if let first { found.add(first.name, first.value) }
        found.add(
            "augmentation",
            try Fingerprint.of {
                $0.add("\(type(of: transform))")
                if let transform = transform as? any Encodable { $0.add(try StableCoding.text(transform)) }
            })
        found.add(
            "controllers",
            try Fingerprint.of {
                for controller in controllers {
                    $0.add("\(type(of: controller))")
                    $0.add(try StableCoding.text(controller))
                }
            }, isPlural: true)
        found.add("labelled images", Fingerprint.of { $0.add(labelled) }, isPlural: true)
        // Without their labels, which the run does not see either.
        if let unlabelled {
            found.add("unlabelled images", Fingerprint.of { $0.add(unlabelled.withoutLabels()) }, isPlural: true)
        }
        if let validation { found.add("validation images", Fingerprint.of { $0.add(validation) }, isPlural: true) }
        found.add("normalization", try Fingerprint.of { $0.add(try StableCoding.text(normalization)) })
        return found
    }
}
