/// Pixels added on the four sides of an image.
///
/// PyTorch's symmetric padding has one number for top and bottom and one for left and right; TensorFlow's `SAME` at
/// stride 2 and ONNX's `pads` differ from side to side.
public struct Padding2D: Hashable, Sendable {
    /// Rows above and below, columns before and after.
    public let top, left, bottom, right: Int

    /// Four sides, in the order of ONNX's `pads`.
    public init(top: Int, left: Int, bottom: Int, right: Int) {
        (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
    }

    /// As many rows above as below, and as many columns before as after.
    public init(_ vertical: Int, _ horizontal: Int) {
        self.init(top: vertical, left: horizontal, bottom: vertical, right: horizontal)
    }

    /// [top, left, bottom, right].
    public var sides: [Int] { [top, left, bottom, right] }

    /// Whether opposite sides are equal.
    public var isSymmetric: Bool { top == bottom && left == right }

    /// Whether nothing is added.
    public var isZero: Bool { self == Padding2D(0, 0) }
}

extension Padding2D: CustomStringConvertible {
    /// (vertical, horizontal), or all four sides where these do not say it.
    public var description: String {
        isSymmetric ? "(\(top), \(left))" : "(top \(top), left \(left), bottom \(bottom), right \(right))"
    }
}
