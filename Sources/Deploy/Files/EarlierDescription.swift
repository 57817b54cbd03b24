import Datasets
import Foundation
import Graph
import Layers
import TensorCore

/// What files said of their network before files held graphs; still read.
struct EarlierDescription: Codable {
    var architecture: EarlierArchitecture
    var normalization: Normalization
    var classNames: [String]

    /// The format of float32 files.
    static let format = "retort model 1"

    /// Reads the description of a file.
    ///
    /// - Throws: `FormatError` for a file without one, or one of a network that there is none of.
    init(_ file: SafetensorsFile) throws {
        let isInt8 = file.metadata[ModelFile.key] != nil && file.metadata["format"] == nil
        guard isInt8 || file.metadata["format"] == Self.format, let text = file.metadata[ModelFile.key] else {
            throw FormatError(
                file: file.source,
                found: file.contents + (file.metadata["format"] == Self.format ? " without its description" : ""),
                expected: "a model (what --output wrote)")
        }
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else {
            throw FormatError(
                file: file.source, place: "metadata: \(ModelFile.key)", found: "text that cannot be decoded",
                expected: "architecture, normalization and class names")
        }
        guard value.architecture.isSound, value.architecture.classes == value.classNames.count else {
            let a = value.architecture
            throw FormatError(
                file: file.source, place: "metadata: \(ModelFile.key)",
                found: "\(a.classes.counted("output")) for images of \(a.height)×\(a.width)×\(a.channels), "
                    + value.classNames.count.counted("class name"),
                expected: "a known network, and a name for each class")
        }
        self = value
    }

    /// Describes a network.
    init(architecture: EarlierArchitecture, normalization: Normalization, classNames: [String]) {
        self.architecture = architecture
        self.normalization = normalization
        self.classNames = classNames
    }

    var inputShape: Shape { [architecture.height, architecture.width, architecture.channels] }

    /// The description in its present form.
    var present: ModelFile.Description {
        .init(
            architecture: architecture.name, normalization: normalization, classNames: classNames, heldOut: .byPlace)
    }

    /// Holds the cost of the network to limits: its layers with the widest of them everywhere, at full size.
    ///
    /// - Throws: `FormatError` for one that is beyond them.
    func check(_ limits: GraphLimits, _ file: SafetensorsFile) throws {
        let a = architecture
        let pixels = if case .mlp = a.family { 1.0 } else { Double(a.height) * Double(a.width) }
        let channels = Double(max(a.channels, (a.widths ?? a.family.widths).max() ?? 0))
        let bytes = max(pixels * channels * 2, Double(inputShape.elementCount)) * 4
        guard pixels * Double(a.weightCount) <= limits.operations, bytes <= Double(limits.activationBytes) else {
            throw FormatError(
                file: file.source, place: "metadata: \(ModelFile.key)",
                found: "\(a.name) for images of \(a.height)×\(a.width)×\(a.channels)",
                expected: "a network within GraphLimits", advice: "a program can raise them")
        }
    }

    /// The network in float32 with the weights of a file.
    ///
    /// - Throws: `FormatError` for weights that do not fit.
    func model(of file: SafetensorsFile) throws -> ModelFile {
        // Before the network is built: a file of a few bytes may not ask for gigabytes.
        let (stored, wanted) = (file.entries.values.map(\.shape.elementCount), architecture.weightCount)
        guard stored.reduce(0, +) >= wanted else {
            throw FormatError(
                file: file.source, found: "\(stored.reduce(0, +)) numbers",
                expected: "\(wanted) weights of \(architecture.name)")
        }
        var model = architecture.makeNetwork(seed: 0)
        var tensors: [String: Tensor] = [:]
        for name in file.entries.keys { tensors[name] = try file.tensor(name) }
        try model.load(tensors, from: file.source)
        return ModelFile(model, inputShape: inputShape, description: present)
    }
}
