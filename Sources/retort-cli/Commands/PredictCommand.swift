import ArgumentParser
import Foundation
import Retort

/// `retort predict`.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Says what PNG or JPEG images show.",
        discussion: """
            An image is converted to the model's channels (grey by luma, opacity over white) and resized to its \
            extents, padded where it was trained by --keep-aspect and stretched where not; brightness stays as it is, so models of light digits on a dark \
            ground want such images. Probabilities of a model in FP32 differ in the last digits with the number of \
            images, as they are summed in another order.
            """)

    @Argument(help: "Model, FP32 or INT8, or an ONNX file.")
    var model: String

    @Argument(help: "PNG or JPEG images.")
    var images: [String]

    @Flag(help: DataOptions.aspectHelp)
    var keepAspect = false

    @OptionGroup var importing: ImportOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        common.apply()
        let stored = try importing.open(model)
        let size = try stored.imageSize(keepingAspect: keepAspect)
        let pixels = try images.flatMap { path in
            let url = URL(fileURLWithPath: path)
            if (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true {
                throw FormatError(
                    file: path, found: "a folder", expected: "a PNG or JPEG image", advice: "give its images: \(path)/*"
                )
            }
            return try ImageFile.read(url, as: size).pixels
        }
        let set = ImageSet(
            pixels: pixels, height: size.height, width: size.width, channels: size.channels,
            labels: images.map { _ in nil }, classNames: stored.description.classNames)
        try PredictionResult(
            images: zip(images, stored.classified(set)).map { PredictionResult.Image(image: $0, top: $1) }
        ).show(asJSON: common.json)
    }
}

/// What `predict` prints.
private struct PredictionResult: CommandResult {
    struct Image: Encodable {
        let image: String
        /// The three most probable classes, the most probable first.
        let top: [Classification]
    }

    let images: [Image]

    var text: String {
        images.map { entry in
            let readings = entry.top.map { "\($0.name.shown) \(percent(Double($0.probability)))" }
            return "\(entry.image.shown): \(readings.joined(separator: ", "))"
        }.joined(separator: "\n")
    }
}
