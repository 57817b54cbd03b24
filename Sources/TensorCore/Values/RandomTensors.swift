extension Tensor {
    /// Elements from a normal distribution.
    public init(normal shape: Shape, mean: Float = 0, deviation: Float = 1, using random: inout Philox) {
        self.init(uninitialized: shape)
        for index in 0..<count { storage.base[index] = mean + deviation * random.normal() }
    }

    /// Elements from a uniform distribution.
    public init(uniform shape: Shape, in range: ClosedRange<Float>, using random: inout Philox) {
        self.init(uninitialized: shape)
        for index in 0..<count { storage.base[index] = random.uniform(in: range) }
    }
}
