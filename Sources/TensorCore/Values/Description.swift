import Foundation

extension Tensor: CustomStringConvertible {
    /// Shape and elements, nested by axis and aligned; of long axes the first and last three.
    public var description: String {
        let cells = shownElements.map { Self.format($0) }
        let width = cells.map(\.count).max() ?? 0
        var next = cells.makeIterator()
        func text(axis: Int, indent: Int) -> String {
            guard axis < shape.rank else {
                let cell = next.next() ?? ""
                return String(repeating: " ", count: width - cell.count) + cell
            }
            let places = Self.shownPlaces(shape[axis])
            var parts = places.map { _ in text(axis: axis + 1, indent: indent + 1) }
            if places.count < shape[axis] { parts.insert("…", at: 3) }
            let separator = axis == shape.rank - 1 ? ", " : ",\n" + String(repeating: " ", count: indent + 1)
            return "[" + parts.joined(separator: separator) + "]"
        }
        return "Tensor \(shape)\n" + text(axis: 0, indent: 0)
    }

    private static func shownPlaces(_ extent: Int) -> [Int] {
        extent <= 8 ? Array(0..<extent) : Array(0..<3) + Array(extent - 3..<extent)
    }

    private var shownElements: [Float] {
        guard count > 0 else { return [] }
        var offsets = [0]
        for (axis, stride) in shape.strides.enumerated() {
            offsets = offsets.flatMap { base in Self.shownPlaces(shape[axis]).map { base + $0 * stride } }
        }
        return offsets.map { pointer[$0] }
    }

    /// Four significant decimals, and an exponent where a number is very large or small.
    private static func format(_ value: Float) -> String {
        let size = abs(value)
        return size == 0 || !value.isFinite || (size >= 1e-3 && size < 1e5)
            ? String(format: "%.4f", value) : String(format: "%.3e", value)
    }
}
