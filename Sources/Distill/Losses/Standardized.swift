import TensorCore

/// ``ResponseLoss/standardized(_:)``.
struct Standardized: ResponseFunction {
    let loss: ResponseLoss

    func check() throws { try loss.check() }

    func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> (losses: Tensor, gradient: Tensor) {
        let (own, other) = (StandardizedRows(student), StandardizedRows(teacher))
        let (losses, gradient) = loss.rows(
            student: own.values, teacher: other.values, labels: labels, temperatures: temperatures)
        return (losses, own.gradient(gradient))
    }

    func temperatureSlopes(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> [Double] {
        loss.temperatureSlopes(
            student: StandardizedRows(student).values, teacher: StandardizedRows(teacher).values, labels: labels,
            temperatures: temperatures)
    }
}
