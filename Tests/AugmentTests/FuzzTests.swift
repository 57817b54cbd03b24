import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

/// Random policies of every operation that a policy file can name: each parameter anywhere within its limits. Limits are
/// read from what the field says it expects, so a new operation joins by being registered.
enum RandomPolicies {
    /// A policy of up to `count` steps, in groups and with probabilities.
    static func draw(_ random: inout Philox, upTo count: Int = 4) throws -> AugmentationPolicy {
        let steps = try (0..<random.index(below: count) + 1).map { _ -> AugmentationStep in
            let members = try (0..<random.index(below: 2) + 1).map { _ in
                try operation(operationTypes[random.index(below: operationTypes.count)], &random)
                    .step.probability(random.uniform() < 0.8 ? 1 : Double(random.uniform()))
            }
            switch random.index(below: 3) {
            case 0 where random.uniform() < 0.5:
                // The first is possible, so that the sum is positive.
                let weights = members.indices.map { $0 == 0 ? 0.5 : number(in: 0...3, &random) }
                return OneOf(weights: weights) { for member in members { member } }.step
            case 0: return OneOf { for member in members { member } }.step
            case 1: return AllOf { for member in members { member } }.step
            default: return members[0]
            }
        }
        return AugmentationPolicy(steps: steps)
    }

    static func operation(_ type: any PixelOperation.Type, _ random: inout Philox) throws -> any PixelOperation {
        func opened<Operation: PixelOperation>(_: Operation.Type) throws -> any PixelOperation {
            var operation = Operation.template
            let filling = Filling(random)
            operation.visitFields(FieldVisitor(work: filling))
            random = filling.random
            if let error = filling.error { throw error }
            return operation
        }
        return try opened(type)
    }

    /// Sets every field to anything within its limits.
    private final class Filling: FieldWork {
        private(set) var random: Philox
        private(set) var error: (any Error)?

        init(_ random: Philox) { self.random = random }

        func visit<Value>(_ field: inout Field<Value>) {
            do { try fill(&field, field.declaration) } catch { self.error = error }
        }

        private func fill<Value>(_ field: inout Field<Value>, _ declaration: FieldDeclaration<Value>) throws {
            let rule = declaration.rule
            func set(_ json: JSONValue) throws {
                let value = try rule.value(of: json)
                // The field itself would stop the program.
                #expect(rule.mismatch(value) == nil, "\(declaration.owner).\(declaration.name)")
                field.wrappedValue = value
            }
            switch rule.json(field.wrappedValue) {
            case .string:
                let text = RandomPolicies.expected(rule, .string("?"))
                let choices = try #require(text).components(separatedBy: "one of ")[1].components(separatedBy: ", ")
                try set(.string(choices[random.index(below: choices.count)]))
            case .number:
                let expected = RandomPolicies.expected(rule, .number(1e17))
                let text = try #require(expected)
                let number = RandomPolicies.number(in: try RandomPolicies.limits(text), &random)
                try set(.number(text.contains("whole") ? number.rounded() : number))
            case .array(let elements):
                let wrong: [JSONValue] = elements.map { _ in .number(1e17) }
                let expected = RandomPolicies.expected(rule, .array(wrong))
                let text = try #require(expected)
                let limits = try RandomPolicies.limits(text)
                var numbers = elements.map { _ in RandomPolicies.number(in: limits, &random) }
                if text.contains("range") { numbers.sort() }
                try set(.array(numbers.map(JSONValue.number)))
            default:
                Issue.record("\(declaration.name): a kind of parameter that this test does not know")
            }
        }
    }

    /// What the rule of a field says of a value that it refuses.
    private static func expected(_ rule: some FieldRule, _ wrong: JSONValue) -> String? {
        do throws(Mismatch) { return rule.mismatch(try rule.value(of: wrong))?.expected } catch {
            return error.expected
        }
    }

    private static func limits(_ text: String) throws -> ClosedRange<Double> {
        let match = try #require(text.firstMatch(of: /within (-?[\d.e-]+)…(-?[\d.e-]+)/))
        return try #require(Double(match.output.1))...(try #require(Double(match.output.2)))
    }

    /// Anywhere, and now and then at the very limits.
    private static func number(in limits: ClosedRange<Double>, _ random: inout Philox) -> Double {
        switch random.index(below: 8) {
        case 0: limits.lowerBound
        case 1: limits.upperBound
        default: limits.lowerBound + (limits.upperBound - limits.lowerBound) * Double(random.uniform())
        }
    }

    /// One to so many pixels, small sides much more often for the sake of time, the largest now and then.
    static func side(_ most: Double, _ random: inout Philox) -> Int {
        if random.index(below: 40) == 0 { return Int(most) }
        return Int(exp(pow(Double(random.uniform()), 2) * log(most)).rounded())
    }

