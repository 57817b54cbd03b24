import TensorCore

/// An operation of a policy, and where it stands.
struct PolicyLeaf {
    /// Its number among all operations and groups of the policy, each group before its members: what draws are keyed
    /// by.
    let place: Int
    /// Where it stands in the policy's JSON: `operations[2].of[0]`.
    let path: String
    let operation: any PixelOperation
    let probability: Double

    /// The name in a policy file.
    var name: String { type(of: operation).name }
}

extension AugmentationPolicy {
    /// The operations of this policy in the order of their places, those inside groups included.
    var leaves: [PolicyLeaf] {
        var leaves: [PolicyLeaf] = []
        _ = editingLeaves { step, place, path in
            if case .operation(let operation) = step.content {
                leaves.append(
                    PolicyLeaf(place: place, path: path, operation: operation, probability: step.probability))
            }
            return step
        }
        return leaves
    }

    /// The policy with each operation replaced by what the closure makes of it, its place and its path; groups stay,
    /// and so do places.
    func editingLeaves(
        _ edit: (_ step: AugmentationStep, _ place: Int, _ path: String) -> AugmentationStep
    ) -> AugmentationPolicy {
        func edited(_ steps: [AugmentationStep], from first: Int, _ path: String) -> [AugmentationStep] {
            var place = first
            return steps.enumerated().map { index, step in
                let (here, path) = (place, "\(path)[\(index)]")
                place += step.placeCount
                if case .operation = step.content { return edit(step, here, path) }
                return step.replacingMembers(with: edited(step.members, from: here + 1, "\(path).of"))
            }
        }
        return AugmentationPolicy(steps: edited(steps, from: 0, "operations"))
    }

    /// The elements with their probabilities times the factors, at most 1.
    func weighted(_ factors: [Double]) -> [AugmentationStep] {
        require(
            factors.count == steps.count && factors.allSatisfy { $0 >= 0 },
            "AugmentationPolicy: factors \(factors) for \(steps.count) steps, one of 0 or more for each expected")
        return zip(steps, factors).map { step, factor in
            var step = step
            step.probability = min(1, step.probability * factor)
            return step
        }
    }
}

extension AugmentationPolicy {
    /// Each operation by itself and certainly done, with where it stands in the policy's JSON: for looking at it.
    public var singleOperations: [(place: String, name: String, policy: AugmentationPolicy)] {
        leaves.map { ($0.path, $0.name, AugmentationPolicy(steps: [$0.operation.step])) }
    }
}
