import Autograd
import Foundation
import Layers
import TensorCore

/// Several networks that teach as one.
///
///     let distiller = Distiller(teacher: Ensemble([first, second, third], averaging: .probabilities))
///
/// A ``Distiller`` asks each member for its logits, and joins them at the temperature of the step and with the images'
/// labels. Used like any network, to evaluate it for instance, an ensemble joins at T = 1 and without labels. Its
/// members are trained one by one, so a pass in training mode stops the program.
public struct Ensemble: Module {
    /// How the outputs of K members become one. In the formulas zₖ are a member's logits of an image, and qₖ =
    /// softmax(zₖ / T).
    public enum Averaging: String, Hashable, Sendable, Codable {
        /// The mean of zₖ, which makes q the normalised geometric mean of qₖ (Hinton, Vinyals and Dean, arXiv
        /// 1503.02531, name both this and the next). A class that one member rules out is as good as ruled out.
        case logits

        /// q is the mean of qₖ. A class that one member deems possible stays possible.
        case probabilities

        /// q = Σ wₖ qₖ with wₖ = (1 − exp(hₖ) / Σⱼ exp(hⱼ)) / (K − 1), image by image, where hₖ is the entropy of
        /// softmax(zₖ), in nats: who is unsure has less to say. Needs no labels.
        case entropy

        /// As ``entropy``, with the cross-entropy of softmax(zₖ) with the label for hₖ: who is wrong has less to say
        /// (CA-MKD, Zhang, Chen and Wang, arXiv 2201.00007). An image without a label is weighed by the entropy; mixed
        /// labels count by their shares.
        case crossEntropy

        /// All by the names of options.
        public static let named: [(name: String, value: Averaging)] = [
            ("logits", .logits), ("probabilities", .probabilities), ("entropy", .entropy),
            ("cross-entropy", .crossEntropy),
        ]
    }

    /// The networks, one or more of the same classes.
    public var members: [any Module]
    /// How their outputs become one.
    public var averaging: Averaging

    /// Puts networks together.
    public init(_ members: [any Module], averaging: Averaging = .probabilities) {
        require(!members.isEmpty, "Ensemble: no members, 1 or more expected")
        self.members = members
        self.averaging = averaging
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        require(
            input.tape.mode == .evaluation,
            "Ensemble: a pass in training mode, evaluation expected; members are trained one by one")
        return input.tape.constant(joined(members.map { $0(input).value }, temperature: 1))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        for index in members.indices { visitor("members.\(index)", &members[index]) }
    }

    /// The members' logits as one.
    ///
    /// All but ``Averaging/logits`` give T · log q, of which softmax(· / T) is q; and as a row of logits means the same
    /// with any number added, each is moved to the mean that the weighted logits have. So members that agree give their
    /// logits back, which losses that compare logits themselves see.
    ///
    /// - Parameters:
    ///   - logits: of each member for the same images, [N, classes].
    ///   - labels: classes of the images; nil, or nil for an image, where they are unknown.
    ///   - targets: class probabilities [N, classes] in their place, where labels were mixed.
    ///   - temperature: T, above 0.
    /// - Returns: logits [N, classes]; those of a single member as they are.
    func joined(
        _ logits: [Tensor], labels: [Int?]? = nil, targets: Tensor? = nil, temperature: Float
    ) -> Tensor {
        for other in logits.dropFirst() {
            require(
                other.shape == logits[0].shape,
                "Ensemble: members with logits of \(logits[0].shape) and \(other.shape), the same expected")
        }
        guard logits.count > 1 else { return logits[0] }
        if averaging == .logits { return logits.dropFirst().reduce(logits[0], +) * (1 / Float(logits.count)) }
        let rows = logits.map(\.rowsInDouble)
        let soft = logits.map { SoftRow.rows(of: $0, at: temperature) }
        let plain = averaging == .probabilities ? nil : logits.map { SoftRow.rows(of: $0, at: 1) }
        let targets = targets?.rowsInDouble
        var result: [Float] = []
        result.reserveCapacity(logits[0].count)
        for row in 0..<logits[0].shape[0] {
            let weights =
                plain.map { self.weights($0.map { $0[row] }, label: labels?[row], target: targets?[row]) }
                ?? [Double](repeating: 1 / Double(logits.count), count: logits.count)
            let mixed = SoftRow.mixture(of: soft.map { $0[row] }, weights).map { $0 * Double(temperature) }
            let mean = zip(weights, rows).reduce(0) { $0 + $1.0 * $1.1[row].mean }
            let shift = mean - mixed.mean
            for value in mixed { result.append(Float(value + shift)) }
        }
        return Tensor(result, shape: logits[0].shape)
    }

    /// wₖ of an image, from each member's reading of it at T = 1.
    private func weights(_ readings: [SoftRow], label: Int?, target: [Double]?) -> [Double] {
        let doubts = readings.map { reading in
            guard averaging == .crossEntropy, let label else {
                return reading.crossEntropy(with: reading.probabilities)
            }
            return target.map(reading.crossEntropy) ?? -reading.logarithms[label]
        }
        return SoftRow(doubts).probabilities.map { (1 - $0) / Double(readings.count - 1) }
    }
}

extension SoftRow {
    /// −Σ target · log p.
    fileprivate func crossEntropy(with target: [Double]) -> Double {
        zip(target, logarithms).reduce(0) { $0 - $1.0 * $1.1 }
    }

    /// log Σ w · p over several rows, class by class; finite, as the largest is taken out.
    fileprivate static func mixture(of rows: [SoftRow], _ weights: [Double]) -> [Double] {
        let taking = zip(rows, weights).filter { $0.1 > 0 }
        return rows[0].logarithms.indices.map { k in
            let largest = taking.reduce(-Double.infinity) { max($0, $1.0.logarithms[k]) }
            return largest + log(taking.reduce(0) { $0 + $1.1 * exp($1.0.logarithms[k] - largest) })
        }
    }
}

extension [Double] {
    fileprivate var mean: Double { reduce(0, +) / Double(count) }
}
