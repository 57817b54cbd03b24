import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

@Suite struct QuantizedModelTests {
    static let convNet = withStatistics(ConvNet(width: 16, channels: 1, classes: 10, seed: 3), seed: 4)
    static let digits = smoothImages(24, side: 14, seed: 5)

    @Test(
        "A quantised network says what the float network says (would catch wrong zero points, scales, padding, residuals)",
        arguments: [Observer.minMax, .percentile(99.99)])
    func agrees(observer: Observer) throws {
        let int8 = try QuantizedModel(Self.convNet, calibratedOn: [Self.digits], observer: observer)
        let expected = Self.convNet.predict(Self.digits)
        let found = int8.predict(Self.digits)
        #expect(signalToNoise(found, expected) > 25)
        #expect(agreement(found, expected) >= 0.9)

        let resNet = withStatistics(ResNet(depth: 8, channels: 3, classes: 10, seed: 3), seed: 4)
        let colours = smoothImages(12, side: 12, channels: 3, seed: 6)
        let quantized = try QuantizedModel(resNet, calibratedOn: [colours], observer: observer)
        #expect(signalToNoise(quantized.predict(colours), resNet.predict(colours)) > 25)
    }

    @Test("Written and read, a model predicts the same bits, and takes at most 27 % of the float model's file")
    func file() throws {
        let int8 = try QuantizedModel(Self.convNet, calibratedOn: [Self.digits])
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "int8.safetensors")
            let metadata = ["classes": "0 1 2 3 4 5 6 7 8 9", "mean": "0.1307", "deviation": "0.3081"]
            try int8.write(to: url, metadata: metadata)
            let (model, found) = try QuantizedModel.read(url)
            #expect(found == metadata)
            #expect(model.predict(Self.digits).isBitIdentical(to: int8.predict(Self.digits)))
            let size = try Data(contentsOf: url).count
            let float = SafetensorsFile(
                tensors: Self.convNet.parameters.map { ($0.path, $0.parameter.value) }
            ).encoded().count
            print("INT8 file", size, "float file", float, Double(size) / Double(float), int8.byteCount)
            #expect(Double(size) <= 0.27 * Double(float))
            #expect(int8.byteCount < size)
        }
    }
}
