import Retort

let digits = try Digits.embedded()
let normalization = Normalization.of(digits.train)

var network = ConvNet(width: 4, channels: 1, classes: 10, seed: 1)
let data = TrainingData(
    labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits.scaled(by: 0.5))
_ = try Trainer(TrainingPlan(steps: 150), on: data).fit(&network)

let inputs = digits.validation.batches(of: 100, normalization: normalization).map(\.inputs)
let int8 = try QuantizedModel(network, calibratedOn: inputs)
let report = evaluate(on: digits.test, normalization: normalization) { int8.predict($0) }
guard report.accuracy > 0.4 else { fatalError("a dependent package learns nothing: \(report.accuracy)") }
print("a dependent package trained a network of \(network.parameterCount) parameters: \(report.accuracy)")
