import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

/// What others make of an image; Golden/make_pixels.py writes it and says who.
struct Golden {
    let file: SafetensorsFile
    let images: ImageSet

    init() throws {
        file = try .read(
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/pixels.safetensors"))
        images = ImageSet(
            pixels: try file.elements("image", shape: [26, 37, 3]), height: 26, width: 37, channels: 3, labels: [nil],
            classNames: [])
    }

    /// The largest difference to what the policy makes of it, in the pixels that satisfy the closure.
    func distance(
        _ name: String, _ policy: AugmentationPolicy, where isIncluded: (Int, Int) -> Bool = { _, _ in true }
    ) throws -> Int {
        let (found, expected) = (policy.bytes(images), try file.elements(name, as: UInt8.self))
        try #require(found.count == expected.count)
        return found.indices.filter { isIncluded($0 / 111, $0 % 111 / 3) }.map {
            abs(Int(found[$0]) - Int(expected[$0]))
        }.max() ?? 0
    }
}

@Suite("Colours and tones")
struct ColourTests {
    @Test("Pillow's results, bit for bit where its arithmetic is whole numbers, to a level elsewhere")
    func pillow() throws {
        let golden = try Golden()
        #expect(try golden.distance("equalise", AugmentationPolicy { Equalise() }) == 0)
        #expect(try golden.distance("autocontrast", AugmentationPolicy { Autocontrast() }) == 0)
        #expect(try golden.distance("autocontrast5", AugmentationPolicy { Autocontrast(cutoff: 0.05) }) == 0)
        let threshold = 99.5 / 255
        #expect(
            try golden.distance("solarise", AugmentationPolicy { Solarise(threshold: threshold...threshold) }) == 0)
        #expect(try golden.distance("posterise", AugmentationPolicy { Posterise(bits: 3...3) }) == 0)
        #expect(try golden.distance("invert", AugmentationPolicy { Invert() }) == 0)
        // Pillow rounds the luma, then the blend: half a level times 0.7, and one of its own.
        #expect(try golden.distance("saturation", AugmentationPolicy { Saturation(1.7...1.7) }) <= 1)
        #expect(try golden.distance("hue", AugmentationPolicy { Hue(30...30) }) <= 1)
    }

