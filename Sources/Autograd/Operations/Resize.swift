import TensorCore

/// Images of another size. Operand: x [N, H, W, C]; the result is [N, H', W', C].
public struct ResizeOperation: GraphOperation {
    public static let name = "resize"

    /// How large the result is.
    public enum Target: Hashable, Sendable {
        /// Extents of the result.
        case size(height: Int, width: Int)
        /// ⌊extent · scale⌋; coordinates are divided by the scales.
        case scales(vertical: Float, horizontal: Float)
    }

    /// How large the result is.
    public let target: Target
    /// How its pixels are made.
    public let interpolation: Interpolation

    public init(_ target: Target, _ interpolation: Interpolation) {
        self.target = target
        self.interpolation = interpolation
    }

    private enum Key: String, CodingKey {
        case size, scales, mode, rounding, coefficient, coordinates, excludesOutside, antialias
    }

    private enum Mode: String, Codable { case nearest, linear, cubic }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        if let scales = try fields.decodeIfPresent([Float].self, forKey: .scales) {
            guard scales.count == 2 else { throw OperationError(found: "scales \(scales)", expected: "two") }
            target = .scales(vertical: scales[0], horizontal: scales[1])
        } else {
            let size = try fields.pair(.size, otherwise: 0)
            target = .size(height: size.0, width: size.1)
        }
        let kernel: Interpolation.Kernel =
            switch try fields.decode(Mode.self, forKey: .mode) {
            case .nearest: .nearest(try fields.decode(Interpolation.Rounding.self, forKey: .rounding))
            case .linear: .linear
            case .cubic: .cubic(coefficient: try fields.decode(Float.self, forKey: .coefficient))
            }
        interpolation = Interpolation(
            kernel, coordinates: try fields.decode(Interpolation.Coordinates.self, forKey: .coordinates),
            excludesOutside: try fields.decodeIfPresent(Bool.self, forKey: .excludesOutside) ?? false,
            antialias: try fields.decodeIfPresent(Bool.self, forKey: .antialias) ?? false)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        switch target {
        case .size(let height, let width): try fields.encode([height, width], forKey: .size)
        case .scales(let vertical, let horizontal): try fields.encode([vertical, horizontal], forKey: .scales)
        }
        switch interpolation.kernel {
        case .nearest(let rounding):
            try fields.encode(Mode.nearest, forKey: .mode)
            try fields.encode(rounding, forKey: .rounding)
        case .linear: try fields.encode(Mode.linear, forKey: .mode)
        case .cubic(let coefficient):
            try fields.encode(Mode.cubic, forKey: .mode)
            try fields.encode(coefficient, forKey: .coefficient)
        }
        try fields.encode(interpolation.coordinates, forKey: .coordinates)
        if interpolation.excludesOutside { try fields.encode(true, forKey: .excludesOutside) }
        if interpolation.antialias { try fields.encode(true, forKey: .antialias) }
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        let sizes = 1...1 << 20
        guard input.rank == 4, sizes.contains(input[1]), sizes.contains(input[2]), let size = extents(of: input),
            sizes.contains(size.height), sizes.contains(size.width), isFinite,
            let shape = Shape(checking: [input[0], size.height, size.width, input[3]])
        else {
            throw OperationError(
                found: "\(target) for an input of \(input)",
                expected: "images [N, H, W, C] of 1 to 2²⁰ pixels an axis before and after, and a finite coefficient")
        }
        return shape
    }

    private var isFinite: Bool {
        if case .cubic(let coefficient) = interpolation.kernel { coefficient.isFinite } else { true }
    }

    private func extents(of input: Shape) -> (height: Int, width: Int)? {
        switch target {
        case .size(let height, let width): return (height, width)
        case .scales(let vertical, let horizontal):
            guard let height = ResizeGeometry.extent(input[1], scaledBy: vertical),
                let width = ResizeGeometry.extent(input[2], scaledBy: horizontal)
            else { return nil }
            return (height, width)
        }
    }

    /// The geometry for an input that is known to fit.
    private func geometry(for input: Shape) -> ResizeGeometry {
        switch target {
        case .size(let height, let width):
            ResizeGeometry(input: (input[1], input[2]), output: (height, width), interpolation)
        case .scales(let vertical, let horizontal):
            ResizeGeometry(input: (input[1], input[2]), scales: (vertical, horizontal), interpolation)
        }
    }

    /// Eight taps an axis, or the input's pixels several times.
    public func work(of operands: [Shape]) -> Double {
        guard let output = try? shape(of: operands) else { return 0 }
        let input = operands[0]
        let pixels = Double(input[1] + output[1]) * Double(input[2]) + Double(output[1]) * Double(input[2] + output[2])
        return 8 * pixels * Double(input[0]) * Double(input[3])
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        TensorCore.resized(operands[0], geometry(for: operands[0].shape))
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let geometry = geometry(for: operands[0].shape)
        return operands[0].tape.record(
            AnyOperation(self), TensorCore.resized(operands[0].value, geometry), from: operands[0]
        ) { resizedGradient($0, geometry) }
    }
}

extension Variable {
    /// Images of a given size, [N, height, width, C]; self has shape [N, H, W, C].
    public func resized(to size: (height: Int, width: Int), _ interpolation: Interpolation) -> Variable {
        ResizeOperation(.size(height: size.height, width: size.width), interpolation).record([self])
    }

    /// Images of [N, ⌊H · vertical⌋, ⌊W · horizontal⌋, C]; self has shape [N, H, W, C].
    public func resized(by scales: (vertical: Float, horizontal: Float), _ interpolation: Interpolation) -> Variable {
        ResizeOperation(.scales(vertical: scales.vertical, horizontal: scales.horizontal), interpolation)
            .record([self])
    }
}
