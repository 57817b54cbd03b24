import Autograd
import Foundation
import Graph
import TensorCore

/// A quantised network as C11: one source file and its header, for places where no Swift and no library is.
///
/// Weights are constants, kernels are scalar loops in portable C; nothing is allocated, the results of nodes share one
/// static buffer. The output equals ``QuantizedModel/predict(_:)`` bit for bit, where Float is IEEE single precision.
/// The source turns off for gcc and clang what would change that, and refuses `-ffast-math`.
public struct CExport: Sendable {
    /// The header's text.
    public let header: String
    /// The source file's text; includes `NAME.h`.
    public let source: String
    /// Bytes of constants: weights, biases, multipliers and tables.
    public let constantBytes: Int
    /// Bytes of static memory that results of nodes share.
    public let staticBytes: Int

    /// Writes a model as C.
    ///
    /// - Parameters:
    ///   - model: the network; one image at a time goes through it.
    ///   - name: a C identifier, which all names that others see begin with.
    ///   - comment: goes into the header, such as how inputs are normalised; without "*/".
    /// - Throws: `GraphError` for a softmax, which is left to the caller, as the largest logit needs none, and for any
    ///   other node that is computed in float32.
    public init(_ model: QuantizedModel, name: String, comment: String = "") throws {
        require(Self.isIdentifier(name), "CExport: '\(name)' is no identifier")
        require(!comment.contains("*/"), "CExport: the comment ends itself")
        let network = model.network
        let nodes = network.program.nodes
        for (index, node) in nodes.enumerated() {
            guard !node.isFloat else {
                let reason =
                    index == nodes.count - 1 && node.operation?.isFloatOnly == true
                    ? "has no form in C, which ends with the logits"
                    : "has no form in C, as it is computed in float32; ONNX has one"
                // A parameter of the network itself, such as a class token, has no layer's path.
                let path = node.path.flatMap { $0.isEmpty ? nil : $0 }
                throw GraphError(operation: path ?? node.name, reason: reason)
            }
        }
        let memory = ActivationMemory(network)
        var writer = CNodeWriter(network, memory)
        for index in network.program.nodes.indices { writer.write(index) }
        (constantBytes, staticBytes) = (writer.constantBytes, memory.bytes)

        let inputs = nodes[0].shape.elementCount
        let outputs = nodes[nodes.count - 1].shape.elementCount
        header = """
            /* \(name): an INT8 network, written by retort export. \(comment)
             *
             * \(constantBytes) bytes of constants, \(staticBytes) bytes of static memory, no allocation, no library.
             * Results are those of the model to the last bit with gcc and clang, whatever their options; -ffast-math is
             * refused. Another compiler must not contract products and sums (-ffp-contract=off). */
            #ifndef RETORT_\(name)_H
            #define RETORT_\(name)_H

            #ifdef __cplusplus
            extern "C" {
            #endif

            /* Elements of an input, an image of shape \(nodes[0].shape), and of an output. */
            enum { \(name)_inputs = \(inputs), \(name)_outputs = \(outputs) };

            /* From an image, normalised as the network's inputs are, to the outputs. One call at a time. */
            void \(name)_run(const float *input, float *output);

            #ifdef __cplusplus
            }
            #endif

            #endif

            """
        source = """
            #include "\(name).h"

            \(CKernelText.common)
            \(writer.kernels.map(\.text).joined(separator: "\n"))
            \(writer.constants.joined(separator: "\n"))
            static uint8_t memory[\(memory.bytes)];

            void \(name)_run(const float *input, float *output) {
            \(writer.calls.map { "    \($0)" }.joined(separator: "\n"))
            }

            """
    }

    /// Whether a text can name something in C.
    public static func isIdentifier(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_]{0,30}/) != nil
    }
}

/// Where the bytes of each node's result lie, so that results that are alive together do not overlap.
struct ActivationMemory {
    private(set) var offsets: [Int?]
    private(set) var bytes = 1

    init(_ network: IntegerNetwork) {
        let nodes = network.program.nodes
        offsets = Array(repeating: nil, count: nodes.count)
        // A flattened image is the image: it lives as long as either is read.
        var owners = Array(nodes.indices)
        for (index, node) in nodes.enumerated() where node.operation?.is(FlattenOperation.self) == true {
            owners[index] = owners[node.inputs[0]]
        }
        var last = Array(nodes.indices)
        for (index, node) in nodes.enumerated() {
            for source in node.sources { last[owners[source]] = max(last[owners[source]], index) }
        }
        // The largest first, each at the first place that is free while it lives (greedy by size, Pisarchyk and Lee,
        // arXiv 2001.03288): small results fit between large ones, not the other way round.
        let owning = nodes.indices.filter { nodes[$0].quantization != nil && owners[$0] == $0 }
        func size(_ index: Int) -> Int { nodes[index].shape.elementCount }
        var placed: [Int] = []
        for index in owning.sorted(by: { (size($1), $0) < (size($0), $1) }) {
            let taken = placed.filter { $0 <= last[index] && index <= last[$0] }
                .compactMap { other in offsets[other].map { $0..<$0 + size(other) } }
                .sorted { $0.lowerBound < $1.lowerBound }
            var place = 0
            for range in taken where place + size(index) > range.lowerBound { place = max(place, range.upperBound) }
            offsets[index] = place
            placed.append(index)
            bytes = max(bytes, place + size(index))
        }
        for (index, owner) in owners.enumerated() { offsets[index] = offsets[owner] }
    }
}
