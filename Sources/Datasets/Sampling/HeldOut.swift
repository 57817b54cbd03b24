import TensorCore

/// How it is decided which images of a set are held out from training.
public enum HeldOut: Sendable, Hashable {
    /// Each image by itself, by the names of its class and its file: others that come or go do not move it. Where
    /// images have no files of their own, by their places.
    case byName
    /// All images of a group together, such as the frames of one track or the photographs of one patient, whatever
    /// their classes: by what a regular expression finds in an image's path, `class/file` within its part of the data;
    /// the first group in parentheses where it has one.
    case byGroup(pattern: String)
    /// By places within the class, as files of models written before version 0.2 expect it: an image that comes or goes
    /// moves others between training, validation and test.
    case byPlace

    /// In words.
    public var words: String {
        switch self {
        case .byName: "by the names of class and file"
        case .byGroup(let pattern): "by groups of images (\(pattern))"
        case .byPlace: "by place in the folder, as earlier versions did"
        }
    }
}

extension HeldOut: Codable {
    private static let groups = "group "

    /// Reads `name`, `place`, or `group` and the pattern behind a space.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        switch try container.decode(String.self) {
        case "name": self = .byName
        case "place": self = .byPlace
        case let text where text.hasPrefix(Self.groups):
            self = .byGroup(pattern: String(text.dropFirst(Self.groups.count)))
        case let text:
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no rule of holding out images")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .byName: try container.encode("name")
        case .byPlace: try container.encode("place")
        case .byGroup(let pattern): try container.encode(Self.groups + pattern)
        }
    }
}

extension ImageIndex {
    /// What an image is known by: a number of 64 bits from the names of its class and its file.
    ///
    /// FNV-1a (Fowler, Noll, Vo; RFC 9923), with a zero between the names, which no file's name holds.
    public static func identity(ofClass name: String, file: [UInt8]) -> UInt64 {
        identity(Array(name.utf8) + [0] + file)
    }

    package static func identity(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// 64 random bits that depend on an identity, the purpose and the seed alone.
    static func draw(_ identity: UInt64, _ purpose: Int, seed: UInt64) -> UInt64 {
        var random = Philox(
            seed: seed, epoch: Int(identity >> 32), sample: Int(identity & 0xFFFF_FFFF), operation: purpose)
        return random.next()
    }
}

extension ImageSource {
    /// Holds out a share of each class: every image whose draw falls below it, whatever else is in the set.
    ///
    /// Draws decide alone but where a class would have too few images in a part: then those with the smallest draws are
    /// held out, or those with the largest are kept.
    ///
    /// - Parameters:
    ///   - share: in 0 ... 1.
    ///   - purpose: what the images are held out for, of ``RandomPurpose``.
    ///   - kept: at least so many of each class stay, where there are so many; a class with more has at least one held
    ///     out. Nil to let draws decide alone, as those of groups do, which must not be divided.
    func holdingOut(share: Double, for purpose: Int, keeping kept: Int?) -> (rest: Self, held: Self) {
        guard let identities else { return (self, subset([])) }
        let limit = UInt64(share * 0x1p63) * 2
        return holdingOut { _, places in
            let draws = places.map { (place: $0, draw: ImageIndex.draw(identities[$0], purpose, seed: 0)) }
                .sorted { ($0.draw, $0.place) < ($1.draw, $1.place) }
            let drawn = draws.count { $0.draw < limit }
            let count = kept.map { min(max(1, drawn), max(0, places.count - $0)) } ?? drawn
            return draws.map(\.place)[..<count]
        }
    }

    /// Holds out a tenth for validation, of a class with 2 images or more at least one.
    ///
    /// A set without identities gives 5000 images at most.
    func holdingOutForValidation(_ rule: HeldOut) -> (rest: Self, held: Self) {
        let wanted = min(5000, count / 10)
        switch (rule, identities) {
        case (.byPlace, _): return holdingOut(wanted, seed: 0)
        case (.byGroup, .some): return holdingOut(share: 0.1, for: RandomPurpose.heldForValidation, keeping: nil)
        case (.byName, .some): return holdingOut(share: 0.1, for: RandomPurpose.heldForValidation, keeping: 1)
        case (.byName, .none), (.byGroup, .none):
            return holdingOut { label, places in
                let least = places.count > 1 ? 1 : 0
                return shuffled(places, byPlaceInClass: label, seed: 0)[
                    ..<max(least, places.count * wanted / max(1, count))]
            }
        }
    }

    /// Holds out a fifth for the test; of a class with 3 images or more at least one, and two stay.
    ///
    /// - Parameter rule: by place, the class's share is rounded down instead; by groups, it is a fifth of them, and a
    ///   class may have none.
    public func holdingOutForTest(_ rule: HeldOut) -> (rest: Self, held: Self) {
        switch (rule, identities) {
        case (.byPlace, _), (_, .none): holdingOut(count / 5, seed: 0)
        case (.byGroup, .some): holdingOut(share: 0.2, for: RandomPurpose.heldForTest, keeping: nil)
        case (.byName, .some): holdingOut(share: 0.2, for: RandomPurpose.heldForTest, keeping: 2)
        }
    }
}
