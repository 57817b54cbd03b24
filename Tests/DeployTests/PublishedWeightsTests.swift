import Deploy
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@Suite struct PublishedWeightsTests {
    @Test(
        "A pickled checkpoint, zipped or not, is refused with the line of Python that turns it into safetensors",
        arguments: [[0x50, 0x4B, 3, 4, 0, 0, 8, 8], [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC]] as [[UInt8]])
    func pickles(bytes: [UInt8]) throws {
        try withTemporaryFolder { folder in
            let url = try folder.file("net's best.pth", bytes)
            let error = #expect(throws: FormatError.self) { try PublishedWeights.read(url) }
            let kind = bytes[0] == 0x50 ? "a ZIP file" : "a Python pickle"
            #expect(error?.found == "\(kind), as PyTorch's checkpoints are")
            let text = error?.advice ?? ""
            #expect(
                error?.expected == "safetensors"
                    && text.hasPrefix("this line makes them: python -c \"import sys, torch, safetensors"))
            #expect(text.contains(#"net'\''s best.pth' '"#) && text.hasSuffix(#"net'\''s best.safetensors'"#))
            #expect(text.allSatisfy { !$0.isNewline })
        }
    }

    @Test("A model file of this library, whose layouts are others, is refused; so is a file that is no safetensors")
    func otherFiles() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            let graph = try NetworkGraph(
                tracing: MLP(inputs: 4, hidden: [4], classes: 4, seed: 1), inputShape: [2, 2, 1])
            try graph.file(metadata: [:]).write(to: url)
            let error = #expect(throws: FormatError.self) { try PublishedWeights.read(url) }
            #expect(error?.found == "a model of this library")
            let page = try folder.file("page.safetensors", Array("<html>not found</html>".utf8))
            #expect(throws: FormatError.self) { try PublishedWeights.read(page) }
            let empty = try folder.file("empty.safetensors", [])
            #expect(throws: FormatError.self) { try PublishedWeights.read(empty) }
        }
    }

    @Test("Weights of a file become those of a network, whatever its type")
    func loading() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "weights.safetensors")
            let weights = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
            try SafetensorsFile(tensors: [("layers.0.weight", weights), ("layers.0.bias", .zeros([3]))]).write(to: url)
            var network: any Module = MLP(inputs: 2, hidden: [], classes: 3, seed: 1)
            #expect(try PublishedWeights.load(url, into: &network).isEmpty)
            #expect(network.predict(Tensor([1, 0], shape: [1, 2])).scalars == [1, 3, 5])
            var other: any Module = MLP(inputs: 2, hidden: [], classes: 4, seed: 1)
            let differences = try PublishedWeights.load(url, into: &other)
            #expect(differences == [.freshHead("layers.0", classes: 4, publishedClasses: 3)])
        }
    }
}