    @Test("Hue turns red towards green, keeps luma and greys, and a whole turn in steps is nothing")
    func hue() {
        let matrix = Hue.matrix(degrees: 100)
        #expect(matrix.green.x > matrix.red.x && matrix.green.x > matrix.blue.x)
        let luma = matrix.red * 0.299 + matrix.green * 0.587 + matrix.blue * 0.114
        #expect(abs(luma.x - 0.299) < 1e-6 && abs(luma.y - 0.587) < 1e-6 && abs(luma.z - 0.114) < 1e-6)
        for row in [matrix.red, matrix.green, matrix.blue] { #expect(abs(row.x + row.y + row.z - 1) < 1e-5) }
        let turn = PixelChange.color(Hue.matrix(degrees: 120))
        #expect(View(fusing: [turn, turn, turn]).passes.isEmpty)
    }

    @Test("Neighbouring colour operations are one pass, which equals the matrices one after another in Double")
    func fusing() throws {
        let matrices = [
            ColorMatrix.saturation(0.6), Hue.matrix(degrees: -35),
            ColorMatrix(red: [0, 0, 1, 0.05], green: [1, 0, 0, 0], blue: [0, 1, 0, -0.02]),
        ]
        #expect(View(fusing: matrices.map { .color($0) }).passes.count == 1)
        let images = someImages(height: 9, width: 31, channels: 3) { row, column, channel in
            UInt8(70 + (row * 31 + column * 7 + channel * 40) % 100)
        }
        let extent = ImageExtent(images)
        let output = rendered(matrices.map { .color($0) }, images, extent)
        for pixel in 0..<9 * 31 {
            var colour = SIMD4<Double>(0, 0, 0, 1)
            for channel in 0..<3 { colour[channel] = Double(images.pixels[pixel * 3 + channel]) / 255 }
            for matrix in matrices {
                let rows = [matrix.red, matrix.green, matrix.blue].map { ($0 * colour).sum() }
                colour = SIMD4(rows[0], rows[1], rows[2], 1)
            }
            for channel in 0..<3 {
                #expect(abs(Double(output[pixel * 3 + channel]) - colour[channel] * 255) < 0.51)
            }
        }
        // Factors that would leave the kernel's whole numbers stay apart.
        let strong = PixelChange.color(.saturation(5))
        #expect(View(fusing: [strong, strong, strong]).passes.count == 2)
    }

    @Test("Colour operations leave opacity alone, and all but tones do nothing to one channel")
    func opacity() {
        let images = someImages(height: 20, width: 20, channels: 4)
        let grey = someImages(height: 20, width: 20)
        func opacity(_ pixels: [UInt8]) -> [UInt8] { stride(from: 3, to: pixels.count, by: 4).map { pixels[$0] } }
        let matrices: [any PolicyElement] = [
            Saturation(3...3), Hue(90...90), Grey(), PCALighting(standardDeviation: 1),
        ]
        let others: [any PolicyElement] = [
            Invert(), Solarise(threshold: 0.5...0.5), Posterise(bits: 2...2), ToneCurve(amount: 0.3), Equalise(),
            Autocontrast(cutoff: 0.1), JPEGCompression(quality: 10...10), Fog(severity: 3...3), Rain(severity: 3...3),
            Snow(severity: 3...3), BrightnessContrast(brightness: 1, contrast: 0.5),
        ]
        for element in matrices + others {
            let policy = AugmentationPolicy { element.step }
            let bytes = policy.bytes(images)
            #expect(bytes != images.pixels && opacity(bytes) == opacity(images.pixels), "\(element)")
        }
        for element in matrices { #expect(AugmentationPolicy { element.step }.bytes(grey) == grey.pixels) }
        // In the last table as well, which normalises.
        let normalization = Normalization(mean: [0, 0, 0, 0.5], deviation: [1, 1, 1, 0.25])
        let inputs = AugmentationPolicy { Invert() }.inputs(images, normalization)
        #expect(abs(inputs[0, 0, 0, 3] - (Float(images.pixels[3]) / 255 - 0.5) / 0.25) < 1e-5)
    }

    @Test("Grey has one value a pixel, that of BT.601; half the amount lies half-way")
    func grey() {
        let images = someImages(height: 1, width: 1, channels: 3) { _, _, channel in [200, 100, 50][channel] }
        // 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2
        #expect(AugmentationPolicy { Grey() }.bytes(images) == [124, 124, 124])
        #expect(AugmentationPolicy { Grey(amount: 0.5...0.5) }.bytes(images) == [162, 112, 87])
    }

    @Test("Each order of channels comes about as often as the others")
    func permutation() {
        let images = someImages(1200, height: 1, width: 1, channels: 3) { _, _, channel in UInt8(channel) }
        let bytes = AugmentationPolicy { ChannelPermutation() }.bytes(images)
        let orders = Dictionary(grouping: 0..<1200) { Array(bytes[$0 * 3..<$0 * 3 + 3]) }
        // 200 of each, deviation 12.9.
        #expect(orders.count == 6 && orders.values.allSatisfy { abs($0.count - 200) < 65 })
    }

    @Test("Components are the eigenvectors that NumPy finds; light along the first has its variance")
    func lighting() throws {
        let golden = try Golden()
        let components = try ColorComponents.of(golden.images)
        let values = try golden.file.elements("eigenvalues", as: Float.self)
        let vectors = try golden.file.elements("eigenvectors", as: Float.self)
        for place in 0..<3 {
            #expect(abs(components.variances[place] - Double(values[place])) < 1e-5)
            let product = (0..<3).reduce(0) {
                $0 + components.directions[3 * place + $1] * Double(vectors[3 * place + $1])
            }
            #expect(abs(abs(product) - 1) < 1e-4)
        }
        // One component alone, along red: the shift of red is N(0, (0.5 · 0.2)²) of white.
        let red = PCALighting(
            standardDeviation: 0.5,
            components: ColorComponents(
                variances: [0.2, 0, 0], directions: [1, 0, 0, 0, 1, 0, 0, 0, 1]))
        let images = someImages(4000, height: 1, width: 1, channels: 3) { _, _, _ in 128 }
        let bytes = AugmentationPolicy { red }.bytes(images)
        let shifts = (0..<4000).map { Double(bytes[$0 * 3]) - 128 }
        let deviation = (shifts.reduce(0) { $0 + $1 * $1 } / 4000).squareRoot()
        // 25.5, of itself to 1.1 %.
        #expect(abs(deviation - 25.5) < 1.5 && (0..<4000).allSatisfy { bytes[$0 * 3 + 1] == 128 })
    }

    @Test("A tone curve keeps black and white, never falls, and passes through its Bézier points")
    func toneCurve() {
        for (low, high) in [(Float(0.3), Float(-0.3)), (-0.33, 0.33), (0.33, -0.33), (0.2, 0.1)] {
            let curve = [Tone.curve(low: low, high: high)].curve
            #expect(curve[0] == 0 && curve[255] == 1)
            #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 <= $1 + 1e-6 })
            // De Casteljau's definition at a third, which is byte 85.
            let t: Float = 1.0 / 3
            let points: [Float] = [0, 1.0 / 3 + low, 2.0 / 3 + high, 1]
            func between(_ points: [Float]) -> Float {
                points.count == 1
                    ? points[0] : between(zip(points, points.dropFirst()).map { $0 * (1 - t) + $1 * t })
            }
            #expect(abs(curve[85] - between(points)) < 1e-6)
        }
    }

    @Test("Tones of all kinds remain one table")
    func tones() {
        let tones: [Tone] = [.posterise(bits: 4), .solarise(threshold: 0.5), .curve(low: 0.1, high: 0), .power(2)]
        #expect(View(fusing: tones.map { .tone($0) }).passes.count == 1)
    }
}
