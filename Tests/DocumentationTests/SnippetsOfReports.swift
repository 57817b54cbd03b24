// Snippets of the pages of Reports, Deploy and Methods, so that they are compiled. Nothing here is run.
import Foundation
import Retort

private func page(_ history: History, _ url: URL) throws {
    let chart = LineChart(
        title: "Accuracy", unit: "percent",
        series: [.init(name: "student", colour: 0, values: history.epochs.map { 100 * $0.accuracy })])
    let page = ReportPage(title: "A run", body: "<h1>A run</h1>" + chart.html)
    try AtomicFile.write(Data(page.html.utf8), to: url)
}

private func stored(_ url: URL, _ inputs: Tensor, _ test: ImageSet) throws {
    let stored = try StoredModel(url)
    print(stored.imageSize, stored.description.classNames)
    let logits = stored.predict(inputs)
    print(stored.evaluated(on: test).accuracy)
    print(logits.shape)
}

private func variants(_ stored: StoredModel, _ train: ImageSet, _ test: ImageSet) throws {
    var meter = DeploymentMeter(test, normalization: stored.description.normalization)
    let network = try stored.trained()
    let inputs = train.calibrationInputs(500, normalization: stored.description.normalization)
    let int8 = try QuantizedModel(network, calibratedOn: inputs)
    let variants = [try meter.measure("as trained", network), try meter.measure("rounded", int8, of: network)]
    for variant in variants.front({ $0.medianLatency }) { print(variant.name, variant.accuracy, variant.medianLatency) }
}

private func student(_ teacher: any Module) throws -> History {
    let data = try PartlyLabelledData(DividedData(Digits.embedded()), labels: 100, seed: 1)
    var student = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
    let training = StudentTraining(
        [.augmentation, .distillation, .closedLoop], on: data.labelled, of: data, policy: .digits, teacher: teacher,
        seed: 1)
    let history = try training.fit(&student, plan: .experiment(steps: 800, seed: 1), progress: nil)
    return history
}
