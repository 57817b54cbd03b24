import Autograd
import Foundation
import Graph
import TensorCore

/// A quantised network as C99: one source file and its header, for places where no Swift and no library is.
///
/// Weights are constants, kernels are scalar loops in portable C; nothing is allocated, the results of nodes share one
/// static buffer. The output equals ``QuantizedModel/predict(_:)`` bit for bit, where Float is IEEE single precision.
/// The source turns off for gcc and clang what would change that, and refuses `-ffast-math`.
///
/// What the network computes in float32 (``NodeSummary/floatReason``) is written so too, with the functions of libm. It
/// then differs from the engine in the last bits, as the engine does between processors: a result that is rounded to a
/// byte is the engine's or a step beside it.
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
    /// - Throws: `GraphError` that names a node which is computed in float32 and has no form in C.
    public init(_ model: QuantizedModel, name: String, comment: String = "") throws {
        require(Self.isIdentifier(name), "CExport: '\(name)' is no identifier")
        require(!comment.contains("*/"), "CExport: the comment ends itself")
        let network = model.network
        let nodes = network.program.nodes
        let memory = ActivationMemory(network)
        var writer = CNodeWriter(network, memory)
        for index in nodes.indices { try writer.write(index) }
        (constantBytes, staticBytes) = (writer.constantBytes, memory.bytes)

        let inputs = nodes[0].shape.elementCount
        let outputs = nodes[nodes.count - 1].shape.elementCount
        let floatNodes = nodes.count(where: \.isFloat)
        let agreement =
            floatNodes == 0
            ? """
            no library.
             * Results are those of the model to the last bit with gcc and clang, whatever their options; -ffast-math is
             * refused. Another compiler must not contract products and sums (-ffp-contract=off).
            """
            : """
            no library but libm (-lm).
             * \(floatNodes) of \(nodes.count - 1) nodes are in float32: results differ from the model's in the last
             * bits, and a byte that one is rounded to may be a step off. -ffast-math is refused.
            """
        header = """
            /* \(name): an INT8 network, written by retort export. \(comment)
             *
             * \(constantBytes) bytes of constants, \(staticBytes) bytes of static memory, no allocation, \(agreement) */
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
        let parts =
            ["#include \"\(name).h\"\n", CKernelText.common, floatNodes == 0 ? "" : "#include <math.h>\n"]
            + writer.kernels.map(\.text) + writer.functionTexts + writer.constants
        source =
            parts.filter { !$0.isEmpty }.joined(separator: "\n") + """

                \(memory.declaration)

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
