/// One rule of a task.
struct TaskRule {
    let text: String
    let reason: String
    /// What one of the library's own operations does against the rule; nil if it keeps it.
    private let breach: (any PixelOperation) -> String?
    /// What an effect does against the rule; nil if it keeps it.
    private let effectBreach: (PixelEffect) -> String?

    private init(
        text: String, reason: String, effect: @escaping (PixelEffect) -> String? = { _ in nil },
        breach: @escaping (any PixelOperation) -> String?
    ) {
        self.text = text
        self.reason = reason
        self.breach = breach
        effectBreach = effect
    }

    /// What an operation, or one of those that it consists of, does against the rule.
    func breach(in operation: any PixelOperation) -> String? {
        if let found = breach(operation) { return found }
        let type = type(of: operation)
        if let effect = operation.foreignEffects?.lazy.compactMap(effectBreach).first {
            return "\(type.name) \(effect)"
        }
        guard let composed = operation as? any ComposedOperation else { return nil }
        return composed.constituents.lazy.compactMap(breach).first.map { "\(type.name): \($0)" }
    }
}

extension PixelOperation {
    /// What the operation says of itself; nil for one of the library's own, which rules know by its type.
    var foreignEffects: [PixelEffect]? { OperationRegistry.isOwn(Self.self) ? nil : effects }
}

/// An operation that does some of others, for the rules of tasks.
protocol ComposedOperation: PixelOperation {
    /// The operations of which it does some, as strong as they may be drawn.
    var constituents: [any PixelOperation] { get }
}

extension TaskRule {
    /// What no task bears.
    static var everywhere: [TaskRule] {
        [
            .limit(
                BrightnessContrast.self, "contrast of 0.8 at most",
                "less than a fifth of the contrast is left otherwise"
            ) { $0.contrast > 0.8 ? "takes away up to \($0.contrast) of the contrast" : nil },
            .limit(SaltAndPepper.self, "half of the pixels at most", "less of the image is left than is covered") {
                $0.amount > 0.5 ? "replaces \($0.amount) of the pixels" : nil
            },
            TaskRule(
                text: "operations that say their effects",
                reason: "what an operation does to the meaning of an image is not known otherwise"
            ) { operation in
                let type = type(of: operation)
                return OperationRegistry.isOwn(type) || operation.effects != nil
                    ? nil : "\(type.name) does not say what it does to an image"
            },
        ]
    }

    /// Refuses operations of a type, and an effect that is the same.
    static func no<Operation: PixelOperation>(
        _ type: Operation.Type, like effect: PixelEffect? = nil, _ reason: String
    ) -> TaskRule {
        TaskRule(text: "no \(type.name)", reason: reason) {
            $0 == effect ? "does what \(type.name) does" : nil
        } breach: {
            $0 is Operation ? type.name : nil
        }
    }

    /// Bounds one figure of the operations of a type, and of an effect.
    static func limit<Operation: PixelOperation>(
        _ type: Operation.Type, _ text: String, _ reason: String,
        effect: @escaping (PixelEffect) -> String? = { _ in nil }, breach: @escaping (Operation) -> String?
    ) -> TaskRule {
        TaskRule(text: text, reason: reason, effect: effect) { operation in
            (operation as? Operation).flatMap(breach).map { "\(type.name) \($0)" }
        }
    }

    static func scale(_ range: ClosedRange<Double>, _ reason: String) -> TaskRule {
        func found(_ scale: ClosedRange<Double>) -> String? {
            scale.lowerBound < range.lowerBound || scale.upperBound > range.upperBound ? "scales by \(scale.text)" : nil
        }
        return limit(Affine.self, "scale within \(range.text)", reason) {
            if case .scales(let scale) = $0 { found(scale) } else { nil }
        } breach: {
            found($0.scale)
        }
    }

    static func shift(_ share: Double, _ reason: String) -> TaskRule {
        func found(_ most: Double) -> String? { most > share ? "shifts by up to \(most) of a side" : nil }
        return limit(Affine.self, "shifts of \(share) of a side at most", reason) {
            if case .shifts(let most) = $0 { found(most) } else { nil }
        } breach: {
            found($0.translate)
        }
    }

    static func translation(_ share: Double, _ reason: String) -> TaskRule {
        limit(Translate.self, "shifts of \(share) of a side at most", reason) {
            let most = [$0.right, $0.down].map { max(-$0.lowerBound, $0.upperBound) }.max() ?? 0
            return most > share ? "shifts by up to \(most) of a side" : nil
        }
    }

