import Datasets
import Foundation
import Testing

@testable import Augment

/// Values that PyTorch and OpenCV computed; Golden/make_golden.py writes them and says what they are.
private struct GeometryGolden: Decodable {
    struct Warped: Decodable {
        let map, pixels: [Double]
    }
    struct Resized: Decodable {
        let method: ResizeMethod
        let height, width: Int
        let pixels: [Double]
    }
    let height, width, channels: Int
    let image: [UInt8]
    let warps: [Warped]
    let resized: [Resized]
    let corners: [[Double]]
    let matrix: [Double]

    static func read() throws -> GeometryGolden {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/geometry.json")
        return try JSONDecoder().decode(GeometryGolden.self, from: Data(contentsOf: url))
    }

    var images: ImageSet {
        ImageSet(
            pixels: image, height: height, width: width, channels: channels, labels: [nil], classNames: [])
    }
    var extent: ImageExtent { ImageExtent(height: height, width: width, channels: channels) }
}

@Suite("Resampling agrees with PyTorch and OpenCV")
struct GeometryGoldenTests {
    // Bounds: rounding to bytes (0.5), coordinates rounded to 1/2048 pixel (255 / 4096 in each direction) and a little
    // for the walk along a row and the blends: see GeometryTests.interpolation.
    @Test("Affine and projective maps agree with grid_sample in double precision")
    func warps() throws {
        let golden = try GeometryGolden.read()
        for warped in golden.warps {
            let m = warped.map
            let warp = Warp(
                xx: m[0], xy: m[1], x0: m[2], yx: m[3], yy: m[4], y0: m[5], wx: m[6], wy: m[7], border: .zero)
            let ours = rendered([.warp(warp)], golden.images, golden.extent)
            let worst = zip(ours, warped.pixels).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(worst <= 0.68, "\(m)")
        }
    }

    @Test("A map as a field of vectors gives what the map itself gives")
    func displacement() throws {
        // Cells of a mesh with the vectors of a linear map: between corners they are exact.
        let golden = try GeometryGolden.read()
        let m = golden.warps[0].map
        let cells = 4
        var vectors: [Point] = []
        for row in 0...cells {
            for column in 0...cells {
                let x = Double(column) / Double(cells) * Double(golden.width)
                let y = Double(row) / Double(cells) * Double(golden.height)
                vectors.append(Point(x: m[0] * x + m[1] * y + m[2] - x, y: m[3] * x + m[4] * y + m[5] - y))
            }
        }
        let field = Displacement(kind: .mesh(cells: cells, vectors: vectors), border: .zero)
        let ours = rendered([.displace(field)], golden.images, golden.extent)
        let worst = zip(ours, golden.warps[0].pixels).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(worst <= 0.68)
    }

    @Test("The map to four corners is OpenCV's getPerspectiveTransform")
    func corners() throws {
        let golden = try GeometryGolden.read()
        let warp = Perspective.warp(
            golden.extent, to: golden.corners.map { Point(x: $0[0], y: $0[1]) }, border: .zero)
        let ours = [warp.xx, warp.xy, warp.x0, warp.yx, warp.yy, warp.y0, warp.wx, warp.wy, 1]
        for (a, b) in zip(ours, golden.matrix) { #expect(abs(a - b) < 1e-5 * max(1, abs(b))) }
        // And back: where the image's corners show.
        let (width, height) = (Double(golden.width), Double(golden.height))
        let image = [(0, 0), (width, 0), (width, height), (0, height)].map { Point(x: $0.0, y: $0.1) }
        for (corner, wanted) in zip(image, golden.corners) {
            let place = try #require(warp.output(of: corner))
            #expect(abs(place.x - wanted[0]) < 1e-9 && abs(place.y - wanted[1]) < 1e-9)
        }
    }

    @Test("Resizing by area, bilinear and nearest agrees with OpenCV's resize")
    func resized() throws {
        let golden = try GeometryGolden.read()
        for wanted in golden.resized {
            let ours = golden.images.resized(height: wanted.height, width: wanted.width, by: wanted.method)
            let worst = zip(ours.pixels, wanted.pixels).map { abs(Double($0) - $1) }.max() ?? 0
            // Rounding, and float32 on both sides.
            #expect(worst <= 0.501, "\(wanted.method) \(wanted.height)×\(wanted.width)")
        }
    }
}