    /// One to three images of random extents, small ones more often, of labels or none.
    static func images(_ random: inout Philox, channels: Int? = nil) -> ImageSet {
        let (height, width) = (side(300, &random), side(200, &random))
        let (count, drawn) = (random.index(below: 3) + 1, [1, 3, 4][random.index(below: 3)])
        let channels = channels ?? drawn
        let style = random.index(below: 3)
        let pixels = (0..<count * height * width * channels).map { place -> UInt8 in
            switch style {
            case 0: UInt8(truncatingIfNeeded: random.nextWord())
            case 1: UInt8(truncatingIfNeeded: place / 7)
            default: place % 5 == 0 ? 255 : 0
            }
        }
        return ImageSet(
            pixels: pixels, height: height, width: width, channels: channels,
            labels: (0..<count).map { random.uniform() < 0.8 ? $0 : nil }, classNames: ["a", "b", "c"])
    }
}

@Suite("Random policies on random images")
struct FuzzTests {
    @Test("None crashes, leaves 0 … 1, mixes labels to another sum than 1, or comes back from JSON as another")
    func everything() throws {
        var random = Philox(seed: 20)
        for _ in 0..<(_isDebugAssertConfiguration() ? 300 : 10_000) {
            let policy = try RandomPolicies.draw(&random)
            let images = RandomPolicies.images(&random)
            let text = String(decoding: try policy.json, as: UTF8.self)
            let normalization = Normalization(
                mean: [Float](repeating: 0, count: images.channels),
                deviation: [Float](repeating: 1, count: images.channels))
            let raw = RawBatch(images: images, seed: 1, epoch: random.index(below: 1000))
            check(policy(raw, normalization: normalization), text)
            // With images of another size, as one batch of a third.
            let others = RandomPolicies.images(&random, channels: images.channels)
            let size = ImageSize(
                height: RandomPolicies.side(100, &random), width: RandomPolicies.side(100, &random),
                channels: images.channels)
            let both = RaggedImages.joined([images, others].map { RaggedImages($0, readAt: size) })
            let resized = policy(RawBatch(images: both, seed: 1, epoch: raw.epoch), normalization: normalization)
            #expect(resized.inputs.shape == [images.count + others.count, size.height, size.width, images.channels])
            check(resized, text)
            #expect(try AugmentationPolicy(json: Data(text.utf8)) == policy)
        }
    }

    private func check(_ batch: Batch, _ text: String) {
        let (low, high) = batch.inputs.scalars.reduce((Float(1), Float(0))) { (min($0.0, $1), max($0.1, $1)) }
        #expect(low >= 0 && high <= 1.000001, "\(low)…\(high) by \(text)")
        #expect(!batch.inputs.scalars.contains { $0.isNaN }, "not a number by \(text)")
        guard let targets = batch.targets else { return }
        for (row, label) in batch.labels.enumerated() {
            let sum = (0..<3).reduce(Float(0)) { $0 + targets[row, $1] }
            #expect(abs(sum - (label == nil ? 0 : 1)) < 1e-5, "labels sum to \(sum) by \(text)")
        }
    }

    @Test("Every registered operation comes back from JSON as it was, under a name of its own")
    func coding() throws {
        var random = Philox(seed: 21)
        #expect(Set(operationTypes.map { $0.name }).count == operationTypes.count)
        for type in operationTypes {
            for _ in 0..<5 {
                let policy = AugmentationPolicy(steps: [try RandomPolicies.operation(type, &random).step])
                #expect(try AugmentationPolicy(json: policy.json) == policy, "\(type.name)")
            }
        }
    }

    @Test("An operation of factor 0, where strength reaches all of it, changes nothing")
    func identity() throws {
        // Those without strength, or whose mildest form still does something, are named with their reasons.
        let others: Set<String> = [
            "horizontalFlip", "verticalFlip", "turn", "channelPermutation", "invert", "equalise", "autocontrast",
            "mosaic",
            // Rounds even at quality 100.
            "jpegCompression",
        ]
        var random = Philox(seed: 22)
        for type in operationTypes where !others.contains(type.name) {
            for (height, width, channels) in [(1, 1, 1), (7, 9, 3), (40, 33, 4), (70, 1, 3)] {
                let images = someImages(2, height: height, width: width, channels: channels)
                func scaled<Operation: PixelOperation>(_ operation: Operation) -> any PixelOperation {
                    operation.scaled(by: 0)
                }
                let operation = scaled(try RandomPolicies.operation(type, &random))
                #expect(AugmentationPolicy(steps: [operation.step]).bytes(images) == images.pixels, "\(operation)")
            }
        }
    }
}
