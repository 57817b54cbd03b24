import Foundation
import Graph
import Layers
import TensorCore

/// Files of weights that others trained and published.
public enum PublishedWeights {
    /// Gives a network the weights of a safetensors file with PyTorch's names, as `Module.loadPublished`.
    ///
    /// - Returns: where the network now differs from what was published.
    /// - Throws: what ``read(_:)`` throws, and `FormatError` for weights that are not the network's.
    public static func load(_ url: URL, into network: inout any Module) throws -> [PublishedDifference] {
        let file = try read(url)
        return try withAnyModule(&network) { try $0.loadPublished(file) }
    }

    /// Reads a safetensors file with PyTorch's names, for `Module.loadPublished`.
    ///
    /// - Throws: `FormatError` for a file that is none: for a checkpoint that Python pickled, which may run code when
    ///   it is read, with the line of Python that turns it into one; and for a model file of this library, which is
    ///   opened by `ModelFile`. `MachineError` where the machine cannot read it.
    public static func read(_ url: URL) throws -> SafetensorsFile {
        let kind = FileKind(try InputFile.start(of: FilePath(url)))
        guard kind != .pickle, kind != .zip else {
            throw FormatError(
                file: url.relativePath, found: "\(kind.singular), as PyTorch's checkpoints are",
                expected: "safetensors", advice: "this line makes them: \(conversion(of: url))")
        }
        let file = try SafetensorsFile.read(url)
        guard !StoredGraph.isGraph(file) else {
            throw FormatError(
                file: url.relativePath, found: "a model of this library", expected: "weights with PyTorch's names")
        }
        return file
    }

    /// The line that writes a checkpoint's weights beside it.
    static func conversion(of url: URL) -> String {
        """
        python -c "import sys, torch, safetensors.torch as s; c = torch.load(sys.argv[1], 'cpu', weights_only=True); \
        c = c.get('state_dict', c.get('model', c)); \
        s.save_file({k: v.clone().contiguous() for k, v in c.items()}, sys.argv[2])" \
        \(shellWord(url.relativePath)) \(shellWord(url.deletingPathExtension().relativePath + ".safetensors"))
        """
    }

    /// A text as one word of a POSIX shell.
    private static func shellWord(_ text: String) -> String {
        let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/+=".contains($0)) }
        return plain && !text.hasPrefix("-") ? text : "'\(text.replacing("'", with: #"'\''"#))'"
    }
}
