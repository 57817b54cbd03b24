import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite struct FieldEndTests {
    /// Sets one field to the value of a number and its kind, and says what there is to choose from.
    private final class Setting: FieldWork {
        let place: Int
        let choice: Int
        private var visited = 0
        private(set) var choices = 0

        init(_ place: Int, _ choice: Int) { (self.place, self.choice) = (place, choice) }

        /// Both ends of a range of numbers, their nearest neighbours within, and the smallest numbers.
        private func ends(_ limits: ClosedRange<Double>) -> [Double] {
            let tiny = 0x1p-1063  // about 1e-320
            let near = [
                limits.lowerBound.nextUp, limits.upperBound.nextDown, tiny, -tiny, .leastNonzeroMagnitude, 1e-30, 1e-7,
            ]
            return [limits.lowerBound, limits.upperBound] + near.filter(limits.contains)
        }

        private func candidates<Value>(_ rule: any FieldRule<Value>, _ present: Value) -> [JSONValue] {
            switch rule {
            case let rule as NumberRule: return ends(rule.limits).map(JSONValue.number)
            case let rule as CountRule:
                return [rule.limits.lowerBound, rule.limits.upperBound].map { .number(Double($0)) }
            case let rule as RangeRule:
                let ends = ends(rule.bound.limits).sorted()
                let pairs = ends.map { ($0, $0) } + [(ends[0], ends[ends.count - 1])]
                return pairs.map { .array([.number($0.0), .number($0.1)]) }
            case let rule as NumbersRule:
                return ends(rule.limits).map { .array([JSONValue](repeating: .number($0), count: rule.count)) }
            default: return [rule.json(present)]
            }
        }

        func visit<Value>(_ field: inout Field<Value>) {
            defer { visited += 1 }
            guard visited == place else { return }
            let found = candidates(field.declaration.rule, field.wrappedValue)
            choices = found.count
            guard choice < found.count, let value = try? field.declaration.rule.value(of: found[choice]) else { return }
            field.wrappedValue = value
        }
    }

    /// An operation with each field in turn at each of its ends, others as in the template and as drawn.
    private static func forEachEnd(
        of start: some PixelOperation, _ body: (any PixelOperation) throws -> Void
    ) rethrows {
        for place in 0..<20 {
            for choice in 0..<20 {
                var operation = start
                let setting = Setting(place, choice)
                operation.visitFields(FieldVisitor(work: setting))
                if choice >= setting.choices { break }
                try body(operation)
            }
        }
    }

    private static func check(_ operation: any PixelOperation) throws {
        let policy = AugmentationPolicy(steps: [operation.step])
        let text = String(decoding: try policy.json, as: UTF8.self)
        #expect(try AugmentationPolicy(json: Data(text.utf8)) == policy, "\(text)")
        for (height, width, channels) in [(1, 1, 1), (1, 9, 3), (13, 6, 4)] {
            let count = 3 * height * width * channels
            let images = ImageSet(
                pixels: (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }, height: height, width: width,
                channels: channels, labels: [0, 1, nil], classNames: ["a", "b"])
            let raw = RawBatch(images: images, seed: 4, epoch: 2)
            let plain = Normalization(
                mean: [Float](repeating: 0, count: channels), deviation: [Float](repeating: 1, count: channels))
            let batch = policy(raw, normalization: plain)
            #expect(batch.inputs.scalars.allSatisfy { $0 >= 0 && $0 <= 1.000001 }, "\(text)")
            if let targets = batch.targets {
                #expect(targets.scalars.allSatisfy { $0 >= 0 && $0 <= 1.000001 }, "\(text)")
            }
            let boxes = ImageTargets(
                boxes: [BoundingBox(left: 0, top: 0, right: Double(width), bottom: Double(height))],
                keypoints: [Keypoint(x: 0.5, y: 0.5)], mask: [UInt8](repeating: 1, count: height * width))
            // Boxes of a blend are refused.
            let moved = try? policy.apply(to: raw, targets: [boxes, boxes, boxes])
            #expect(moved?.targets.flatMap(\.boxes).allSatisfy { $0.area.isFinite } != false, "\(text)")
        }
    }

    // An alpha of 1e-320 made both logarithms of CutMix's share infinite, and their difference no number.
    @Test("Every field of every operation at both ends of its range: no stop, nothing that is no number")
    func everyField() throws {
        for type in operationTypes {
            func opened<Operation: PixelOperation>(_: Operation.Type) throws {
                try Self.forEachEnd(of: Operation.template, Self.check)
                var random = Philox(seed: 5)
                let drawn = try #require(try RandomPolicies.operation(type, &random) as? Operation)
                try Self.forEachEnd(of: drawn, Self.check)
            }
            try opened(type)
        }
    }

    @Test("A share from Beta(alpha, alpha) is a coin at the smallest alpha, and a half at the largest")
    func shares() {
        var random = Philox(seed: 6)
        for alpha in [.leastNonzeroMagnitude, 0x1p-1070, 1e-308, 1e-300] {
            let shares = (0..<200).map { _ in random.symmetricBeta(alpha) }
            #expect(shares.allSatisfy { $0 == 0 || $0 == 1 } && Set(shares).count == 2, "\(alpha)")
        }
        #expect((0..<200).allSatisfy { _ in (0.2...0.8).contains(random.symmetricBeta(100)) })
    }
}
