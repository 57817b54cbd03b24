import Autograd
import TensorCore

extension OperatorTable {
    /// Normalisations.
    static let normalizations: [String: Evaluate] = [
        "BatchNormalization": { [try $0.batchNormalization()] },
        "InstanceNormalization": { [try $0.groupNormalization(channelsInGroup: 1, isForEachChannel: true)] },
        "GroupNormalization": { call in
            let channels = try call.input(0).shape.extents.dropFirst().first ?? 0
            guard let groups = try call.int("num_groups"), groups > 0, channels % groups == 0 else {
                throw OperationError(found: "num_groups that do not divide \(channels)", expected: "a divisor")
            }
            return [
                try call.groupNormalization(
                    channelsInGroup: channels / groups, isForEachChannel: call.version >= 21)
            ]
        },
        "LayerNormalization": { try $0.layerNormalization() },
        "MeanVarianceNormalization": { call in
            let axes = try call.axes(call.ints("axes") ?? [0, 2, 3], of: call.input(0).shape.rank)
            return [try call.normalized(call.input(0), axes: axes, epsilon: 1e-9)]
        },
        "LpNormalization": { call in
            let x = try call.input(0)
            let axis = x.order[try call.axis(call.int("axis", otherwise: -1), of: x.shape.rank)]
            let isSquare = try call.int("p", otherwise: 2) == 2
            let powers =
                try isSquare ? call.binary(x, x, MultiplyOperation()) { $0 &* $1 } : call.map(x, AbsOperation())
            let sum = try call.apply(
                SumOperation(axes: [axis], keepsAxes: true), [powers.content], type: x.type, order: x.order)
            let norm = try isSquare ? call.map(sum, SqrtOperation()) : sum
            return [try call.binary(x, norm, DivideOperation()) { left, _ in left }]
        },
    ]
}

extension NodeCall {
    fileprivate func batchNormalization() throws -> GraphValue {
        guard try !flag("training_mode"), try flag("spatial", otherwise: true) else {
            throw OperationError(
                found: "BatchNormalization that trains, or one for each pixel", expected: "one of inference")
        }
        let x = try input(0)
        let rank = x.shape.rank
        guard rank >= 2 else { throw OperationError(found: "an input of \(x.shape)", expected: "[N, C, ...]") }
        // Channels last.
        let order = [0, rank - 1] + Array(1..<rank - 1)
        let statistics = try (1...4).map { try inOrder(input($0)).content }
        return try apply(
            BatchNormOperation(epsilon: float("epsilon", otherwise: 1e-5)), [arranged(x, order).content] + statistics,
            type: x.type, order: order)
    }

    /// (x − mean) / √(variance + ε) over some axes.
    func normalized(_ x: GraphValue, axes: [Int], epsilon: Float) throws -> GraphValue {
        try statistics(of: x, axes: axes, epsilon: epsilon).normalized
    }

    /// The mean over some axes, √(variance + ε), and (x − mean) / √(variance + ε).
    private func statistics(
        of x: GraphValue, axes: [Int], epsilon: Float
    ) throws -> (mean: GraphValue, deviation: GraphValue, normalized: GraphValue) {
        let mean = try mean(x, axes: axes)
        let centred = try binary(x, mean, SubtractOperation()) { left, _ in left }
        let variance = try self.mean(binary(centred, centred, MultiplyOperation()) { left, _ in left }, axes: axes)
        let deviation = try map(map(variance, OffsetOperation(term: epsilon)), SqrtOperation())
        return (mean, deviation, try binary(centred, deviation, DivideOperation()) { left, _ in left })
    }

    private func mean(_ x: GraphValue, axes: [Int]) throws -> GraphValue {
        try apply(
            MeanOperation(axes: axes.map { x.order[$0] }, keepsAxes: true), [x.content], type: x.type, order: x.order)
    }

    /// Groups of channels of each image by themselves.
    ///
    /// - Parameter isForEachChannel: whether scale and shift have a number for each channel, not for each group.
    fileprivate func groupNormalization(channelsInGroup: Int, isForEachChannel: Bool) throws -> GraphValue {
        let x = try input(0)
        let rank = x.shape.rank
        guard rank >= 3 else { throw OperationError(found: "an input of \(x.shape)", expected: "[N, C, ...]") }
        let order = [0, rank - 1] + Array(1..<rank - 1)
        let factors = try (1...2).map { place -> GraphValue.Content in
            let factor = try inOrder(input(place))
            guard !isForEachChannel else { return factor.content }
            let places = (0..<x.shape[1]).map { $0 / channelsInGroup }
            guard factor.shape.rank == 1 else {
                throw OperationError(found: "a factor of \(factor.shape)", expected: "one for each group")
            }
            return try gathered(factor, places, axis: 0).content
        }
        return try apply(
            GroupNormOperation(channelsInGroup: channelsInGroup, epsilon: float("epsilon", otherwise: 1e-5)),
            [arranged(x, order).content] + factors, type: x.type, order: order)
    }

    fileprivate func layerNormalization() throws -> [GraphValue] {
        let x = try input(0)
        let first = try axis(int("axis", otherwise: -1), of: x.shape.rank)
        let axes = Array(first..<x.shape.rank)
        let epsilon = try float("epsilon", otherwise: 1e-5)
        guard first > 0, outputCount == 1 else {
            // With the statistics as results, or over all images together: no layer of a network.
            let (mean, deviation, normalized) = try statistics(of: x, axes: axes, epsilon: epsilon)
            let product = try binary(normalized, input(1), MultiplyOperation()) { left, _ in left }
            let result = try optionalInput(2).map { try binary(product, $0, AddOperation()) { left, _ in left } }
            return [result ?? product, mean, try map(deviation, PowOperation(exponent: -1))]
        }
        let scale = try inOrder(input(1))
        let shift = try optionalInput(2).map { [try inOrder($0).content] } ?? []
        return [
            try apply(LayerNormOperation(epsilon: epsilon), [inOrder(x).content, scale.content] + shift, type: x.type)
        ]
    }
}
