import Autograd
import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct EvaluationTests {
    // Five 1×1 images with pixels 0, 51, 102, 153, 204 = 0, 0.2, … 0.8 after division; logits are [x, 0.5 − x, 0] · 10.
    private let images = ImageSet(
        pixels: [0, 51, 102, 153, 204], height: 1, width: 1, channels: 1, labels: [1, 1, 0, 0, nil],
        classNames: ["a", "b", "c"])
    private let plain = Normalization(mean: [0], deviation: [1])

    private func report(batchSize: Int) -> ClassReport {
        evaluate(on: images, normalization: plain, epoch: 4, batchSize: batchSize) { inputs in
            Tensor(inputs.scalars.flatMap { [10 * $0, 5 - 10 * $0, 0] }, shape: [inputs.shape[0], 3])
        }
    }

    // Choices: [0, 5, 0] → b, [2, 3, 0] → b, [4, 1, 0] → a, [6, −1, 0] → a. All right but what we relabel below.
    @Test("A report against a count by hand; an image without a label does not count; batches do not matter")
    func byHand() {
        let report = report(batchSize: 250)
        #expect(report.confusion == [[2, 0, 0], [0, 2, 0], [0, 0, 0]])
        #expect(report.accuracy == 1 && report.classAccuracies == [1, 1, nil] && report.epoch == 4)
        // −log softmax: log(1 + e^−5 + e^−5) for the first, and so on; in Double with a pocket calculator's formula.
        let logits: [[Double]] = [[5, 0, 0], [3, 2, 0], [4, 1, 0], [6, -1, 0]]
        let losses = logits.map { row in log(row.reduce(0) { $0 + exp($1 - row[0]) }) }
        #expect(abs(report.loss - losses.reduce(0, +) / 4) < 1e-6)
        #expect(abs(report.classLosses[1] - (losses[0] + losses[1]) / 2) < 1e-6)
        #expect(abs(report.classLosses[0] - (losses[2] + losses[3]) / 2) < 1e-6)
        #expect(report.classLosses[2] == 0)
        for size in [1, 2, 4, 5] { #expect(self.report(batchSize: size) == report) }
    }

    // Choices are b, b, a, a, as above; the fifth image has no label.
    @Test("Agreement is the share of labelled images on which both chose alike, whatever the batches")
    func agreement() {
        for size in [1, 2, 4, 5] {
            let report = evaluate(on: images, normalization: plain, batchSize: size, comparedTo: [1, 2, 0, 0, 0]) {
                Tensor($0.scalars.flatMap { [10 * $0, 5 - 10 * $0, 0] }, shape: [$0.shape[0], 3])
            }
            #expect(report.agreement == 0.75)
        }
        #expect(report(batchSize: 2).agreement == nil)
    }

    @Test("Mistakes stand at [actual][predicted]")
    func mistakes() {
        let relabelled = ImageSet(
            pixels: images.pixels, height: 1, width: 1, channels: 1, labels: [2, 1, 1, 0, 2],
            classNames: images.classNames)
        let report = evaluate(on: relabelled, normalization: plain) { inputs in
            Tensor(inputs.scalars.flatMap { [10 * $0, 5 - 10 * $0, 0] }, shape: [inputs.shape[0], 3])
        }
        #expect(report.confusion == [[1, 0, 0], [1, 1, 0], [1, 1, 0]])
        #expect(report.accuracy == 0.4)
    }

    @Test("Labels of a batch: rows without one have no say, mixed targets count as they are, smoothing as by hand")
    func crossEntropy() {
        let logits: [Float] = [1, 2, 0, 3, 0, 0]
        let tape = Tape(mode: .training)
        func loss(_ batch: Batch, _ smoothing: Float = 0) -> Double {
            Double(
                tape.constant(Tensor(logits, shape: [2, 3])).crossEntropy(batch, labelSmoothing: smoothing).value.scalar
            )
        }
        func logSoftmax(_ row: Int, _ column: Int) -> Double {
            let row = logits[3 * row..<3 * row + 3].map(Double.init)
            return row[column] - log(row.reduce(0) { $0 + exp($1) })
        }
        let inputs = Tensor.zeros([2, 1, 1, 1])
        let hard = Batch(inputs: inputs, sampleIDs: [0, 1], labels: [1, nil])
        #expect(abs(loss(hard) + logSoftmax(0, 1)) < 1e-6)
        #expect(loss(Batch(inputs: inputs, sampleIDs: [0, 1], labels: [nil, nil])) == 0)
        let targets = Tensor([0.7, 0.3, 0, 0, 0, 0], shape: [2, 3])
        let mixed = Batch(inputs: inputs, sampleIDs: [0, 1], labels: [0, nil], targets: targets)
        #expect(abs(loss(mixed) + 0.7 * logSoftmax(0, 0) + 0.3 * logSoftmax(0, 1)) < 1e-6)
        let even = (logSoftmax(0, 0) + logSoftmax(0, 1) + logSoftmax(0, 2)) / 3
        #expect(abs(loss(hard, 0.3) + 0.7 * logSoftmax(0, 1) + 0.3 * even) < 1e-6)
        let smoothed = 0.7 * (0.7 * logSoftmax(0, 0) + 0.3 * logSoftmax(0, 1)) + 0.3 * even
        #expect(abs(loss(mixed, 0.3) + smoothed) < 1e-6)
    }
}
