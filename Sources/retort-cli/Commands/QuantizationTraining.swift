import ArgumentParser
import Foundation
import Retort

/// How `quantize` trains a network with the rounding of its INT8 form in place.
struct QuantizationTraining: ParsableArguments, WholeNumberOptions {
    @Option(
        help: ArgumentHelp(
            "Steps of training with the rounding of INT8 in place, under a teacher; 0 for none.", valueName: "STEPS"))
    var qat = 0

    @OptionGroup var teaching: TeachingOptions

    func validate() throws {
        if qat == 0, let teacher = teaching.teacher {
            throw ValidationError(
                "--teacher: \(teacher) teaches in steps of training alone; add --qat STEPS, or leave it out")
        }
    }

    static let wholeNumbers = ["qat": WholeNumber.Range(0...100_000_000)]

    /// Trains a network's INT8 form.
    ///
    /// - Parameters:
    ///   - network: where it starts; weights that are 0 stay 0.
    ///   - stored: the model that the network is of, which teaches where no other does.
    ///   - calibration: inputs that steps and zero points start from.
    func quantized(
        _ network: some Module, of stored: StoredModel, on data: DividedData, calibratedOn calibration: [Tensor],
        observer: Observer, seed: UInt64
    ) throws -> QuantizedModel {
        let mask = PruningMask(ofZerosIn: network)
        var aware = try QuantizationAwareNetwork(
            network, calibratedOn: calibration, observer: observer, batchNormPasses: qat * 9 / 10)
        try teaching.train(
            &aware, title: "INT8", steps: qat, rate: 0.003, of: stored, on: data, seed: seed,
            afterStep: { aware, _ in mask.apply(to: &aware) })
        return try aware.quantized()
    }
}
