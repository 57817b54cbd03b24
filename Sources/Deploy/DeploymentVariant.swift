/// A form that a model could be shipped in, measured on the test images and on this machine.
public struct DeploymentVariant: Encodable, Sendable {
    /// What was done to the model.
    public let name: String
    /// `FP32` or `INT8`.
    public let type: String
    /// The test images that are classified correctly, and that are classified as the first variant does; in percent.
    public let accuracy, agreement: Double
    /// The size of all that the model computes with.
    public let bytes: Int
    /// For one image.
    public let multiplyAdds: Int
    /// In batches of 250.
    public let imagesPerSecond: Double
    /// For single images, in milliseconds: half and 95 % of the passes take no longer.
    public let medianLatency, latency95: Double
}

extension [DeploymentVariant] {
    /// The Pareto front of accuracy and a cost: the variants that no other one beats in both, by rising cost.
    public func front(_ cost: (DeploymentVariant) -> Double) -> [DeploymentVariant] {
        filter { one in
            !contains { other in
                let (a, b) = (cost(other), cost(one))
                return other.accuracy >= one.accuracy && a <= b && (other.accuracy > one.accuracy || a < b)
            }
        }.sorted { cost($0) < cost($1) }
    }
}
