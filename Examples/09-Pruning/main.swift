// Pruning: half of a distilled student's arithmetic is cut out, filter by filter, the teacher repairs what is left, and the
// smaller network is quantised as any other.
//
// Prints a table of accuracy on test images, multiply-adds for an image, bytes of the tensors and speed, like
//     student                    93.2 %   4629056 multiply-adds   67944 bytes    43761 images/s
//     student, INT8              93.2 %   4629056 multiply-adds   18539 bytes    72507 images/s
//     pruned                     15.7 %   2088816 multiply-adds   29960 bytes    60516 images/s
//     repaired under the teacher 92.6 %   2088816 multiply-adds   29960 bytes    60415 images/s
//     repaired, INT8             92.6 %   2088816 multiply-adds    8907 bytes   104408 images/s

import Foundation
import Retort

let digits = try Digits.embedded()
let normalization = Normalization.of(digits.train)
let inputShape: Shape = [digits.train.height, digits.train.width, 1]
let views = TrainingData(labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits)
func plan(_ steps: Int, rate: Float = 0.2, seed: UInt64) -> TrainingPlan {
    TrainingPlan(
        steps: steps, stepsPerEpoch: steps, learningRate: .warmUp(0.05, then: .cosine(from: rate, to: 0)), seed: seed)
}

/// Images a second of the best of 30 runs.
func speed(_ predict: (Tensor) -> Tensor) -> Int {
    let images = digits.test.batches(of: 250, normalization: normalization).first { _ in true }?.inputs ?? .zeros([0])
    let times = (0..<30).map { _ in ContinuousClock().measure { _ = predict(images) } }
    return Int(Double(images.shape[0]) / ((times.min() ?? .seconds(1)) / .seconds(1)))
}

func show(_ name: String, _ multiplyAdds: Int, _ bytes: Int, _ predict: (Tensor) -> Tensor) {
    let accuracy = evaluate(on: digits.test, normalization: normalization, predict: predict).accuracy * 100
    print(
        name.padding(toLength: 26, withPad: " ", startingAt: 0)
            + String(
                format: "%5.1f %%  %8d multiply-adds  %6d bytes  %7d images/s", accuracy, multiplyAdds, bytes,
                speed(predict)))
}

func show(_ name: String, _ network: ConvNet) throws {
    let graph = try NetworkGraph(tracing: network, inputShape: inputShape)
    let inference = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
    let bytes = 4 * network.tensors.values.reduce(0) { $0 + $1.count }
    show(name, graph.multiplyAdds, bytes) { inference($0) }
}

func showQuantized(_ name: String, _ network: ConvNet) throws {
    let calibration = digits.train.subset(Array(0..<300)).batches(of: 100, normalization: normalization).map(\.inputs)
    let int8 = try QuantizedModel(network, calibratedOn: calibration)
    let multiplyAdds = try NetworkGraph(tracing: network, inputShape: inputShape).multiplyAdds
    show(name, multiplyAdds, int8.byteCount) { int8.predict($0) }
}

var teacher = ConvNet(width: 24, channels: 1, classes: 10, seed: 1)
_ = try Trainer(plan(200, seed: 1), on: views).fit(&teacher)
var student = ConvNet(width: 16, channels: 1, classes: 10, seed: 7)
_ = try Distiller(teacher: teacher).fit(&student, on: views, plan: plan(250, seed: 2))
try show("student", student)
try showQuantized("student, INT8", student)

// Kernels compute 8 channels at once, so layers keep a multiple of 8.
var small = try student.pruned(to: .multiplyAdds(0.5), inputShape: inputShape, channelMultiple: 8)
try show("pruned", small)
_ = try Distiller(teacher: teacher).fit(&small, on: views, plan: plan(200, rate: 0.1, seed: 3))
try show("repaired under the teacher", small)
try showQuantized("repaired, INT8", small)
