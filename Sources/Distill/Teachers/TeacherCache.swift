import Foundation
import Layers
import TensorCore
import Training

/// What a run's teachers said, on disk: a file for each epoch and one for the validation images, whole or not there.
///
/// A step's outputs are kept under the fingerprint of the very inputs that gave them, so they can be wrong for no run,
/// whatever steered its views. What the inputs come from is kept beside it by name, so that a refusal can say what
/// differs.
struct TeacherCache {
    private struct Step {
        let views: String
        /// Of each member, [N, classes].
        let logits: [Tensor]
    }

    /// In an epoch's place, for the outputs for validation images, whose batches are its steps. Those of other images
    /// are replaced: no student is trained on them.
    static let validation = -1

    private static let sealed = SealedFile(
        name: "a cache of a teacher's outputs", key: "contents", formats: ["retort teacher outputs 1"],
        remedy: "remove the file to compute the outputs anew")
    private static let remedy = "give this run a folder of its own for its teacher's outputs"
    private let folder: URL
    /// What the outputs depend on, by name.
    private let origin: Provenance
    private let classes: Int
    private var epoch: Int?
    private var steps: [Int: Step] = [:]
    private var isChanged = false

    /// Opens a folder, or creates it.
    ///
    /// - Parameters:
    ///   - origin: what the outputs depend on, by name.
    ///   - classes: of the teachers.
    /// - Throws: `FormatError` if the outputs in it are of another origin, `FileWriteError` if it cannot be created.
    init(_ folder: URL, origin: Provenance, classes: Int) throws {
        self.folder = folder
        self.origin = origin
        self.classes = classes
        try OutputFile.prepareFolder(folder)
        // Refused before the first step, and not after an epoch that was not there.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        if let name = names.filter({ $0.hasPrefix("epoch-") || $0.hasPrefix("validation.") }).min() {
            _ = try read(folder.appending(path: name))
        }
    }

    /// What the teachers say of a step's inputs: read, or else computed and kept.
    ///
    /// - Parameters:
    ///   - inputs: [N, H, W, C].
    ///   - members: how many teachers there are.
    ///   - step: from 0 over the whole run.
    ///   - epoch: that it is in, or ``validation``.
    /// - Returns: logits of each member, [N, classes].
    /// - Throws: `FormatError` if the outputs that are kept for the step are of other inputs, or the epoch's file is
    ///   damaged or of another origin.
    mutating func logits(
        of inputs: Tensor, members: Int, step number: Int, epoch: Int, computing: () throws -> [Tensor]
    ) throws -> [Tensor] {
        if epoch != self.epoch {
            let url = url(of: epoch)
            steps = FileManager.default.fileExists(atPath: url.path) ? try read(url) : [:]
            self.epoch = epoch
            isChanged = false
        }
        let views = Fingerprint.of { $0.add(inputs) }
        if let step = steps[number], epoch != Self.validation || step.views == views {
            guard step.views == views else {
                throw FormatError(
                    file: url(of: epoch).pathAsGiven, place: "step \(number)", found: "outputs for other views",
                    expected: "those of this run, whose controllers or transform chose others,", advice: Self.remedy)
            }
            let shape: Shape = [inputs.shape[0], classes]
            guard step.logits.count == members, step.logits.allSatisfy({ $0.shape == shape }) else {
                throw FormatError(
                    file: url(of: epoch).pathAsGiven, place: "step \(number)",
                    found: "outputs of shapes \(step.logits.map(\.shape))",
                    expected: "\(members) of shape \(shape)")
            }
            return step.logits
        }
        let logits = try computing()
        steps[number] = Step(views: views, logits: logits)
        isChanged = true
        return logits
    }

    /// Writes the epoch's file if it has something new.
    ///
    /// - Throws: `FileWriteError`.
    mutating func save() throws {
        guard isChanged, let epoch else { return }
        var tensors: [String: Tensor] = [:]
        for (number, step) in steps {
            for (member, logits) in step.logits.enumerated() { tensors["\(number)/\(member)"] = logits }
        }
        let views = Dictionary(uniqueKeysWithValues: steps.map { ("\($0)", $1.views) })
        let contents = try StableCoding.text(Contents(origin: origin, views: views))
        try Self.sealed.file(contents, tensors).write(to: url(of: epoch))
        isChanged = false
    }

    private func url(of epoch: Int) -> URL {
        folder.appending(path: "\(epoch == Self.validation ? "validation" : "epoch-\(epoch)").safetensors")
    }

    /// The steps of an epoch's file.
    ///
    /// - Throws: `FormatError` for a file that is none, was damaged, or is of another origin.
    private func read(_ url: URL) throws -> [Int: Step] {
        let file = try SafetensorsFile.read(url)
        func fault(_ found: String, _ expected: String) -> FormatError {
            FormatError(file: file.source, place: "metadata", found: found, expected: expected)
        }
        let (text, tensors, _) = try Self.sealed.open(file)
        guard let contents = try? JSONDecoder().decode(Contents.self, from: Data(text.utf8)) else {
            throw fault("text that cannot be decoded", "what the outputs are of")
        }
        if let other = contents.origin.difference(from: origin) {
            throw FormatError(
                file: file.source, place: "the outputs of another run", problem: other, advice: Self.remedy)
        }
        var steps: [Int: Step] = [:]
        for (name, views) in contents.views {
            guard let number = Int(name) else { throw fault("step '\(name)'", "a number") }
            let logits = (0..<tensors.count).lazy.map { tensors["\(name)/\($0)"] }.prefix { $0 != nil }
            steps[number] = Step(views: views, logits: logits.compactMap { $0 })
        }
        return steps
    }
}

/// What a file of outputs says besides tensors.
private struct Contents: Codable {
    let origin: Provenance
    /// The fingerprints of the inputs, by step.
    let views: [String: String]
}
