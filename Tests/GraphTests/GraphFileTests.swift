import Autograd
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Graph

/// x · sigmoid(1.702 x).
struct QuickGELU: ElementwiseOperation {
    static let name = "test.quickGELU"
    func value(at x: Float) -> Float { x / (1 + expf(-1.702 * x)) }
    func slope(at x: Float) -> Float {
        let gate = 1 / (1 + expf(-1.702 * x))
        return gate + 1.702 * x * gate * (1 - gate)
    }
}

/// A dense layer with an activation of one's own.
struct Activated: Module {
    var layer = Dense(4, 3, seed: 1)
    func callAsFunction(_ input: Variable) -> Variable { layer(input.flattened()).applying(QuickGELU()) }
    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("layer", &layer) }
}

extension Dense {
    fileprivate init(_ inputs: Int, _ outputs: Int, seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        self.init(inputs, outputs, using: &random)
    }
}

@Suite struct GraphFileTests {
    static func patchwork() throws -> NetworkGraph {
        try NetworkGraph(tracing: withStatistics(Patchwork(seed: 1), seed: 2), inputShape: [16, 16, 2])
    }

    /// What reading says; "taken" if it takes the file.
    static func outcome(_ file: SafetensorsFile, _ operations: OperationRegistry = .standard) -> String {
        do {
            _ = try NetworkGraph.decode(file, operations: operations)
            return "taken"
        } catch { return error is FormatError ? "\(error)" : "not a FormatError: \(error)" }
    }

    @Test(
        "A graph comes back from its file with every attribute, path, feature map and bit, traced or folded and fused")
    func roundTrip() throws {
        let images = smoothImages(5, side: 16, channels: 2, seed: 3)
        let whole = try Self.patchwork()
        for graph in [whole, whole.foldingBatchNorm(), whole.foldingBatchNorm().fusingActivations()] {
            let bytes = graph.file(metadata: ["a": "b"]).encoded()
            let (back, metadata) = try NetworkGraph.decode(SafetensorsFile(decoding: bytes, file: "graph"))
            #expect(metadata == ["a": "b"])
            #expect(back.nodes.map(\.operation) == graph.nodes.map(\.operation))
            #expect(back.nodes.map(\.description) == graph.nodes.map(\.description))
            #expect(back.nodes.map(\.extents) == graph.nodes.map(\.extents))
            #expect(back.nodes.map(\.features) == graph.nodes.map(\.features))
            #expect(try InferencePlan(back)(images).isBitIdentical(to: InferencePlan(graph)(images)))
            #expect(back.file(metadata: ["a": "b"]).encoded() == bytes)
        }
    }

    @Test("A constant that a module makes itself is kept, though it has no path")
    func constants() throws {
        let module = ClosureModule { input in
            (input + input.tape.constant(Tensor([1, 2, 3, 4], shape: [1, 2, 2, 1]).broadcast(to: input.shape)))
                .flattened()
        }
        // Made for its batch size: no graph can say that.
        #expect(throws: GraphError.self) { try NetworkGraph(tracing: module, inputShape: [2, 2, 1]) }
        let weights = Tensor([1, 2, 3, 4], shape: [4, 1])
        let dense = ClosureModule { $0.flattened().multiplied(byMatrix: $0.tape.constant(weights)) }
        let graph = try NetworkGraph(tracing: dense, inputShape: [2, 2, 1])
        let (back, _) = try NetworkGraph.decode(graph.file())
        #expect(try InferencePlan(back)(.ones([1, 2, 2, 1])).scalars == [10])
        #expect(back.nodes.last?.layerPath == nil)
    }

