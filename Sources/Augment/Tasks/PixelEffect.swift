/// What an operation of your own can do to an image at most, for the rules of an ``ImageTask``.
///
/// The rules that bound the library's own operations bound these: what a rotation or a mirrored image means for a task
/// does not depend on who wrote the operation.
public enum PixelEffect: Sendable, Hashable {
    /// Left and right change places.
    case mirrorsSideways
    /// Top and bottom change places.
    case mirrorsUpright
    /// The image turns by up to so many degrees either way. Effects of all operations on an image add up.
    case rotates(degrees: Double)
    /// Lines lean by up to so many degrees either way. Effects of all operations on an image add up.
    case shears(degrees: Double)
    /// Things move by up to so large a share of a side.
    case shifts(share: Double)
    /// Things become larger or smaller by factors in the range.
    case scales(ClosedRange<Double>)
    /// As little is left of the image as a rectangle whose sides are this share of the image's.
    case crops(side: Double)
    /// Pixels move unevenly, by a standard deviation of so large a share of the shorter side.
    case deforms(share: Double)
    /// As much is covered as a square whose side is this share of the shorter side.
    case covers(side: Double)
    /// Points spread along an axis by up to so large a standard deviation, in pixels.
    case blurs(deviation: Double)
    /// Values change independently of one another, by up to so large a standard deviation, of values in 0 ... 1.
    case addsNoise(deviation: Double)
    /// Hues turn by up to so many degrees either way.
    case turnsHues(degrees: Double)
    /// Dark becomes bright and bright becomes dark.
    case inverts
}
