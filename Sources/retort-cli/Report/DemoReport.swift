import Foundation
import Retort

/// Every figure of a demo: what `report.json` holds and what the page is drawn from.
struct DemoReport: Codable {
    /// One row of the table.
    struct ArmFigures: Codable {
        let name: String
        /// For the INT8 model, the arm that it was made of, for the first seed.
        let from: String?
        /// On the test set, in percent.
        let accuracy: Figure
        /// On validation data, in percent.
        let validation: Figure
        let parameters: Int
        /// Of the file.
        let bytes: Int
        let imagesPerSecond: Double
        /// Test images of the first seed by actual and predicted class.
        let confusion: [[Int]]
        /// The first seed's epochs; empty for the INT8 model, which is not trained.
        let epochs: [EpochFigures]
    }

    /// What a network says of an image.
    struct Reading: Codable {
        let choice: Int
        let probability: Float
    }

    /// An augmented image and how it was read.
    struct Sample: Codable {
        let sampleID: Int
        let label: Int
        let teacher: Reading
        let student: Reading
    }

    let dataset: String
    let classNames: [String]
    let seeds: [UInt64]
    let threads: Int
    let processor: String
    let labels: Int
    let strength: Double
    let studentSteps: Int
    let teacherSteps: Int
    let wallSeconds: Double
    let arms: [ArmFigures]
    /// The policy's operations in their order.
    let operations: [String]
    let contactSheet: [Sample]
}

extension DemoReport.Reading {
    /// The most probable class of each row of logits.
    static func all(_ logits: Tensor) -> [DemoReport.Reading] {
        let probabilities = softmax(logits)
        return probabilities.argmax().enumerated().map { row, choice in
            DemoReport.Reading(choice: choice, probability: probabilities[row, choice])
        }
    }
}

extension DemoReport {
    /// The table that is printed and shown on the page.
    var table: TextTable { TextTable(rows: [Self.tableHeader] + arms.map { $0.cells(seeds: seeds.count) }) }

    static let tableHeader = ["arm", "accuracy", "parameters", "file", "images/s"]
}

extension DemoReport.ArmFigures {
    /// One row of the table.
    func cells(seeds: Int) -> [String] {
        let spread = seeds > 1 ? " ± \(fixed(accuracy.sd, 2))" : ""
        return [
            from.map { "\(name) (of \($0))" } ?? name, "\(fixed(accuracy.mean, 2)) %\(spread)", grouped(parameters),
            bytes.bytesInTables, grouped(Int(imagesPerSecond.rounded())),
        ]
    }
}