    static func crop(_ area: Double, _ reason: String) -> TaskRule {
        limit(RandomResizedCrop.self, "crops of \(area) of the area at least", reason) {
            $0.area.lowerBound < area ? "keeps as little as \($0.area.lowerBound) of the area" : nil
        }
    }

    static func sides(_ share: Double, _ reason: String) -> TaskRule {
        func found(_ least: Double) -> String? { least < share ? "keeps as little as \(least) of a side" : nil }
        return TaskRule(text: "crops of \(share) of a side at least", reason: reason) {
            if case .crops(let least) = $0 { found(least) } else { nil }
        } breach: { operation in
            let least = (operation as? Crop)?.side.lowerBound ?? (operation as? BoxCrop)?.side.lowerBound
            return least.flatMap(found).map { "\(type(of: operation).name) \($0)" }
        }
    }

    static func perspective(_ distortion: Double, _ reason: String) -> TaskRule {
        limit(Perspective.self, "distortion of \(distortion) at most", reason) {
            $0.distortion > distortion ? "has distortion \($0.distortion)" : nil
        }
    }

    static func elastic(_ displacement: Double, _ reason: String) -> TaskRule {
        func found(_ most: Double) -> String? { most > displacement ? "moves pixels by \(most) of a side" : nil }
        return limit(ElasticDeformation.self, "displacement of \(displacement) of a side at most", reason) {
            if case .deforms(let most) = $0 { found(most) } else { nil }
        } breach: {
            found($0.displacement)
        }
    }

    static func cutout(_ size: Double, _ reason: String) -> TaskRule {
        func found(_ most: Double) -> String? { most > size ? "covers a square of \(most) of a side" : nil }
        return limit(Cutout.self, "squares of \(size) of a side at most", reason) {
            if case .covers(let most) = $0 { found(most) } else { nil }
        } breach: {
            found($0.size)
        }
    }

    static func erasing(_ area: Double, _ reason: String) -> TaskRule {
        limit(RandomErasing.self, "rectangles of \(area) of the area at most", reason) {
            $0.area.upperBound > area ? "covers up to \($0.area.upperBound) of the area" : nil
        }
    }

    static func grid(_ cover: Double, _ reason: String) -> TaskRule {
        limit(GridMask.self, "squares of \(cover) of the grid's unit at most", reason) {
            $0.cover > cover ? "covers \($0.cover) of the grid's unit" : nil
        }
    }

    static func noise(_ deviation: Double, _ reason: String) -> TaskRule {
        func found(_ most: Double) -> String? { most > deviation ? "has deviation \(most)" : nil }
        return limit(GaussianNoise.self, "noise of deviation \(deviation) at most", reason) {
            if case .addsNoise(let most) = $0 { found(most) } else { nil }
        } breach: {
            found($0.standardDeviation)
        }
    }

    static func hue(_ degrees: Double, _ reason: String) -> TaskRule {
        func found(_ most: Double) -> String? { most > degrees ? "turns hues by up to \(most.text)°" : nil }
        return limit(Hue.self, "hues turned by ±\(degrees.text)° at most", reason) {
            if case .turnsHues(let most) = $0 { found(most) } else { nil }
        } breach: {
            found(max(-$0.degrees.lowerBound, $0.degrees.upperBound))
        }
    }

    /// Bounds the deviation, along an axis, of what blurs spread a point to: a disc of radius r has r / 2, a line of
    /// length l has l / √12.
    static func blur(_ deviation: Double, _ reason: String) -> TaskRule {
        func found(_ most: Double) -> String? {
            most > deviation ? "spreads points by a deviation of up to \(most.text) pixels" : nil
        }
        return TaskRule(text: "blur of deviation \(deviation.text) pixels at most", reason: reason) {
            if case .blurs(let most) = $0 { found(most) } else { nil }
        } breach: { operation in
            let spread: Double? =
                switch operation {
                case let blur as GaussianBlur: blur.sigma.upperBound
                case let blur as Defocus: blur.radius.upperBound / 2
                case let blur as MotionBlur: blur.length.upperBound / 12.0.squareRoot()
                default: nil
                }
            return spread.flatMap(found).map { "\(type(of: operation).name) \($0)" }
        }
    }
}
