import Autograd
import TensorCore

/// How windows lie on images: what convolutions and poolings have in common.
struct Windows {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    /// Places before and after, axis by axis.
    var before, after: [Int]

    /// Those of images of one row, from those of signals.
    mutating func insertRow() {
        kernel.insert(1, at: 0)
        strides.insert(1, at: 0)
        dilations.insert(1, at: 0)
        before.insert(0, at: 0)
        after.insert(0, at: 0)
    }

    /// The padding of images.
    var padding: Padding2D { Padding2D(top: before[0], left: before[1], bottom: after[0], right: after[1]) }
}

extension NodeCall {
    /// Reads strides, dilations and padding of windows.
    ///
    /// - Parameters:
    ///   - kernel: extents of a window.
    ///   - image: extents of the image.
    func windows(kernel: [Int], image: [Int]) throws -> Windows {
        let axes = kernel.count
        func sizes(_ name: String, otherwise usual: Int) throws -> [Int] {
            let values = try ints(name) ?? [Int](repeating: usual, count: axes)
            guard values.count == axes, values.allSatisfy({ (1...1 << 20).contains($0) }) else {
                throw OperationError(found: "\(name) \(values)", expected: "\(axes) numbers from 1 on")
            }
            return values
        }
        guard image.count == axes, kernel.allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw OperationError(found: "kernel \(kernel) for images of \(image)", expected: "as many axes")
        }
        var windows = Windows(
            kernel: kernel, strides: try sizes("strides", otherwise: 1),
            dilations: try sizes("dilations", otherwise: 1),
            before: [], after: [])
        let spans = zip(kernel, windows.dilations).map { ($0 - 1) * $1 + 1 }
        let mode = try string("auto_pad", otherwise: "NOTSET")
        switch mode {
        case "NOTSET":
            let pads = try ints("pads") ?? [Int](repeating: 0, count: 2 * axes)
            guard pads.count == 2 * axes, pads.allSatisfy({ (0...1 << 20).contains($0) }) else {
                throw OperationError(found: "pads \(pads)", expected: "\(2 * axes) numbers from 0 on")
            }
            (windows.before, windows.after) = (Array(pads[..<axes]), Array(pads[axes...]))
        case "VALID":
            (windows.before, windows.after) = ([Int](repeating: 0, count: axes), [Int](repeating: 0, count: axes))
        case "SAME_UPPER", "SAME_LOWER":
            for axis in 0..<axes {
                let count = (image[axis] + windows.strides[axis] - 1) / windows.strides[axis]
                let total = max(0, (count - 1) * windows.strides[axis] + spans[axis] - image[axis])
                let smaller = total / 2
                windows.before.append(mode == "SAME_UPPER" ? smaller : total - smaller)
                windows.after.append(mode == "SAME_UPPER" ? total - smaller : smaller)
            }
        default: throw OperationError(found: "auto_pad \(mode)", expected: "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
        }
        return windows
    }

    /// Signals [N, C, L] as images of one row.
    func asImages(_ value: GraphValue) throws -> GraphValue {
        switch value.shape.rank {
        case 3: try images(inserting(2, in: value))
        case 4: try images(value)
        default:
            throw OperationError(
                found: "\(operatorName) of \(value.shape)", expected: "signals [N, C, L] or images [N, C, H, W]")
        }
    }

    /// Images of one row as signals again.
    func asRank(_ rank: Int, _ value: GraphValue) throws -> GraphValue {
        rank == 3 ? try removing(2, from: value) : value
    }
}
