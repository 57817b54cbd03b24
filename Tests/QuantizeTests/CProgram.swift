import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// An exported network with a program around it that reads images and writes outputs.
struct CProgram {
    /// How the C is compiled without a warning.
    static let strict = ["cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]

    private static let main = """
        #include <stdio.h>
        #include "net.h"

        int main(void) {
            static float input[net_inputs], output[net_outputs];
            FILE *in = fopen("in", "rb"), *out = fopen("out", "wb");
            if (!in || !out) return 2;
            while (fread(input, sizeof *input, net_inputs, in) == net_inputs) {
                net_run(input, output);
                fwrite(output, sizeof *output, net_outputs, out);
            }
            return fclose(in) | fclose(out);
        }

        """

    /// Runs a program to its end, and returns its exit status and what it said.
    static func call(_ arguments: [String], in folder: URL) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Exports a model, compiles it without a warning, runs it on images, and gives what came out to a function.
    static func run<Result>(
        _ model: QuantizedModel, on images: Tensor, _ body: (CProgram, _ outputs: [Float], URL) throws -> Result
    ) throws -> Result {
        let export = try CExport(model, name: "net", comment: "Of a test.")
        return try withTemporaryFolder { folder in
            try Data(export.header.utf8).write(to: folder.appending(path: "net.h"))
            try Data(export.source.utf8).write(to: folder.appending(path: "net.c"))
            try Data(main.utf8).write(to: folder.appending(path: "main.c"))
            var input = Data()
            for value in images.scalars { withUnsafeBytes(of: value) { input.append(contentsOf: $0) } }
            try input.write(to: folder.appending(path: "in"))
            // Without float32 nothing of libm is used.
            let libraries = model.nodes.contains(where: \.isFloat) ? ["-lm"] : []
            #expect(try call(strict + ["-O2", "main.c", "net.c", "-o", "net"] + libraries, in: folder) == (0, ""))
            let program = CProgram()
            return try body(program, program.outputs(in: folder), folder)
        }
    }

    /// What the program in a folder gives.
    func outputs(in folder: URL) throws -> [Float] {
        #expect(try Self.call(["./net"], in: folder) == (0, ""))
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "out")))
        return bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: bytes.count, by: 4).map { at in
                Float(bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            }
        }
    }
}
