import Datasets
import TensorCore

extension DecodedImage {
    /// The image with columns of grey on its right, until it has the aspect of a size that keeps it.
    func padded(for size: ImageSize) -> DecodedImage {
        let newWidth = size.paddedWidth(height: height, width: width)
        guard newWidth > width else { return self }
        let (row, added) = (width * channels, (newWidth - width) * channels)
        var padded: [UInt8] = []
        padded.reserveCapacity(height * (row + added))
        for start in stride(from: 0, to: height * row, by: row) {
            padded += pixels[start..<start + row]
            padded += repeatElement(ImageSize.padding, count: added)
        }
        return DecodedImage(pixels: padded, height: height, width: newWidth, channels: channels)
    }

    /// The image at another size, as `ImageSet.resized(height:width:by:)` does it by area.
    public func resized(height newHeight: Int, width newWidth: Int) -> DecodedImage {
        let image = ImageSet(
            pixels: pixels, height: height, width: width, channels: channels, labels: [nil], classNames: [])
        return DecodedImage(
            pixels: image.resized(height: newHeight, width: newWidth).pixels, height: newHeight, width: newWidth,
            channels: channels)
    }
}
