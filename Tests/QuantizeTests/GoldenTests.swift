import Foundation
import TensorCore
import Testing

@testable import Quantize

@Suite struct GoldenTests {
    /// Golden/make_golden.py writes both files and says with what: a network of 3×3 convolutions with stride 1 and 2, a
    /// 1×1, an add, a residual, average pooling and a dense layer; and the bytes of each step by ONNX Runtime on the
    /// equivalent QDQ model.
    static func golden(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile.read(
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/qdq-\(name).safetensors"))
    }

    @Test(
        "Bytes of every step are those of ONNX Runtime's integer operators: 99.9 % equal, none off by more than 1")
    func onnxRuntime() throws {
        let model = try QuantizedModel.decode(Self.golden("model")).model
        let outputs = try Self.golden("outputs")
        var (total, different, most) = (0, 0, 0)
        var complaint: (any Error)?
        _ = model.network.run(try outputs.tensor("images")) { step, value in
            guard let quantization = model.network.program.nodes[step].quantization,
                outputs.entries["step.\(step)"] != nil
            else { return }
            do {
                let expected = try outputs.elements("step.\(step)", as: UInt8.self)
                let found = value.quantized(quantization).bytes
                #expect(found.count == expected.count)
                total += found.count
                for (a, b) in zip(found, expected) where a != b {
                    different += 1
                    most = max(most, abs(Int(a) - Int(b)))
                }
            } catch { complaint = error }
        }
        if let complaint { throw complaint }
        #expect(total > 90_000)
        #expect(most <= 1 && Double(different) <= 0.001 * Double(total), "\(different) of \(total), \(most) at most")
    }
}
