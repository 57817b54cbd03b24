import Retort

/// A landscape with a house, a tree, lettering and a chart of colours: something for every operation to show itself on.
///
/// It is computed, so nobody's photograph is copied; by additions, products and comparisons alone, so that every
/// machine gets the same bytes.
struct CatalogueScene {
    typealias Color = SIMD3<Float>

    /// At the upper edge, and at the horizon.
    let sky: (top: Color, bottom: Color)
    let sun, ground, wall, roof: Color
    /// Places along the width, in 0 ... 1.
    let sunX, houseX, treeX: Float
    /// How far black and white are from the ends of the range: something to do for what stretches values.
    var haze: Float = 0

    /// Four times of the year.
    static let all = [
        CatalogueScene(
            sky: ([0.25, 0.5, 0.9], [0.75, 0.88, 1]), sun: [1, 0.95, 0.6], ground: [0.3, 0.6, 0.25],
            wall: [0.95, 0.85, 0.65], roof: [0.75, 0.2, 0.15], sunX: 0.82, houseX: 0.3, treeX: 0.76),
        CatalogueScene(
            sky: ([0.3, 0.15, 0.45], [1, 0.6, 0.35]), sun: [1, 0.45, 0.25], ground: [0.4, 0.35, 0.2],
            wall: [0.6, 0.7, 0.85], roof: [0.25, 0.3, 0.5], sunX: 0.3, houseX: 0.68, treeX: 0.2, haze: 0.1),
        CatalogueScene(
            sky: ([0.55, 0.65, 0.75], [0.9, 0.92, 0.95]), sun: [1, 1, 0.95], ground: [0.88, 0.9, 0.95],
            wall: [0.6, 0.35, 0.25], roof: [0.35, 0.2, 0.15], sunX: 0.12, houseX: 0.42, treeX: 0.84),
        CatalogueScene(
            sky: ([0.02, 0.03, 0.15], [0.15, 0.2, 0.4]), sun: [0.95, 0.95, 0.85], ground: [0.08, 0.2, 0.15],
            wall: [0.35, 0.3, 0.4], roof: [0.5, 0.15, 0.3], sunX: 0.6, houseX: 0.72, treeX: 0.3),
    ]

    /// Scenes as images, [N, side, side, 3]; each pixel is the mean of 16 points.
    static func images(_ scenes: [CatalogueScene], side: Int) -> ImageSet {
        let fine = 4
        var pixels: [UInt8] = []
        for scene in scenes {
            for row in 0..<side {
                for column in 0..<side {
                    var sum = Color()
                    for point in 0..<fine * fine {
                        let (down, right) = (row * fine + point / fine, column * fine + point % fine)
                        let scale = 1 / Float(side * fine)
                        sum += scene.color((Float(right) + 0.5) * scale, (Float(down) + 0.5) * scale)
                    }
                    let mean = (scene.haze + (1 - 2 * scene.haze) * sum / Float(fine * fine)) * 255 + 0.5
                    pixels += (0..<3).map { UInt8(mean[$0]) }
                }
            }
        }
        return ImageSet(
            pixels: pixels, height: side, width: side, channels: 3, labels: scenes.indices.map { $0 },
            classNames: scenes.indices.map(String.init))
    }

    /// The colour at a point of the unit square, rightwards and downwards: what lies in front hides what is behind.
    private func color(_ x: Float, _ y: Float) -> Color {
        if y > 0.875 { return Self.chart(x, isUpper: y < 0.9375) }
        if let sign = Self.sign(x, y) { return sign }
        if isInTree(x, y) { return [0.12, 0.4, 0.15] + (x - treeX > 0.02 ? -0.05 : 0.05) * Color(1, 1, 1) }
        if abs(x - treeX) < 0.02, (0.5...0.72).contains(y) { return [0.4, 0.25, 0.12] }
        if let house = house(x, y) { return house }
        let horizon = 0.52 + 0.25 * (x - 0.4) * (x - 0.4)
        if y > horizon {
            // A path that narrows towards the horizon.
            let depth = (y - horizon) / (0.875 - horizon)
            if abs(x - 0.5 - 0.1 * (1 - depth)) < 0.02 + 0.1 * depth { return [0.6, 0.55, 0.5] }
            return ground * (0.7 + 0.3 * depth)
        }
        if Self.isInDisc(x - sunX, y - 0.14, 0.08) { return sun }
        // A far hill before the sky.
        if y > 0.42 + 0.5 * (x - 0.75) * (x - 0.75) { return ground * 0.5 + sky.bottom * 0.4 }
        return sky.top + (sky.bottom - sky.top) * (y / 0.55)
    }

    private func isInTree(_ x: Float, _ y: Float) -> Bool {
        [(0.0, 0.36, 0.1), (-0.07, 0.45, 0.08), (0.07, 0.45, 0.08)].contains { across, down, radius in
            Self.isInDisc(x - treeX - across, y - down, radius)
        }
    }

    private func house(_ x: Float, _ y: Float) -> Color? {
        let (across, down) = (x - houseX, y - 0.44)
        if down < 0, down > -0.16, abs(across) < 0.2 * (1 + down / 0.16) { return roof }
        guard abs(across) < 0.16, down >= 0, down < 0.24 else { return nil }
        if abs(across) < 0.035, down > 0.1 { return [0.3, 0.18, 0.1] }
        let pane = abs(abs(across) - 0.1)
        if pane < 0.035, abs(down - 0.09) < 0.04 {
            return pane < 0.006 || abs(down - 0.09) < 0.006 ? wall * 0.6 : [1, 0.95, 0.7]
        }
        return wall
    }

    /// A board with the letters RETORT, three by five squares each.
    private static func sign(_ x: Float, _ y: Float) -> Color? {
        let (column, row) = (x * 64 - 5, y * 64 - 48)
        guard column > -1.5, column < 24.5, row > -1.5, row < 6.5 else { return nil }
        guard (0..<23).contains(column), (0..<5).contains(row) else { return [0.97, 0.97, 0.93] }
        let isInk = Array(letters[Int(row)])[Int(column)] == "#"
        return isInk ? [0.1, 0.1, 0.15] : [0.97, 0.97, 0.93]
    }

    private static let letters = [
        "##. ### ### ### ##. ###",
        "#.# #.. .#. #.# #.# .#.",
        "##. ##. .#. #.# ##. .#.",
        "#.# #.. .#. #.# #.# .#.",
        "#.# ### .#. ### #.# .#.",
    ]

    /// Eight colours above eight greys.
    private static func chart(_ x: Float, isUpper: Bool) -> Color {
        let step = min(Int(x * 8), 7)
        if !isUpper { return Color(repeating: Float(step) / 7) }
        return [
            [1, 0, 0], [1, 0.5, 0], [1, 1, 0], [0, 0.8, 0], [0, 0.8, 0.8], [0, 0, 1], [0.6, 0, 0.9], [1, 0, 0.7],
        ][step]
    }

    private static func isInDisc(_ x: Float, _ y: Float, _ radius: Float) -> Bool { x * x + y * y < radius * radius }
}
