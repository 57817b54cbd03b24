import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import Testing

@Suite struct GraphLimitTests {
    /// A file of a float32 network that is said to be of so many nodes.
    private static func file(_ input: [Int], _ nodes: String, _ arrays: [String: Shape] = [:]) -> SafetensorsFile {
        let text = "{\"version\":3,\"precision\":\"float32\",\"input\":\(input),\"nodes\":[\(nodes)]}"
        return SafetensorsFile(metadata: ["retort.graph": text], entries: arrays.mapValues { .init(.zeros($0)) })
    }

    private static func pooling(_ name: String, _ window: Int) -> String {
        "{\"op\":\"\(name)\",\"attributes\":{\"window\":[\(window),\(window)],\"stride\":[1,1],"
            + "\"pad\":[\(window / 2),\(window / 2)]}}"
    }

    // A maximum over windows of 2047 × 2047 around each of 2048 × 2048 pixels takes 1.8 · 10¹³ comparisons.
    @Test(
        "A small file of much work is refused by its node before anything runs",
        arguments: ["maxPool2D", "averagePool2D"])
    func work(_ name: String) throws {
        let end = #"{"op":"globalAveragePool"},{"op":"dense","in":[2,"w"]}"#
        let large = Self.file([2048, 2048, 1], "\(Self.pooling(name, 2047)),\(end)", ["w": [1, 10]])
        let error = #expect(throws: FormatError.self) { try NetworkGraph.decode(large) }
        #expect(error?.place == "node 1" && error?.found.contains("operations") == true)
        #expect(error?.expected.contains("GraphLimits") == true)
        // Small steps add up.
        let many = [String](repeating: Self.pooling(name, 255), count: 40).joined(separator: ",")
        let sum = Self.file([512, 512, 1], many)
        #expect(throws: FormatError.self) { try NetworkGraph.decode(sum) }
    }

    @Test("A small file of large results is refused; raised limits let it through")
    func memory() throws {
        let input = [2048, 1024, 512]
        let file = Self.file(
            input, #"{"op":"relu"},{"op":"relu"},{"op":"globalAveragePool"},{"op":"dense","in":[3,"w"]}"#,
            ["w": [512, 10]])
        let error = #expect(throws: FormatError.self) { try NetworkGraph.decode(file) }
        #expect(error?.found == "a network that takes \(2 << 32) bytes for one image")
        let limits = GraphLimits(activationBytes: 2 << 32)
        #expect(try NetworkGraph.decode(file, limits: limits).graph.inputShape == Shape(input))
    }

    @Test("A network of usual size is within the limits, and beyond lower ones")
    func usual() throws {
        let network = ResNet(depth: 56, channels: 3, classes: 10, seed: 1)
        let file = try NetworkGraph(tracing: network, inputShape: [32, 32, 3]).file()
        _ = try NetworkGraph.decode(file)
        #expect(throws: FormatError.self) { try NetworkGraph.decode(file, limits: GraphLimits(operations: 1e6)) }
        #expect(throws: FormatError.self) { try NetworkGraph.decode(file, limits: GraphLimits(activationBytes: 1000)) }
    }
}
