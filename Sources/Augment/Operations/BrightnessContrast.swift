/// Stretches values about middle grey and shifts them: (value − 0.5) · contrast + 0.5 + brightness, cut to 0 ... 1.
public struct BrightnessContrast: PixelOperation {
    public static let name = "brightnessContrast"
    public static let template = BrightnessContrast(brightness: 0, contrast: 0)

    /// The largest shift either way, of values in 0 ... 1.
    @Field("brightness", within: 0...1, neutral: 0) public var brightness: Double
    /// How far the contrast factor lies from 1 at most.
    @Field("contrast", within: 0...1, neutral: 0) public var contrast: Double

    /// Creates the operation.
    public init(brightness: Double, contrast: Double) {
        self.brightness = brightness
        self.contrast = contrast
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_brightness)
        visit(&_contrast)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let shift = stream.uniform(in: -brightness...brightness)
        let factor = 1 + stream.uniform(in: -contrast...contrast)
        view.append(.tone(.linear(gain: Float(factor), offset: Float(0.5 - 0.5 * factor + shift))))
    }
}
