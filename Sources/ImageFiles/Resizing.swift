import Datasets
import TensorCore

extension DecodedImage {
    /// The image at another size, as `ImageSet.resized(height:width:by:)` does it by area.
    public func resized(height newHeight: Int, width newWidth: Int) -> DecodedImage {
        let image = ImageSet(
            pixels: pixels, height: height, width: width, channels: channels, labels: [nil], classNames: [])
        return DecodedImage(
            pixels: image.resized(height: newHeight, width: newWidth).pixels, height: newHeight, width: newWidth,
            channels: channels)
    }
}
