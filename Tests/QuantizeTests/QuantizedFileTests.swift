import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

@Suite struct QuantizedFileTests {
    static func model() throws -> QuantizedModel {
        let network = withStatistics(ConvNet(width: 3, channels: 1, classes: 4, seed: 3), seed: 4)
        return try QuantizedModel(network, calibratedOn: [smoothImages(4, side: 6, seed: 5)])
    }

    /// What reading says; nil if it takes the file.
    static func failure(_ file: SafetensorsFile) -> String? {
        do {
            _ = try QuantizedModel.decode(file)
            return nil
        } catch { return error is FormatError ? "\(error)" : "not a FormatError: \(error)" }
    }

    @Test("Every truncation and every changed byte of a file gives a FormatError or a model that runs")
    func corrupted() throws {
        let bytes = try Self.model().file(metadata: ["a": "b"]).encoded()
        for length in stride(from: 0, to: bytes.count, by: 13) {
            #expect(throws: FormatError.self) {
                _ = try QuantizedModel.decode(SafetensorsFile(decoding: bytes.prefix(length), file: "cut"))
            }
        }
        var random = Philox(seed: 1)
        let image = smoothImages(1, side: 6, seed: 9)
        var refused = 0
        // Mostly the header: weights may have any value.
        for _ in 0..<600 {
            var changed = bytes
            let limit = random.index(below: 4) == 0 ? bytes.count : 1200
            changed[random.index(below: limit)] = UInt8(random.index(below: 256))
            do {
                let model = try QuantizedModel.decode(SafetensorsFile(decoding: changed, file: "changed")).model
                if model.inputShape == [6, 6, 1] { _ = model.predict(image) }
            } catch {
                #expect(error is FormatError)
                refused += 1
            }
        }
        #expect(refused > 300)
    }

    @Test(
        "Sizes that no layer could have, or that would take all memory, are refused before a geometry is made of them")
    func sizes() {
        func failure(_ input: String, _ step: String, _ weights: SafetensorsFile.Entry, bias: [Float] = []) -> String {
            var file = SafetensorsFile(
                metadata: [
                    GraphRecord.int8Key:
                        "{\"version\":2,\"input\":\(input),\"steps\":[{\"op\":\"convolution2D\",\(step)}]}"
                ])
            let channels = weights.shape.extents.last ?? 0
            let isFloat = weights.dataType == .float32
            file.entries["1.weight"] = weights
            if isFloat { file.entries["1.bias"] = .init(bias) }
            file.entries["bias"] = .init([Int32](repeating: 0, count: isFloat ? 0 : channels))
            file.entries["scale"] = .init([Float](repeating: 1, count: isFloat ? 0 : channels))
            file.entries["activation.scale"] = .init([Float(1)])
            file.entries["activation.zero"] = .init([UInt8(0)])
            return Self.failure(file) ?? "taken"
        }
        func bytes(_ shape: Shape) -> SafetensorsFile.Entry {
            .init([Int8](repeating: 1, count: shape.elementCount), shape: shape)
        }
        func floats(_ shape: Shape) -> SafetensorsFile.Entry {
            .init([Float](repeating: 1, count: shape.elementCount), shape: shape)
        }
        let flat = "\"pad\":[1,1],\"float\":true"
        #expect(failure("[4]", "\"float\":true", bytes([1, 1, 4, 2])) == "taken")
        #expect(failure("[4]", flat, bytes([1, 1, 4, 2])).contains("node 1: 9 pixels"))
        #expect(failure("[4]", flat, floats([1, 1, 4, 2]), bias: [0, 0]).contains("node 1: 9 pixels"))
        #expect(failure("[1048576,1048576,1]", flat, bytes([3, 3, 1, 1024])).contains("node 0: input"))
        #expect(failure("[1048576,2048,1]", flat, bytes([1, 1, 1, 8])).contains("at most"))
        let wide = "\"pad\":[1023,1023],\"dilation\":[2,2],\"float\":true"
        #expect(
            failure("[1,1,1]", wide, floats([64, 64, 1, 4]), bias: [0, 0, 0, 0]).contains("patches of 4096 numbers"))
    }

    @Test("Lies about steps and arrays are refused, each with what was found")
    func lies() throws {
        let file = try Self.model().file(metadata: [:])
        let text = try #require(file.metadata[GraphRecord.key])
        #expect(Self.failure(file) == nil)
        func with(_ old: String, _ new: String) -> String {
            var changed = file
            #expect(text.contains(old), "\(old) in \(text)")
            changed.metadata[GraphRecord.key] = text.replacing(old, with: new, maxReplacements: 1)
            return Self.failure(changed) ?? "taken"
        }
        #expect(with("\"version\":3", "\"version\":4").contains("version 4 found"))
        #expect(with("\"version\":3", "\"version\":0").contains("version 0 found"))
        #expect(with("[6,6,1]", "[6,6,2]").contains("node 1: weights [3, 3, 1, 3]"))
        #expect(with("[6,6,1]", "[0,6,1]").contains("extents"))
        #expect(with("[6,6,1]", "[9223372036854775807,6,1]").contains("node 0"))
        #expect(with("[6,6,1]", "[1048576,1048576,1]").contains("node 0"))
        #expect(with("\"pad\":[1,1]", "\"pad\":[1000000,1000000]").contains("node 1"))
        #expect(with("\"pad\":[1,1]", "\"pad\":[-1,1]").contains("two sizes"))
        #expect(with("\"pad\":[1,1]", "\"groups\":0").contains("groups 0"))
        #expect(with("\"pad\":[1,1]", "\"stride\":[0,1]").contains("node 1"))
        #expect(with("\"pad\":[1,1]", "\"dilation\":[1048576,1048576]").contains("node 1"))
        #expect(with("\"op\":\"convolution2D\"", "\"in\":[1],\"op\":\"convolution2D\"").contains("earlier nodes"))
        #expect(with("\"op\":\"convolution2D\"", "\"in\":[],\"op\":\"convolution2D\"").contains("0 inputs"))
        #expect(with("\"op\":\"convolution2D\"", "\"add\":0,\"op\":\"convolution2D\"").contains("residual"))
        #expect(with("\"op\":\"maxPool2D\"", "\"op\":\"median\"").contains("operation median"))
        #expect(with("\"window\":[2,2]", "\"window\":[0,2]").contains("window"))
        #expect(with("\"window\":[2,2]", "\"window\":[9,9]").contains("window"))
        #expect(with("\"op\":\"dense\"", "\"op\":\"flatten\"") != "taken")
        #expect(with("{\"op\":\"globalAveragePool\"}", "{\"float\":true,\"op\":\"globalAveragePool\"}") != "taken")
        #expect(with("\"float\":true,", "") != "taken")
        #expect(with("\"relu\":true}", "\"relu\":3}").contains("JSON"))
        #expect(with("{", String(repeating: "[", count: 100_000)).contains("JSON"))

        func array(_ name: String, _ entry: SafetensorsFile.Entry?) -> String {
            var changed = file
            changed.entries[name] = entry
            return Self.failure(changed) ?? "taken"
        }
        let channels = 3 + 3 + 6 + 6 + 4
        #expect(array("bias", nil).contains("bias"))
        #expect(array("bias", .init([Int32](repeating: .max, count: channels))).contains("overflow 32 bits"))
        #expect(array("bias", .init([Int32](repeating: 0, count: channels + 1))).contains("belong to no node"))
        #expect(array("bias", .init([Int32](repeating: 0, count: channels - 1))).contains("biases"))
        #expect(array("scale", .init([Float](repeating: .nan, count: channels))).contains("not positive"))
        #expect(array("scale", .init([Float](repeating: 0, count: channels))).contains("not positive"))
        #expect(array("scale", .init([Float](repeating: 3e38, count: channels))).contains("too far apart"))
        #expect(array("activation.scale", .init([Float](repeating: -1, count: 7))).contains("not positive"))
        #expect(array("activation.zero", .init([UInt8](repeating: 0, count: 3))) != "taken")
        #expect(array("1.weight", nil).contains("node 1"))
        #expect(array("1.weight", .init([Int8](repeating: -128, count: 27), shape: [3, 3, 1, 3])).contains("-128"))
        #expect(array("1.weight", .init([UInt8](repeating: 1, count: 27), shape: [3, 3, 1, 3])).contains("U8"))
        #expect(array("1.weight", .init([Int8](), shape: [3, 3, 0, 3])).contains("1.weight"))
        #expect(array("more", .init([Int8](repeating: 1, count: 2))).contains("array more"))
        var float = SafetensorsFile()
        float.entries["weight"] = .init([Float](repeating: 1, count: 3))
        #expect(Self.failure(float)?.contains("a quantised model") == true)
    }

    @Test("A missing file and an unwritable folder are errors that name the path")
    func paths() throws {
        let missing = URL(filePath: "/nonexistent/model.safetensors")
        #expect(throws: FormatError.self) { _ = try QuantizedModel.read(missing) }
        #expect(throws: FileWriteError.self) { try Self.model().write(to: missing) }
    }
}
