import Retort
import Yams

/// Height and width in pixels: `32` for both, or `48x192`.
struct ImageSides: RecipeValue, CustomStringConvertible {
    let height, width: Int
    let node: Node

    private static let range = 4...1024

    init(_ value: RecipeNode) throws {
        let texts = (value.node.scalar?.string ?? "").split(separator: "x", omittingEmptySubsequences: false)
        let sides = texts.map { text in
            WholeNumber.expectation(of: String(text), within: .init(Self.range)) == nil ? Int(text) : nil
        }
        guard value.isScalar, (1...2).contains(sides.count), let height = sides.first ?? nil,
            let width = sides.last ?? nil
        else {
            throw value.error(
                expected:
                    "a whole number from \(Self.range.lowerBound) to \(Self.range.upperBound), or two such as 48x192"
            )
        }
        (self.height, self.width, node) = (height, width, value.node)
    }

    var description: String { height == width ? "\(height)" : "\(height)x\(width)" }
}
