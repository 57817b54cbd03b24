import Foundation
import Graph
import TensorCore
import TestSupport
import Testing

@testable import ONNX

@Suite("Models that cannot be read are refused, with node, operator and reason")
struct BadModelTests {
    private static let convolution = Models.model(
        [Models.node("Conv", ["x", "w"])], stored: ["w": .ones([2, 3, 3, 3])])

    @Test("Bytes that are no protobuf, a file that is cut, and one of nothing")
    func bytes() throws {
        let whole = try Self.convolution.serializedBytes() as Data
        for bytes in [Data(), Data("no model at all".utf8), whole.dropLast(7), Data(repeating: 0xFF, count: 100)] {
            #expect(throws: FormatError.self) { try ONNXModel(Data(bytes), name: "model.onnx") }
        }
        #expect(throws: FormatError.self) { try ONNXModel(contentsOf: URL(filePath: "/nowhere/model.onnx")) }
    }

    @Test("A file of 2 GiB is refused by its size, before any of it is read")
    func size() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "model.onnx")
            try (Self.convolution.serializedBytes() as Data).write(to: file)
            // Of the size that a writer would have left, without taking the room.
            #expect(truncate(file.path, 1 << 31) == 0)
            #expect {
                try ONNXModel(contentsOf: file)
            } throws: {
                "\($0)".contains(
                    "2147483648 bytes found, less than 2 GiB expected; save it with its weights in a file beside")
            }
        }
    }

    @Test("An operator set of the future is named, with those that are read")
    func version() throws {
        var model = Self.convolution
        model.opsetImport[0].version = 30
        let complaint = Models.complaint(model)
        #expect(complaint.contains("operator set 30") && complaint.contains("1 to 23"))
    }

    @Test(
        "What is wrong with a node is told with its number, its operator and its name",
        arguments: [
            (Models.node("Conv", ["x", "none"]), "node 0 (Conv): input \"none\", which no node before gives"),
            (Models.node("Frobnicate", ["x"]), "node 0 (Frobnicate): operator Frobnicate found"),
            (Models.node("Conv", ["x", "w"], ["y"], ["strides": .ints([0, 1])]), "strides [0, 1] found"),
            (Models.node("Conv", ["x", "w"], ["y"], ["group": .int(0)]), "groups 0"),
            (Models.node("Conv", ["x", "w"], ["y"], ["group": .string("a")]), "attribute group of another type"),
            (Models.node("Conv", ["x", "w"], ["y"], ["pads": .ints([-1, 0, 0, 0])]), "pads [-1, 0, 0, 0]"),
            (Models.node("Add", ["x", "w"]), "inputs of"),
            (Models.node("Reshape", ["x", "w"]), "shape of type float32"),
            (Models.node("Concat", ["x", "x"], ["y"], ["axis": .int(9)]), "axis 9 of 4 axes"),
            (Models.node("Transpose", ["x"], ["y"], ["perm": .ints([0, 0, 1, 2])]), "permutation [0, 0, 1, 2]"),
            (Models.node("TopK", ["x", "w"]), "TopK of values that are computed"),
            (Models.node("Equal", ["x", "x"]), "computed from the model's input"),
            (
                Models.node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"]),
                "dynamic quantisation (other scales for each image) found, static quantisation expected; give the model in FP32"
            ),
        ] as [(Onnx_NodeProto, String)])
    func nodes(_ node: Onnx_NodeProto, _ expected: String) {
        let model = Models.model([node], stored: ["w": .ones([2, 3, 3, 3])])
        let complaint = Models.complaint(model)
        #expect(complaint.contains(expected), "\(complaint)")
        #expect(complaint.hasPrefix("model.onnx: node 0"), "\(complaint)")
    }

    @Test("A model that leaves the image size open says how to give it")
    func openSize() {
        let model = Models.model([Models.node("Relu", ["x"])], inputs: [("x", [nil, 3, nil, nil])])
        #expect(
            Models.complaint(model).hasSuffix(
                " leaves the size of images open; give it by --input-size, such as --input-size 224x224"))
    }

    @Test("Cycles, two values of one name, a result that nothing gives, and graphs within nodes")
    func structure() {
        let cycle = Models.model(
            [Models.node("Relu", ["b"], ["a"]), Models.node("Relu", ["a"], ["b"])], outputs: ["b"])
        #expect(Models.complaint(cycle).contains("no node before gives"))
        let twice = Models.model([Models.node("Relu", ["x"], ["y"]), Models.node("Relu", ["x"], ["y"])])
        #expect(Models.complaint(twice).contains("a second value called \"y\""))
        #expect(
            Models.complaint(Models.model([Models.node("Relu", ["x"], ["z"])])).contains("no node that gives \"y\""))
        var branch = Models.node("If", ["x"])
        branch.attribute = [
            .with {
                $0.name = "then_branch"
                $0.type = .graph
            }
        ]
        #expect(Models.complaint(Models.model([branch])).contains("a graph within the node"))
    }

    @Test("Stored tensors whose extents contradict their data, and types that are not read")
    func tensors() {
        var model = Self.convolution
        model.graph.initializer[0].dims[0] = 3
        #expect(Models.complaint(model).contains("tensor \"w\": 216 bytes found, 324"))
        model.graph.initializer[0].dims = [1 << 40, 1 << 40]
        #expect(Models.complaint(model).contains("a countable size"))
        model.graph.initializer[0].dims = [-2, 3]
        #expect(Models.complaint(model).contains("a countable size"))
        model = Self.convolution
        model.graph.initializer[0].dataType = 8
        #expect(Models.complaint(model).contains("elements of type string"))
        model.graph.initializer[0].dataType = 14
        #expect(Models.complaint(model).contains("elements of type number 14"))
    }

    @Test("External data are read beneath the model's folder and nowhere else")
    func externalData() throws {
        try withTemporaryFolder { folder in
            var model = Self.convolution
            let bytes = model.graph.initializer[0].rawData
            model.graph.initializer[0].rawData = Data()
            model.graph.initializer[0].dataLocation = .external
            func complaint(_ entries: [String: String]) throws -> String {
                model.graph.initializer[0].externalData = entries.map { key, value in
                    .with { ($0.key, $0.value) = (key, value) }
                }
                let file = folder.appending(path: "model.onnx")
                try (model.serializedBytes() as Data).write(to: file)
                do {
                    _ = try ONNXModel(contentsOf: file).graph()
                    return "none"
                } catch { return "\(error)" }
            }
            try (Data([1, 2, 3]) + bytes).write(to: folder.appending(path: "weights.bin"))
            #expect(try complaint(["location": "weights.bin", "offset": "3", "length": "216"]) == "none")
            #expect(try complaint(["location": "weights.bin", "offset": "3"]) == "none")
            #expect(try complaint(["location": "weights.bin", "offset": "4"]).contains("end at byte 219"))
            #expect(try complaint(["location": "weights.bin", "offset": "-1"]).contains("offset -1"))
            #expect(
                try complaint(["location": "weights.bin", "offset": "9223372036854775807"]).contains("end at byte"))
            #expect(try complaint(["location": "weights.bin", "length": "20"]).contains("20 bytes of external data"))
            #expect(try complaint(["location": "../weights.bin"]).contains("a file in the model's folder"))
            #expect(try complaint(["location": "/etc/passwd"]).contains("a file in the model's folder"))
            #expect(try complaint(["location": "gone.bin"]).contains("gone.bin"))
            #expect(try complaint([:]).contains("without a location"))
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: "link.bin"), withDestinationURL: URL(filePath: "/etc/passwd"))
            #expect(try complaint(["location": "link.bin"]).contains("a link out of the model's folder"))
        }
    }

    @Test("Work and memory that a few bytes ask for are refused before they are taken")
    func limits() {
        var extents = Onnx_TensorProto([1 << 20, 1 << 20], [2], .int64)
        extents.name = "extents"
        var model = Models.model([Models.node("ConstantOfShape", ["extents"], ["a"]), Models.node("Add", ["x", "a"])])
        model.graph.initializer = [extents]
        #expect(Models.complaint(model).contains("at most"))
        let large = Models.model(
            [Models.node("Conv", ["x", "w"], ["y"], ["pads": .ints([1000, 1000, 1000, 1000])])],
            inputs: [("x", [nil, 3, 60000, 60000])], stored: ["w": .ones([64, 3, 3, 3])])
        #expect(Models.complaint(large).contains("60000] found, one of 1 to"))
    }

    @Test("100,000 changed files give a typed error or a model that works")
    func changed() throws {
        var nodes = [
            Models.node("Conv", ["x", "w"], ["a"], ["pads": .ints([1, 1, 1, 1])]), Models.node("Relu", ["a"], ["b"]),
            Models.node("MaxPool", ["b"], ["c"], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]),
            Models.node("Shape", ["c"], ["s"]), Models.node("Gather", ["s", "zero"], ["n"]),
            Models.node("Concat", ["n", "rest"], ["e"], ["axis": .int(0)]), Models.node("Reshape", ["c", "e"], ["d"]),
            Models.node("Gemm", ["d", "m"], ["y"]),
        ]
        nodes[7].attribute.append(Onnx_AttributeProto("alpha", .float(0.5)))
        var model = Models.model(nodes, stored: ["w": .ones([2, 3, 3, 3]), "m": .ones([8, 2])])
        for (name, values) in [("zero", [0]), ("rest", [-1])] {
            var message = Onnx_TensorProto(values, [1], .int64)
            message.name = name
            model.graph.initializer.append(message)
        }
        let bytes = [UInt8](try model.serializedBytes() as Data)
        #expect(Models.complaint(model) == "none")
        var worked = 0
        for sample in 0..<100_000 {
            do {
                let limits = GraphLimits(operations: 1e7, activationBytes: 1 << 24)
                let read = try ONNXModel(mutation(of: [bytes], sample: sample), name: "model.onnx", limits: limits)
                _ = try read.graph()
                worked += 1
            } catch is FormatError {
            } catch is GraphError {
            } catch is MachineError {}
        }
        #expect(worked > 1000)
    }
}
