import Foundation
import SwiftProtobuf
import TensorCore

/// The messages of a model file, with what is checked before any node is looked at.
struct ModelFile {
    /// The file, for messages.
    let name: String
    let graph: Onnx_GraphProto
    /// Versions of operator sets by their domains; the standard one is "".
    let versions: [String: Int]
    /// Functions that the model brings, by domain and name.
    let functions: [String: Onnx_FunctionProto]
    let tensors: TensorReader
    let message: Onnx_ModelProto

    /// Bytes that a model file may have: protobuf lengths are 31 bits.
    static let sizeLimit = 1 << 31 - 1

    /// Reads a file.
    ///
    /// - Throws: `FormatError` for what is no ONNX model.
    init(_ url: URL) throws {
        let path = FilePath(url)
        let size = try FileReader(path).size
        guard size <= Self.sizeLimit else {
            throw FormatError(
                file: "\(path)", found: "\(size) bytes",
                expected: "less than 2 GiB", advice: "save it with its weights in a file beside it (external data)")
        }
        try self.init(InputFile.read(path), name: "\(path)", folder: url.deletingLastPathComponent())
    }

    init(_ data: Data, name: String, folder: URL?) throws {
        self.name = name
        do { message = try Onnx_ModelProto(serializedBytes: data) } catch is BinaryDecodingError {
            throw FormatError(
                file: name, problem: "no intact ONNX model: it is cut short, damaged or something else",
                advice: "copy it again")
        }
        guard message.hasGraph, !message.opsetImport.isEmpty else {
            throw FormatError(
                file: name, found: message.hasGraph ? "no operator set" : "no graph", expected: "an ONNX model")
        }
        graph = message.graph
        versions = Dictionary(message.opsetImport.map { (standardized($0.domain), Int($0.version)) }) { $1 }
        if let version = versions[""], !OperatorTable.versions.contains(version) {
            throw FormatError(
                file: name, found: "operator set \(version)",
                expected: "\(OperatorTable.versions.lowerBound) to \(OperatorTable.versions.upperBound)",
                advice: "onnx.version_converter turns one into another")
        }
        functions = Dictionary(message.functions.map { (functionKey($0.domain, $0.name), $0) }) { $1 }
        tensors = TensorReader(file: name, folder: folder)
        if let sparse = graph.sparseInitializer.first {
            throw FormatError(
                file: name, place: "tensor \"\(sparse.values.name)\"", found: "a sparse tensor", expected: "a dense one"
            )
        }
    }
}

/// The standard domain has two spellings.
func standardized(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

/// A function by what nodes call it.
func functionKey(_ domain: String, _ name: String) -> String { "\(standardized(domain)):\(name)" }

extension ONNXModel {
    /// Whether a file may be an ONNX model by its first bytes: the format has no signature, but its first field is
    /// nearly always its version, and a file of another kind that Retort reads has none of these.
    ///
    /// - Throws: as `InputFile.start(of:)`.
    public static func isONNX(_ url: URL) throws -> Bool {
        let start = try InputFile.start(of: FilePath(url))
        // A safetensors file has `{` behind eight bytes of length.
        guard start.count >= 9, start[8] != 0x7B else { return false }
        // Field 1, a small number, and then a field of the model.
        return start[0] == 0x08 && start[1] < 0x20 && [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42].contains(start[2])
    }
}
