/// Multiplies values: 0 is black, 1 changes nothing, more is brighter; Pillow's `ImageEnhance.Brightness`.
///
/// ``BrightnessContrast`` adds instead.
public struct Brightness: AugmentationOperation {
    static let name = "brightness"
    static let template = Brightness(1...1)
    static let fields: [OperationField<Brightness>] = [
        .range("factor", \.factor, within: 0...10, neutral: 1, required: true)
    ]

    /// Within 0 ... 10.
    public private(set) var factor: ClosedRange<Double>

    /// Creates the operation.
    public init(_ factor: ClosedRange<Double>) {
        self.factor = factor
        requireFields()
    }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        view.append(.tone(.linear(gain: Float(stream.uniform(in: factor)), offset: 0)))
    }
}

/// Stretches values about middle grey: 0 is grey, 1 changes nothing, more has more contrast.
///
/// Pillow's `ImageEnhance.Contrast` stretches about the image's mean luma, which this does not look for: so it joins
/// neighbouring operations in one table.
public struct Contrast: AugmentationOperation {
    static let name = "contrast"
    static let template = Contrast(1...1)
    static let fields: [OperationField<Contrast>] = [
        .range("factor", \.factor, within: 0...10, neutral: 1, required: true)
    ]

    /// Within 0 ... 10.
    public private(set) var factor: ClosedRange<Double>

    /// Creates the operation.
    public init(_ factor: ClosedRange<Double>) {
        self.factor = factor
        requireFields()
    }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        let factor = stream.uniform(in: factor)
        view.append(.tone(.linear(gain: Float(factor), offset: Float(0.5 - 0.5 * factor))))
    }
}
