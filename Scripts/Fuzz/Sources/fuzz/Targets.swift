import Foundation
import Retort

/// A reader, and files that it takes.
protocol FuzzTarget: Sendable {
    var name: String { get }
    /// Whole inputs to begin with.
    func seeds() throws -> [Data]
    /// Reads an input, and uses what comes of it as a user would.
    func read(_ input: Data) throws
}

let allTargets: [any FuzzTarget] = [
    SafetensorsTarget(), NPYTarget(), ImageTarget(kind: .png), ImageTarget(kind: .jpeg), IDXTarget(),
    ModelTarget(isInt8: false), ModelTarget(isInt8: true), GraphTarget(), PolicyTarget(), CostsTarget(), LabelsTarget(),
    CheckpointTarget(), StepLogTarget(), ONNXTarget(), TarTarget(), TableTarget(), COCOTarget(),
]

/// Inputs for readers that take a path go through this file.
let scratch: URL = {
    let memory = URL(fileURLWithPath: "/dev/shm")
    let manager = FileManager.default
    let folder = manager.isWritableFile(atPath: memory.path) ? memory : manager.temporaryDirectory
    // Not the process's number, which comes again, and with it what an earlier run left.
    return folder.appending(path: "retort-fuzz-\(UUID().uuidString)")
}()

struct SafetensorsTarget: FuzzTarget {
    let name = "safetensors"

    func seeds() throws -> [Data] {
        let tensors = [("a", Tensor([1, -2, 3, 4, 5, 6], shape: [2, 3])), ("b.c", .zeros([0, 4]))]
        var file = SafetensorsFile(tensors: tensors)
        file.metadata = ["key": "value", "ä": "\"\\"]
        return [file.encoded(), SafetensorsFile().encoded()]
    }

    func read(_ input: Data) throws {
        let file = try SafetensorsFile(decoding: input, file: "input")
        for name in file.entries.keys { _ = try? file.tensor(name) }
        _ = file.encoded()
    }
}

struct NPYTarget: FuzzTarget {
    let name = "npy"

    func seeds() throws -> [Data] {
        try [[], [3], [2, 0, 3], [2, 1, 2]].map { shape in
            try NPY.write(.zeros(Shape(shape)), to: scratch)
            return try Data(contentsOf: scratch)
        }
    }

    func read(_ input: Data) throws { _ = try NPY.decode(input, file: "input") }
}

/// Images with the checksums of their chunks made right, so that what is behind them is reached.
struct ImageTarget: FuzzTarget {
    enum Kind: String { case png, jpeg }
    let kind: Kind
    var name: String { kind.rawValue }

    /// They lie in the corpus: there is no writer of these files with all that they can hold.
    func seeds() -> [Data] { [] }

    func read(_ input: Data) throws {
        try (kind == .png ? Seal.png(input) : input).write(to: scratch)
        _ = try ImageFile.read(scratch)
    }
}

/// Images and labels behind one another; a first byte of 1 means compressed, and the checksum made right.
struct IDXTarget: FuzzTarget {
    let name = "idx"

    func seeds() throws -> [Data] {
        let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + (0..<12)
        let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1]
        return [0, 1].map { Data([$0, UInt8(images.count)] + images + labels) }
    }

    func read(_ input: Data) throws {
        guard input.count >= 2 else { return }
        let bytes = [UInt8](input.dropFirst(2))
        let split = min(Int(input[input.startIndex + 1]), bytes.count)
        let isCompressed = input.first == 1
        let urls = [scratch, scratch.appendingPathExtension("labels")].map {
            isCompressed ? $0.appendingPathExtension("gz") : $0
        }
        for (url, part) in zip(urls, [bytes[..<split], bytes[split...]]) {
            try (isCompressed ? Seal.gzip(Array(part)) : Data(part)).write(to: url)
        }
        _ = try IDX.read(images: urls[0], labels: urls[1], classNames: ["a", "b"])
    }
}

/// Model files of both precisions: what is read also predicts, where that is little work.
struct ModelTarget: FuzzTarget {
    let isInt8: Bool
    var name: String { isInt8 ? "int8" : "float32" }

    func seeds() throws -> [Data] {
        try ["mlp-3", "convnet-2", "resnet-8"].map { architecture in
            let network = try NetworkRegistry.standard.makeNetwork(
                named: architecture, inputShape: [8, 8, 1], classes: 2, seed: 1)
            let description = ModelFile.Description(
                architecture: architecture, normalization: Normalization(mean: [0.5], deviation: [0.25]),
                classNames: ["a", "b"])
            if isInt8 {
                var random = Philox(seed: 1)
                let images = Tensor(normal: [4, 8, 8, 1], using: &random)
                let model = try QuantizedModel(network, calibratedOn: [images])
                try ModelFile(model, description: description).write(to: scratch)
            } else {
                try ModelFile(network, inputShape: [8, 8, 1], description: description).write(to: scratch)
            }
            return try Data(contentsOf: scratch)
        }
    }

    func read(_ input: Data) throws {
        try input.write(to: scratch)
        let model = try ModelFile.read(scratch)
        guard model.inputShape.elementCount <= 1 << 10 else { return }
        _ = model.predict(.zeros(Shape([2] + model.inputShape.extents)))
    }
}

struct PolicyTarget: FuzzTarget {
    let name = "policy"

    func seeds() throws -> [Data] {
        let policies: [AugmentationPolicy] = [.everyOperation, .autoAugmentCIFAR, .digits, .natural]
        return try policies.map { try $0.json }
    }

    func read(_ input: Data) throws {
        let policy = try AugmentationPolicy(json: input)
        let pixels = (0..<2 * 8 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let images = ImageSet(
            pixels: pixels, height: 8, width: 8, channels: 3, labels: [0, 1], classNames: ["a", "b"])
        _ = policy(
            RawBatch(images: images, seed: 1, epoch: 0),
            normalization: Normalization(mean: [0, 0, 0], deviation: [1, 1, 1]))
    }
}

struct CostsTarget: FuzzTarget {
    let name = "costs"

    func seeds() throws -> [Data] {
        let curve = OperationCosts.Curve(pixels: [1_024, 4_096], microseconds: [10, 40])
        return [
            try OperationCosts(channels: 3, plain: curve, operations: ["hue": .init(last: curve, inner: curve)]).json
        ]
    }

    func read(_ input: Data) throws { _ = try OperationCosts(json: input) }
}

struct LabelsTarget: FuzzTarget {
    let name = "labels"

    func seeds() throws -> [Data] {
        [
            "0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.2 0.2\n", "0 0.17 0.15 0.33 0.31\r\n",
            "0 0.5 0.5 0.1 0.1 0.5 0.5 0.4 0.6\n",
        ]
        .map { Data($0.utf8) }
    }

    func read(_ input: Data) throws {
        _ = try ImageTargets(yolo: String(decoding: input, as: UTF8.self), height: 32, width: 48, file: "input")
    }
}
