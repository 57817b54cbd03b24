import CKernels

/// Which places along an axis make up each new one, and with which weights.
package struct AxisTaps: Sendable {
    /// The taps of new place i are those from `starts[i]` to `starts[i + 1]`.
    fileprivate private(set) var starts = [0]
    fileprivate private(set) var places: [Int] = []
    fileprivate private(set) var weights: [Float] = []

    /// The number of new places.
    package var count: Int { starts.count - 1 }

    /// No new place yet.
    package init() {}

    /// Adds a tap to the new place that is being made.
    package mutating func add(_ place: Int, _ weight: Double) {
        places.append(place)
        weights.append(Float(weight))
    }

    /// Goes on to the next new place.
    package mutating func endPlace() { starts.append(places.count) }

    fileprivate func withKernelForm(_ body: (UnsafePointer<rk_axis_taps>) -> Void) {
        starts.withUnsafeBufferPointer { starts in
            places.withUnsafeBufferPointer { places in
                weights.withUnsafeBufferPointer { weights in
                    var taps = rk_axis_taps(
                        count: count, starts: starts.baseAddress, places: places.baseAddress,
                        weights: weights.baseAddress)
                    body(&taps)
                }
            }
        }
    }
}

/// Resizes an image of bytes: along its rows first, then across them, each sum in the order of its taps, the last
/// rounded to nearest.
///
/// - Parameters:
///   - pixels: the image, [height, width, channels].
///   - columns: of the new columns, whose places are within the width.
///   - rows: of the new rows, whose places are within the height.
///   - output: for [rows.count, columns.count, channels].
package func resizeBytes(
    _ pixels: UnsafeBufferPointer<UInt8>, height: Int, width: Int, channels: Int, columns: AxisTaps, rows: AxisTaps,
    into output: UnsafeMutableBufferPointer<UInt8>
) {
    require(
        pixels.count == height * width * channels && output.count == rows.count * columns.count * channels,
        "resizeBytes: \(pixels.count) bytes for \(height)×\(width)×\(channels), \(output.count) for "
            + "\(rows.count)×\(columns.count)×\(channels)")
    let workspace = (height * columns.count + Int(RK_RESIZE_ROWS) * width) * channels
    withUnsafeTemporaryAllocation(of: Float.self, capacity: workspace) { workspace in
        columns.withKernelForm { columns in
            rows.withKernelForm { rows in
                rk_resize_bytes(
                    pixels.baseAddress, height, width, channels, columns, rows, workspace.baseAddress,
                    output.baseAddress)
            }
        }
    }
}
