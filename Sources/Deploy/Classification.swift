import Datasets
import TensorCore

/// A class that a model takes an image for.
public struct Classification: Hashable, Sendable, Codable {
    /// The name of the class.
    public let name: String
    /// The model's probability of the class, 0 to 1.
    public let probability: Float
}

extension StoredModel {
    /// The most probable classes of images that have the model's size.
    ///
    /// - Parameters:
    ///   - images: labels are not looked at.
    ///   - count: how many classes of each image.
    /// - Returns: for each image, the most probable class first; of equal ones the class that comes first.
    public func classified(_ images: ImageSet, top count: Int = 3) -> [[Classification]] {
        let names = description.classNames
        return images.batches(of: 100, normalization: description.normalization).flatMap { batch in
            let probabilities = softmax(predict(batch.inputs)).scalars
            return (0..<batch.count).map { number in
                let row = Array(probabilities[number * names.count..<(number + 1) * names.count])
                let order = row.indices.sorted { (row[$1], $0) < (row[$0], $1) }
                return order.prefix(count).map { Classification(name: names[$0], probability: row[$0]) }
            }
        }
    }
}
