/// Multiplies values: 0 is black, 1 changes nothing, more is brighter; Pillow's `ImageEnhance.Brightness`.
///
/// ``BrightnessContrast`` adds instead.
public struct Brightness: PixelOperation {
    public static let name = "brightness"
    public static let template = Brightness(1...1)

    /// The factor. 1 changes nothing.
    @Field("factor", within: 0...10, neutral: 1, required: true) public var factor: ClosedRange<Double>

    /// Creates the operation.
    public init(_ factor: ClosedRange<Double>) { self.factor = factor }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_factor) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.tone(.linear(gain: Float(stream.uniform(in: factor)), offset: 0)))
    }
}

/// Stretches values about middle grey: 0 is grey, 1 changes nothing, more has more contrast.
///
/// Pillow's `ImageEnhance.Contrast` stretches about the image's mean luma, which this does not look for: so it joins
/// neighbouring operations in one table.
public struct Contrast: PixelOperation {
    public static let name = "contrast"
    public static let template = Contrast(1...1)

    /// The factor. 1 changes nothing.
    @Field("factor", within: 0...10, neutral: 1, required: true) public var factor: ClosedRange<Double>

    /// Creates the operation.
    public init(_ factor: ClosedRange<Double>) { self.factor = factor }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_factor) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let factor = stream.uniform(in: factor)
        view.append(.tone(.linear(gain: Float(factor), offset: Float(0.5 - 0.5 * factor))))
    }
}