    @Test("An operation of one's own is read by who knows it, and named with what is registered to who does not")
    func ownOperation() throws {
        let module = Activated()
        let graph = try NetworkGraph(tracing: module, inputShape: [2, 2, 1])
        let file = graph.file()
        #expect(
            Self.outcome(file).contains("node 3: operation test.quickGELU found, one that is registered: abs, add,"))
        let known = OperationRegistry.standard.adding(QuickGELU.self)
        let images = smoothImages(3, side: 2, seed: 4)
        let network = try TracedNetwork(NetworkGraph.decode(file, operations: known).graph)
        #expect(network.predict(images).isBitIdentical(to: module.predict(images)))
    }

    @Test("Lies about nodes and arrays are refused, each with what was found")
    func lies() throws {
        let network = withStatistics(ConvNet(width: 3, channels: 1, classes: 4, seed: 3), seed: 4)
        let file = try NetworkGraph(tracing: network, inputShape: [6, 6, 1]).file()
        let text = try #require(file.metadata[GraphRecord.key])
        #expect(Self.outcome(file) == "taken")
        func with(_ old: String, _ new: String) -> String {
            var changed = file
            #expect(text.contains(old), "\(old) in \(text)")
            changed.metadata[GraphRecord.key] = text.replacing(old, with: new, maxReplacements: 1)
            return Self.outcome(changed)
        }
        #expect(with("\"version\":3", "\"version\":4").contains("version 4 found, a version up to 3"))
        #expect(with("\"float32\"", "\"float16\"").contains("precision float16"))
        #expect(with("\"float32\"", "\"int8\"").contains("int8 model"))
        #expect(with("[6,6,1]", "[6,6,2]").contains("node 1: weights"))
        #expect(with("[6,6,1]", "[1048577,6,1]").contains("node 0: input of [1048577, 6, 1]"))
        #expect(with("\"op\":\"relu\"", "\"op\":\"rely\"").contains("node 3: operation rely"))
        #expect(with("\"pad\":[1,1]", "\"pad\":[1,-1]").contains("node 1: [1, -1] found, two sizes"))
        #expect(with("\"pad\":[1,1]", "\"pad\":\"one\"").contains("node 1: attributes of convolution2D"))
        #expect(with("\"epsilon\":", "\"epsilon\":-").contains("node 2: epsilon -"))
        #expect(with("\"epsilon\":", "\"epsylon\":").contains("node 2: attributes of batchNorm"))
        #expect(with("\"window\":[2,2]", "\"window\":[9,9]").contains("window (9, 9)"))
        // A cycle would need a node that reads a later one.
        #expect(with("\"in\":[1,", "\"in\":[2,").contains("node 2: inputs [2] found, earlier nodes"))
        #expect(with("\"in\":[1,", "\"in\":[-1,").contains("earlier nodes"))
        #expect(with("\"stage1.0.convolution.weight\"", "\"none\"").contains("no array none"))
        #expect(with("{\"op\":\"relu\"}", "{\"op\":\"relu\",\"add\":0}").contains("a residual of"))
        #expect(with("{\"op\":\"relu\"}", "{\"op\":\"relu\",\"relu\":true}").contains("only behind layers and sums"))
        #expect(with("\"nodes\":[", "\"nodes\":[[").contains("JSON"))

        func array(_ name: String, _ entry: SafetensorsFile.Entry?) -> String {
            var changed = file
            changed.entries[name] = entry
            return Self.outcome(changed)
        }
        let weight = "stage1.0.convolution.weight"
        #expect(array(weight, nil).contains("no array \(weight)"))
        #expect(
            array(weight, .init([Float](repeating: 0, count: 27), shape: [3, 3, 3, 1])).contains("node 1: weights"))
        #expect(array(weight, .init([Float](repeating: .nan, count: 27), shape: [3, 3, 1, 3])).contains("nan"))
        #expect(array(weight, .init([Int8](repeating: 0, count: 27), shape: [3, 3, 1, 3])).contains(weight))
        #expect(array("more", .init([Float(1)])).contains("array more found"))
        var empty = SafetensorsFile()
        empty.entries["weight"] = .init([Float(1)])
        #expect(Self.outcome(empty).contains("no key retort.graph"))
    }

    /// Unoptimised, a tenth takes long enough.
    static let mutations: Int = {
        #if DEBUG
            10_000
        #else
            100_000
        #endif
    }()

    @Test("100,000 changed files, a tenth unoptimised, give a FormatError each, or a network that runs")
    func mutated() throws {
        let small = withStatistics(ConvNet(width: 1, channels: 1, classes: 2, seed: 3), seed: 4)
        let corpus = [
            try NetworkGraph(tracing: small, inputShape: [4, 4, 1]), try Self.patchwork(),
            try NetworkGraph(tracing: MLP(inputs: 4, hidden: [2], classes: 2, seed: 1), inputShape: [2, 2, 1]),
        ].map { [UInt8]($0.file(metadata: ["a": "b"]).encoded()) }
        let counts = Mutex((taken: 0, refused: 0, others: [String]()))
        Parallel.forEach(100) { piece in
            for sample in piece * Self.mutations / 100..<(piece + 1) * Self.mutations / 100 {
                do {
                    let bytes = mutation(of: corpus, sample: sample)
                    let (graph, _) = try NetworkGraph.decode(SafetensorsFile(decoding: bytes, file: "changed"))
                    let plan = try InferencePlan(graph)
                    if sample % 10 == 0, graph.inputShape.elementCount < 1000, plan.peakActivationBytes < 1 << 16 {
                        _ = plan(.zeros(Shape([1] + graph.inputShape.extents)))
                    }
                    counts.withLock { $0.taken += 1 }
                } catch {
                    counts.withLock {
                        if error is FormatError { $0.refused += 1 } else { $0.others.append("\(sample): \(error)") }
                    }
                }
            }
        }
        let (taken, refused, others) = counts.withLock { $0 }
        #expect(others.isEmpty, "\(others.prefix(3))")
        #expect(taken + refused == Self.mutations && taken > Self.mutations / 100 && refused > Self.mutations / 2)
    }
}
