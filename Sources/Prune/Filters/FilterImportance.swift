import TensorCore

/// What tells which filters of a network can go: those of least importance are cut first, whatever layer they are in.
public enum FilterImportance: Sendable {
    /// The mean magnitude of a filter's weights, relative to that of its layer (Li et al., arXiv 1608.08710), so that
    /// layers of large and of small weights compare. Needs nothing but the network.
    case l1
    /// The magnitude of the scale in the batch normalisation behind a filter (network slimming, Liu et al., arXiv
    /// 1708.06519). Means most when training pulled scales towards 0. Filters without a normalisation stay.
    case batchNormScale
    /// How much the loss would change, to first order: the square of Σ parameter · gradient, averaged over batches
    /// (Molchanov et al., arXiv 1906.10771). Scale and shift of the normalisation behind a filter speak for it, since
    /// with the batch's statistics the loss does not depend on the size of its weights; weights and bias where there is
    /// none.
    ///
    /// - Parameter gradients: one dictionary a batch, with the loss's gradient for every learnt parameter by its path.
    case taylor(gradients: [[String: Tensor]])
}

extension FilterImportance {
    /// The importance of each unit of each family; nil for one that this measure says nothing of.
    ///
    /// Filters that go together count by their mean, but their changes of the loss add up.
    func scores(of sets: ChannelSets, in tensors: [String: Tensor]) -> [[Double?]] {
        let filters: [String: [Double]]
        switch self {
        case .l1:
            filters = Self.perChannel(tensors, sets, [.weight]) { path, value in
                let sums = value.sumsOverLeadingAxes { Double(abs($0)) }
                let mean = sums.reduce(0, +) / Double(max(sums.count, 1))
                return sums.map { mean > 0 ? $0 / mean : 0 }
            }
        case .batchNormScale:
            filters = Self.perChannel(tensors, sets, [.scale]) { $1.scalars.map { Double(abs($0)) } }
        case .taylor(let gradients):
            require(!gradients.isEmpty, "FilterImportance.taylor: no gradients given")
            return sets.families.map { family in
                family.map { unit in
                    let squares = gradients.map { unit.change(along: $0, tensors, sets) }.map { $0 * $0 }
                    return squares.reduce(0, +) / Double(gradients.count)
                }
            }
        }
        return sets.families.map { family in
            family.map { unit in
                let found = unit.lastPlaces(of: tensors).flatMap { path, places in
                    filters[path].map { filter in places.map { filter[$0] } } ?? []
                }
                return found.isEmpty ? nil : found.reduce(0, +) / Double(found.count)
            }
        }
    }

    private static func perChannel(
        _ tensors: [String: Tensor], _ sets: ChannelSets, _ roles: Set<ChannelSets.Role>,
        _ measure: (String, Tensor) -> [Double]
    ) -> [String: [Double]] {
        var found: [String: [Double]] = [:]
        for (path, role) in sets.roles where roles.contains(role) {
            if let tensor = tensors[path] { found[path] = measure(path, tensor) }
        }
        return found
    }
}

extension ChannelSets.Unit {
    /// The unit's places on the last axes of tensors, in the order of paths, so that sums have one order.
    func lastPlaces(of tensors: [String: Tensor]) -> [(path: String, places: [Int])] {
        let found: [(path: String, places: [Int])] = places.compactMap { axis, places in
            guard case .tensor(let path, let axis) = axis, let tensor = tensors[path], axis == tensor.shape.rank - 1
            else { return nil }
            return (path, places)
        }
        return found.sorted { $0.path < $1.path }
    }

    /// Σ parameter · gradient of what speaks for the unit's filters.
    fileprivate func change(
        along gradients: [String: Tensor], _ tensors: [String: Tensor], _ sets: ChannelSets
    ) -> Double {
        let own = lastPlaces(of: tensors)
        let isNormalized = own.contains { sets.roles[$0.path] == .scale }
        let speakers: Set<ChannelSets.Role> = isNormalized ? [.scale, .shift] : [.weight, .bias]
        var sum = 0.0
        for (path, places) in own {
            guard let role = sets.roles[path], speakers.contains(role), let tensor = tensors[path] else { continue }
            guard let gradient = gradients[path], gradient.shape == tensor.shape else {
                fatalError("FilterImportance.taylor: no gradient of shape \(tensor.shape) for \(path)")
            }
            let channels = tensor.shape[tensor.shape.rank - 1]
            let (values, slopes) = (tensor.scalars, gradient.scalars)
            for place in places {
                for index in stride(from: place, to: values.count, by: channels) {
                    sum += Double(values[index]) * Double(slopes[index])
                }
            }
        }
        return sum
    }
}

extension Tensor {
    /// The sum of a function of the elements, for each place of the last axis.
    fileprivate func sumsOverLeadingAxes(_ function: (Float) -> Double) -> [Double] {
        let channels = shape[shape.rank - 1]
        var sums = [Double](repeating: 0, count: channels)
        for (index, value) in scalars.enumerated() { sums[index % channels] += function(value) }
        return sums
    }
}
