import Datasets
import TensorCore

/// Where an image lies on a picture: its upper left corner, and the side of the square that each of its pixels becomes.
struct Tile {
    let top, left, factor: Int
}

/// Coloured pixels to draw on, white at first.
struct Picture {
    let height, width: Int
    /// [height, width, 3]
    private var pixels: [UInt8]

    init(height: Int, width: Int) {
        (self.height, self.width) = (height, width)
        pixels = [UInt8](repeating: 255, count: height * width * 3)
    }

    /// What was drawn, as a set of one image.
    var image: ImageSet {
        ImageSet(pixels: pixels, height: height, width: width, channels: 3, labels: [nil], classNames: [])
    }

    /// Puts one of the images, grey or coloured, on a tile that lies wholly on the picture.
    mutating func place(_ images: ImageSet, _ number: Int, at tile: Tile) {
        let (start, channels) = (number * images.imageSize, images.channels)
        require([1, 3].contains(channels), "ContactSheet: images of \(channels) channels, 1 or 3 expected")
        for row in 0..<images.height * tile.factor {
            var target = ((tile.top + row) * width + tile.left) * 3
            let line = row / tile.factor * images.width
            for column in 0..<images.width * tile.factor {
                let pixel = start + (line + column / tile.factor) * channels
                for channel in 0..<3 {
                    pixels[target + channel] = images.pixels[pixel + min(channel, channels - 1)]
                }
                target += 3
            }
        }
    }

    /// Paints a rectangle, as far as it lies on the picture.
    ///
    /// - Parameter opacity: 1 covers what is there, 0 leaves it.
    mutating func fill(rows: Range<Int>, columns: Range<Int>, _ color: SIMD3<UInt8>, opacity: Float = 1) {
        for row in rows.clamped(to: 0..<height) {
            for column in columns.clamped(to: 0..<width) {
                let place = (row * width + column) * 3
                for channel in 0..<3 {
                    let before = Float(pixels[place + channel])
                    pixels[place + channel] = UInt8(before + (Float(color[channel]) - before) * opacity + 0.5)
                }
            }
        }
    }
}

extension Picture {
    /// Draws the targets of an image over it: labels of pixels as a tint, boxes as frames, points as crosses; each in
    /// the colour of its label. Points that are not visible are left out.
    ///
    /// - Parameter width: of the image.
    mutating func draw(_ targets: ImageTargets, width: Int, at tile: Tile) {
        for (place, label) in (targets.mask ?? []).enumerated() where label > 0 {
            let (top, left) = (tile.top + place / width * tile.factor, tile.left + place % width * tile.factor)
            fill(
                rows: top..<top + tile.factor, columns: left..<left + tile.factor, Self.color(Int(label)),
                opacity: 0.4)
        }
        func pixel(_ value: Double) -> Int { Int((value * Double(tile.factor)).rounded()) }
        for box in targets.boxes {
            let (top, bottom) = (tile.top + pixel(box.top), tile.top + max(pixel(box.bottom), pixel(box.top) + 1))
            let (left, right) = (tile.left + pixel(box.left), tile.left + max(pixel(box.right), pixel(box.left) + 1))
            // Dark inside bright, so that it shows on every ground.
            frame(rows: top..<bottom, columns: left..<right, Self.color(box.label))
            if bottom - top > 4, right - left > 4 {
                frame(rows: top + 1..<bottom - 1, columns: left + 1..<right - 1, [0, 0, 0])
            }
        }
        for point in targets.keypoints where point.isVisible {
            let (row, column) = (tile.top + pixel(point.y), tile.left + pixel(point.x))
            for (arm, color) in [(3, [0, 0, 0]), (2, Self.color(point.label))] as [(Int, SIMD3<UInt8>)] {
                let thin = arm - 2
                fill(rows: row - arm..<row + arm + 1, columns: column - thin..<column + thin + 1, color)
                fill(rows: row - thin..<row + thin + 1, columns: column - arm..<column + arm + 1, color)
            }
        }
    }

    /// A frame one pixel wide, inside the rectangle.
    private mutating func frame(rows: Range<Int>, columns: Range<Int>, _ color: SIMD3<UInt8>) {
        for row in [rows.lowerBound, rows.upperBound - 1] { fill(rows: row..<row + 1, columns: columns, color) }
        for column in [columns.lowerBound, columns.upperBound - 1] {
            fill(rows: rows, columns: column..<column + 1, color)
        }
    }

    /// Seven colours that also colour-blind eyes tell apart (Okabe and Ito 2008, "Color universal design"), in turn.
    private static func color(_ label: Int) -> SIMD3<UInt8> {
        let colors: [SIMD3<UInt8>] = [
            [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167],
        ]
        return colors[abs(label) % colors.count]
    }
}
