import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Cost and drift of a policy")
struct MeasuringTests {
    /// A made-up machine: an image costs 1 µs, a warp 10 µs and 1,000 µs a megapixel, gamma 2 µs and 500, noise 3,000.
    private let costs: OperationCosts = {
        func curve(_ fixed: Double, _ perMegapixel: Double) -> OperationCosts.Curve {
            .init(pixels: [1000, 10_000], microseconds: [1000.0, 10_000].map { fixed + perMegapixel * $0 / 1e6 })
        }
        func cost(_ fixed: Double, _ perMegapixel: Double) -> OperationCosts.Operation {
            .init(last: curve(fixed, 0), inner: curve(fixed, perMegapixel))
        }
        return OperationCosts(
            channels: 3, plain: curve(1, 0),
            operations: [
                "affine": .init(last: curve(10, 1000), inner: curve(10, 1000)), "horizontalFlip": cost(10, 1000),
                "gamma": cost(2, 500), "gaussianNoise": .init(last: curve(0, 3000), inner: curve(0, 3000)),
            ])
    }()

    private func cost(@PolicyBuilder _ steps: () -> [AugmentationStep]) throws -> Double {
        try AugmentationPolicy(steps).cost(imageSize: (50, 100), by: costs).microseconds
    }

    @Test("By hand, at 5,000 pixels: passes add up, neighbours that fuse cost their draw alone, the last tone is free")
    func prediction() throws {
        #expect(try cost {} == 1)
        #expect(abs(try cost { Gamma(2...2) } - 3) < 1e-9)  // goes into the normalisation
        #expect(
            abs(
                try cost {
                    Gamma(2...2); GaussianNoise(standardDeviation: 0.1)
                } - (1 + 4.5 + 15)) < 1e-9)
        let affine = Affine(rotate: 10...20)
        #expect(abs(try cost { affine } - 16) < 1e-9)
        #expect(
            abs(
                try cost {
                    affine; affine
                } - 26) < 1e-9)  // one resampling; the second draws for 10 µs
        #expect(
            abs(
                try cost {
                    HorizontalFlip(); affine
                } - 26) < 1e-9)  // one resampling, which a flip alone would not need
        #expect(
            abs(
                try cost {
                    affine; Affine(rotate: 10...20, border: .edge)
                } - 31) < 1e-9)  // borders differ
        // Probabilities: 15 µs in half of the draws, 4 σ of 1,000 of them are 6.3 %.
        #expect(abs(try cost { GaussianNoise(standardDeviation: 0.1).probability(0.5) } - 8.5) < 1)
        #expect(
            abs(
                try cost {
                    OneOf {
                        GaussianNoise(standardDeviation: 0.1); AllOf {}
                    }
                } - 8.5) < 1)
    }

    @Test("A curve is straight between sizes and beyond them, and never negative")
    func curve() {
        let curve = OperationCosts.Curve(pixels: [100, 200, 400], microseconds: [1, 3, 5])
        #expect([50, 100, 150, 300, 500].map(curve.value) == [0, 1, 2, 4, 6])
    }

    @Test("What fits is left alone; else the costliest gives way first, and the policy keeps within the budget")
    func fitting() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: 10...20).probability(0.5)
            GaussianNoise(standardDeviation: 0.1)
        }
        func fit(_ budget: Double) throws -> FittedPolicy {
            try policy.fitting(budget: budget, imageSize: (50, 100), by: costs)
        }
        let whole = try fit(100)
        #expect(whole.policy == policy && whole.changes.isEmpty)
        for budget in stride(from: 1.0, through: 23, by: 0.5) {
            let fitted = try fit(budget)
            #expect(fitted.cost.microseconds <= budget)
            #expect(try fitted.policy.cost(imageSize: (50, 100), by: costs) == fitted.cost)
        }
        let cheaper = try fit(15)
        #expect(cheaper.changes.map(\.place) == ["operations[1]"])
        #expect(cheaper.changes[0].before == 1 && cheaper.changes[0].after > 0.25 && cheaper.changes[0].after < 0.6)
        let bare = try fit(1)
        #expect(bare.changes.map(\.after) == [0, 0] && bare.changes[0].description == "operations[0] affine: dropped")
        // Draws of what stays do not move.
        let images = someImages(40, height: 5, width: 5, channels: 3)
        let dropped = try fit(9.5)
        #expect(dropped.changes.map(\.after) == [0], "\(dropped.changes)")
        let affine = AugmentationPolicy { Affine(rotate: 10...20).probability(0.5) }
        #expect(dropped.policy.bytes(images) == affine.bytes(images))
        let error = #expect(throws: FormatError.self) { try fit(0.5) }
        #expect(error?.file == "budget")
    }

    @Test("A calibration of other channels, an operation that was not measured and damaged JSON are refused by name")
    func refusals() throws {
        let policy = AugmentationPolicy { OneOf { Cutout(size: 0.5) } }
        let missing = #expect(throws: FormatError.self) { try policy.cost(imageSize: (5, 5), by: costs) }
        #expect(missing?.place == "cutout" && missing?.expected.contains("operations[0].of[0]") == true)
        #expect(throws: FormatError.self) { try policy.cost(imageSize: (5, 5), by: costs, channels: 1) }
        #expect(try OperationCosts(json: costs.json) == costs)
        let text = String(decoding: try costs.json, as: UTF8.self)
        for bad in [
            "{", text.replacing("\"channels\" : 3", with: "\"channels\" : 0"), text.replacing("1000,", with: "20000,"),
        ] {
            let error = #expect(throws: FormatError.self) { try OperationCosts(json: Data(bad.utf8), file: "c.json") }
            #expect(error?.file == "c.json")
        }
    }

    @Test(
        "A calibration covers every operation that a policy file can name, and those of the policy by their parameters")
    func calibration() throws {
        #expect(Set(AugmentationPolicy.everyOperation.leaves.map(\.name)) == Set(operationTypes.map { $0.name }))
        // The second is no operation of ours: it is measured for the policy that has it.
        let policy = AugmentationPolicy {
            PadAndCrop(padding: 2)
            Lean(slope: 0.3)
        }
        let found = OperationCosts.calibrated(channels: 1, for: policy, sides: [4, 8], epochs: 1)
        #expect(found.operations.count == operationTypes.count + 2 && found.channels == 1)
        #expect(found.plain.microseconds.allSatisfy { $0 > 0 })
        #expect(try policy.cost(imageSize: (8, 8), by: found, channels: 1).microseconds > 0)
    }

    @Test("Affinity and diversity on hand-made networks")
    func affinityAndDiversity() throws {
        // Images of brightness 200 / 255; a network that reads bright ones. Half of the views turn black.
        let images = ImageSet(
            pixels: [UInt8](repeating: 200, count: 400 * 4), height: 2, width: 2, channels: 1,
            labels: [Int?](repeating: 0, count: 400), classNames: ["a", "b"])
        func network(_ inputs: Tensor) -> Tensor {
            Tensor(
                (0..<inputs.shape[0]).flatMap { inputs[$0, 0, 0, 0] > 0.5 ? [2, 0] : [0, 2] as [Float] },
                shape: [inputs.shape[0], 2])
        }
        let darkening = AugmentationPolicy { Gamma(20...20).probability(0.5) }
        let nothing = AugmentationPolicy {}
        #expect(affinity(of: nothing, on: images, normalization: plain, network: network) == 1)
        let half = try #require(affinity(of: darkening, on: images, normalization: plain, network: network))
        #expect(abs(half - 0.5) < 0.1)  // 4 σ of 400
        #expect(
            affinity(of: nothing, on: images, normalization: plain) { Tensor.zeros([$0.shape[0], 2]) - network($0) }
                == nil)
        // Cross-entropy of a right reading is ln(1 + e⁻²), of a wrong one 2 more.
        #expect(
            abs(diversity(of: nothing, on: images, normalization: plain, network: network) - log(1 + exp(-2))) < 1e-5)
        let expected = log(1 + exp(-2)) + 2 * (1 - half)
        #expect(abs(diversity(of: darkening, on: images, normalization: plain, network: network) - expected) < 1e-4)
    }

    @Test("Statistics by hand: a gradient, shifted and stretched; noise shows in gradient energy")
    func statistics() {
        let images = someImages(2, height: 3, width: 4) { _, column, _ in [50, 60, 70, 80][column] }
        let brighter = someImages(2, height: 3, width: 4) { _, column, _ in [150, 160, 170, 180][column] }
        let steeper = someImages(2, height: 3, width: 4) { _, column, _ in [35, 55, 75, 95][column] }
        let shift = StatisticsDrift(from: images, to: brighter)
        // Deviation of 50, 60, 70, 80 is √125; nothing shares a bin.
        #expect(
            abs(shift.mean - 100 / 125.0.squareRoot()) < 1e-9 && shift.deviation < 1e-9 && shift.gradientEnergy < 1e-9)
        #expect(abs(shift.histogram - 1) < 1e-9)
        let stretch = StatisticsDrift(from: images, to: steeper)
        #expect(abs(stretch.mean) < 1e-9 && abs(stretch.deviation - log(2)) < 1e-9)
        #expect(abs(stretch.gradientEnergy - log(4)) < 1e-9)
        let none = StatisticsDrift(from: images, to: images)
        #expect(none.largest == 0)
        #expect(stretch.largest == stretch.gradientEnergy && "\(stretch)".contains("gradient energy 1.386"))
    }

    @Test(
        "A policy beyond a limit is refused, with the figure and the operation that goes farthest; one within is measured"
    )
    func check() throws {
        let images = someImages(20, height: 8, width: 8) { row, column, _ in UInt8(90 + 4 * row + 3 * column) }
        let gentle = AugmentationPolicy { HorizontalFlip().probability(0.5) }
        let drift = try gentle.check(on: images)
        #expect(drift.statistics.largest < 0.1 && drift.affinity == nil)
        let noisy = AugmentationPolicy {
            HorizontalFlip()
            OneOf {
                GaussianNoise(standardDeviation: 0.3)
                BrightnessContrast(brightness: 0, contrast: 0.05)
            }
        }
        let error = #expect(throws: FormatError.self) { try noisy.check(on: images, file: "p.json") }
        #expect(error?.file == "p.json" && error?.place.hasPrefix("operations[1].of[0] (gaussianNoise") == true)
        #expect(error?.expected == "at most 0.7")
        #expect(throws: Never.self) { try noisy.check(on: images, limits: DriftLimits(statistics: 100)) }
        // A network that reads the labels from the first pixel, which a flip exchanges with the last.
        let halves = someImages(10, height: 1, width: 2, labels: [Int?](repeating: 1, count: 10)) { _, x, _ in
            [0, 255][x]
        }
        func network(_ inputs: Tensor) -> Tensor {
            Tensor(
                (0..<inputs.shape[0]).flatMap { row in
                    (0..<10).map { Float($0 == (inputs[row, 0, 0, 0] < 0.5 ? 1 : 0) ? 3 : 0) }
                }, shape: [inputs.shape[0], 10])
        }
        let flip = AugmentationPolicy { HorizontalFlip() }
        let unfamiliar = #expect(throws: FormatError.self) {
            try flip.check(on: halves, normalization: plain, network: network)
        }
        #expect(unfamiliar?.found == "affinity 0.0")
    }
}
