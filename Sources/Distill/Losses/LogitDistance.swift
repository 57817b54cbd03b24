import TensorCore

/// ``ResponseLoss/meanSquaredError``.
struct LogitDistance: ResponseFunction {
    func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> (losses: Tensor, gradient: Tensor) {
        let difference = student - teacher
        let share = 1 / Float(student.shape[1])
        return ((difference * difference).sum(axis: 1) * (0.5 * share), difference * share)
    }

    func temperatureSlopes(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> [Double] {
        temperatures.map { _ in 0 }
    }
}
