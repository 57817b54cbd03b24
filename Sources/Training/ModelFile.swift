import Datasets
import Foundation
import Layers
import TensorCore

/// A trained network in a file: its weights by path, and what is needed to build it and to feed it.
public struct ModelFile: Sendable {
    /// What a model file says besides weights.
    public struct Description: Hashable, Sendable, Codable {
        /// Which network to build.
        public var architecture: Architecture
        /// How its inputs are normalised.
        public var normalization: Normalization
        /// What its outputs mean.
        public var classNames: [String]

        /// Describes a model.
        public init(architecture: Architecture, normalization: Normalization, classNames: [String]) {
            self.architecture = architecture
            self.normalization = normalization
            self.classNames = classNames
        }

        /// As text for a file's metadata.
        public func encoded() throws -> String {
            try StableCoding.text(self)
        }

        /// Reads what ``encoded()`` wrote.
        ///
        /// - Throws: `FormatError` for text that does not describe a model.
        public init(decoding text: String, from source: String) throws {
            guard let value = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else {
                throw FormatError(
                    file: source, place: "metadata: description", found: "text that cannot be decoded",
                    expected: "architecture, normalization and class names")
            }
            let a = value.architecture
            let sizes = [a.height, a.width, a.channels, a.classes]
            guard sizes.allSatisfy({ $0 > 0 && $0 <= 65_536 }), a.classes == value.classNames.count,
                value.normalization.mean.count == a.channels, value.normalization.deviation.count == a.channels,
                value.normalization.mean.allSatisfy(\.isFinite),
                value.normalization.deviation.allSatisfy({ $0 > 0 && $0.isFinite }),
                (try? Architecture.family(named: a.family.name)) == a.family, min(a.height, a.width) >= a.leastSide,
                a.hasKnownWidths
            else {
                throw FormatError(
                    file: source, place: "metadata: description",
                    found: "\(a.name) for \(a.height)×\(a.width)×\(a.channels), \(value.classNames.count) class names",
                    expected: "a known network, a normalization for its channels and a name for each class")
            }
            self = value
        }
    }

    /// The network.
    public let model: any Module
    /// What is needed to feed it.
    public let description: Description

    /// Bundles a network and its description.
    public init(_ model: any Module, description: Description) {
        self.model = model
        self.description = description
    }

    private static let format = "retort model 1"

    /// Reads a model.
    ///
    /// - Throws: `FormatError` for a file that is not a model, or whose weights do not fit its architecture.
    public static func read(_ url: URL) throws -> ModelFile {
        let file = try SafetensorsFile.read(url)
        guard file.metadata["format"] == format, let text = file.metadata["description"] else {
            throw FormatError(
                file: file.source, place: "metadata", found: "format '\(file.metadata["format"] ?? "none")'",
                expected: "'\(format)'")
        }
        let description = try Description(decoding: text, from: file.source)
        // Before the network is built: a file of a few bytes may not ask for gigabytes.
        let (stored, wanted) = (file.entries.values.map(\.shape.elementCount), description.architecture.weightCount)
        guard stored.reduce(0, +) >= wanted else {
            throw FormatError(
                file: file.source, found: "\(stored.reduce(0, +)) numbers",
                expected: "\(wanted) weights of \(description.architecture.name)")
        }
        var model = description.architecture.makeNetwork(seed: 0)
        var tensors: [String: Tensor] = [:]
        for name in file.entries.keys { tensors[name] = try file.tensor(name) }
        try model.load(tensors, from: file.source)
        return ModelFile(model, description: description)
    }

    /// Writes the model, whole or not at all. The same model gives the same bytes.
    public func write(to url: URL) throws {
        let metadata = ["format": Self.format, "description": try description.encoded()]
        var file = SafetensorsFile(metadata: metadata)
        for (path, tensor) in model.tensors { file.entries[path] = .init(tensor) }
        try file.write(to: url)
    }
}

extension Architecture {
    /// Whether a pruned network has what its family has, and no more of it.
    fileprivate var hasKnownWidths: Bool {
        let own = family.widths
        return widths.map { $0.count == own.count && zip($0, own).allSatisfy { $0 > 0 && $0 <= $1 } } ?? true
    }

    /// The smallest image side that the network takes: a ConvNet halves it once.
    fileprivate var leastSide: Int { if case .convNet = family { 2 } else { 1 } }
}
