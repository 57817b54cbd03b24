import Autograd
import TensorCore

extension OperatorTable {
    /// Images of another size.
    static let resizing: [String: Evaluate] = [
        "Resize": { [try $0.resize()] },
        "Upsample": { [try $0.upsample()] },
    ]
}

extension NodeCall {
    /// Resize: version 10 has scales alone, and one rule for places.
    fileprivate func resize() throws -> GraphValue {
        guard version >= 11 else {
            let rule = Interpolation(try kernel("floor"), coordinates: .asymmetric)
            return try scaled(optionalFloats(1, "scales")?.scalars, rule)
        }
        let name = try string("coordinate_transformation_mode", otherwise: "half_pixel")
        guard let coordinates = Interpolation.Coordinates(rawValue: name) else {
            throw OperationError(
                found: "coordinate_transformation_mode \(name)",
                expected: Interpolation.Coordinates.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let policy = try string("keep_aspect_ratio_policy", otherwise: "stretch")
        guard policy == "stretch" else {
            throw OperationError(found: "keep_aspect_ratio_policy \(policy)", expected: "stretch")
        }
        let rule = Interpolation(
            try kernel(try string("nearest_mode", otherwise: "round_prefer_floor")), coordinates: coordinates,
            excludesOutside: try flag("exclude_outside"), antialias: try flag("antialias"))
        let x = try input(0)
        let axes = try ints("axes").map { try self.axes($0, of: x.shape.rank) } ?? Array(x.shape.indices)
        func everyAxis<Number>(_ given: [Number], otherwise usual: (Int) -> Number) throws -> [Number] {
            guard given.count == axes.count else {
                throw OperationError(
                    found: "\(given.count) sizes or scales", expected: "one for each of \(axes.count) axes")
            }
            let byAxis = Dictionary(uniqueKeysWithValues: zip(axes, given))
            return x.shape.indices.map { byAxis[$0] ?? usual($0) }
        }
        if let sizes = try optionalIntegers(3, "sizes"), !sizes.isEmpty {
            return try sized(everyAxis(sizes) { x.shape[$0] }, rule)
        }
        guard let scales = try optionalFloats(2, "scales")?.scalars, !scales.isEmpty else {
            throw OperationError(found: "no sizes and no scales", expected: "one of them")
        }
        return try scaled(everyAxis(scales) { _ in 1 }, rule)
    }

    /// Upsample: scales are an attribute before version 9.
    fileprivate func upsample() throws -> GraphValue {
        let scales = try version < 9 ? floats("scales") : optionalFloats(1, "scales")?.scalars
        return try scaled(scales, Interpolation(try kernel("floor"), coordinates: .asymmetric))
    }

    private func kernel(_ rounding: String) throws -> Interpolation.Kernel {
        let mode = try string("mode", otherwise: "nearest")
        switch mode {
        case "nearest":
            guard let rounding = Interpolation.Rounding(rawValue: rounding) else {
                throw OperationError(
                    found: "nearest_mode \(rounding)",
                    expected: Interpolation.Rounding.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return .nearest(rounding)
        case "linear", "bilinear": return .linear
        case "cubic": return .cubic(coefficient: try float("cubic_coeff_a", otherwise: -0.75))
        default: throw OperationError(found: "mode \(mode)", expected: "nearest, linear or cubic")
        }
    }

    private func scaled(_ scales: [Float]?, _ rule: Interpolation) throws -> GraphValue {
        let x = try input(0)
        guard let scales, scales.count == x.shape.rank, scales.prefix(2).allSatisfy({ $0 == 1 }) else {
            throw OperationError(found: "scales \(scales ?? []) of \(x.shape)", expected: "1 for images and channels")
        }
        guard scales.contains(where: { $0 != 1 }) else { return x }
        let vertical = x.shape.rank == 4 ? scales[2] : 1
        return try resized(x, .scales(vertical: vertical, horizontal: scales[scales.count - 1]), rule)
    }

    private func sized(_ sizes: [Int], _ rule: Interpolation) throws -> GraphValue {
        let x = try input(0)
        guard Array(sizes.prefix(2)) == Array(x.shape.prefix(2)) else {
            throw OperationError(found: "sizes \(sizes) of \(x.shape)", expected: "the same images and channels")
        }
        let height = x.shape.rank == 4 ? sizes[2] : 1
        return try resized(x, .size(height: height, width: sizes[sizes.count - 1]), rule)
    }

    private func resized(
        _ x: GraphValue, _ target: ResizeOperation.Target, _ rule: Interpolation
    ) throws -> GraphValue {
        let result = try apply(
            ResizeOperation(target, rule), [asImages(x).content], type: x.type, order: imageOrder)
        return try asRank(x.shape.rank, result)
    }
}
