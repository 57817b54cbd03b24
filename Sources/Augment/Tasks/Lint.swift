import TensorCore

extension AugmentationPolicy {
    /// What of this policy would change what the images of a task say: first single operations in their order, then
    /// angles. Empty for a sound policy.
    ///
    /// Rotations and shears of operations that can act on the same image are added up. How probable an operation is
    /// does not matter: a rule broken seldom gives wrong labels seldom.
    ///
    /// No task here has labelled points. Mirroring a pose breaks no rule of photographs, yet labels of points stay: a
    /// left hand is still called that, as ``HorizontalFlip`` says.
    public func lint(for task: ImageTask) -> [LintFinding] {
        var findings: [LintFinding] = []
        func walk(_ steps: [AugmentationStep], at path: String) {
            for (index, step) in steps.enumerated() where step.probability > 0 {
                let place = "\(path)[\(index)]"
                if case .operation(let operation) = step.content {
                    for rule in task.rules {
                        guard let found = rule.breach(in: operation) else { continue }
                        findings.append(LintFinding(place: place, found: found, rule: rule.text, reason: rule.reason))
                    }
                }
                walk(step.choices, at: "\(place).of")
            }
        }
        walk(steps, at: "operations")
        let (rotation, shear, reason) = task.angles
        findings += angleFindings("rotate", limit: rotation, reason) {
            switch $0 {
            case let affine as Affine: affine.rotate
            case let mix as AugMix: mix.rotation
            default:
                $0.angle { if case .rotates(let degrees) = $0 { degrees } else { nil } }
            }
        }
        findings += angleFindings("shear", limit: shear, reason) {
            switch $0 {
            case let affine as Affine: affine.shear
            case let shear as Shear: shear.largest
            case let mix as AugMix: mix.shear
            default:
                $0.angle { if case .shears(let degrees) = $0 { degrees } else { nil } }
            }
        }
        return findings
    }

    /// This policy, if nothing of it breaks a rule of the task.
    ///
    /// - Throws: `FormatError` with the first finding and its reason.
    public func checked(for task: ImageTask, file: String = "policy") throws -> AugmentationPolicy {
        guard let finding = lint(for: task).first else { return self }
        throw FormatError(
            file: file, place: finding.place, found: finding.found,
            expected: "for \(task.rawValue): \(finding.rule) (\(finding.reason))")
    }

    /// Single operations past the limit, or else the whole policy if its operations add up to more.
    private func angleFindings(
        _ verb: String, limit: Double, _ reason: String, _ angle: (any PixelOperation) -> ClosedRange<Double>?
    ) -> [LintFinding] {
        func largest(_ range: ClosedRange<Double>) -> Double { max(-range.lowerBound, range.upperBound) }
        func total(_ steps: [AugmentationStep]) -> Double { steps.reduce(0) { $0 + sum($1) } }
        func sum(_ step: AugmentationStep) -> Double {
            guard step.probability > 0 else { return 0 }
            switch step.content {
            case .operation(let operation): return angle(operation).map(largest) ?? 0
            case .allOf(let members): return total(members)
            case .oneOf: return step.choices.map(sum).max() ?? 0
            case .someOf(let members, let count):
                return members.map(sum).sorted(by: >).prefix(count.upperBound).reduce(0, +)
            }
        }
        var findings: [LintFinding] = []
        func walk(_ steps: [AugmentationStep], at path: String) {
            for (index, step) in steps.enumerated() where step.probability > 0 {
                if case .operation(let operation) = step.content, sum(step) > limit {
                    findings.append(finding("\(path)[\(index)]", "\(type(of: operation).name) can", sum(step)))
                }
                walk(step.choices, at: "\(path)[\(index)].of")
            }
        }
        func finding(_ place: String, _ subject: String, _ degrees: Double) -> LintFinding {
            LintFinding(
                place: place, found: "\(subject) \(verb) by \(degrees.text)°", rule: "\(verb) within ±\(limit.text)°",
                reason: reason)
        }
        walk(steps, at: "operations")
        let all = total(steps)
        if findings.isEmpty, all > limit { findings = [finding("operations", "all together can", all)] }
        return findings
    }
}

extension PixelOperation {
    /// The sum of the angles of an operation's effects, either way; nil if it says none.
    fileprivate func angle(_ degrees: (PixelEffect) -> Double?) -> ClosedRange<Double>? {
        guard let angles = foreignEffects?.compactMap(degrees), !angles.isEmpty else { return nil }
        let sum = angles.reduce(0) { $0 + abs($1) }
        return -sum...sum
    }
}
