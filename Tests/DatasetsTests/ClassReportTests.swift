import Datasets
import Foundation
import Testing

@Suite struct ClassReportTests {
    @Test("A thousand classes and ten images take a few numbers for each class and image, not one for each pair")
    func manyClasses() throws {
        let readings = (0..<10).map { ClassReport.Reading(actual: $0 * 7, predicted: $0 * 70, count: 1) }
        let report = ClassReport(
            epoch: 3, loss: 2, classes: 1000, readings: readings, classLosses: [Double](repeating: 0, count: 1000))
        let text = try JSONEncoder().encode(report)
        #expect(text.count < 4000)
        #expect(try JSONDecoder().decode(ClassReport.self, from: text) == report)
        #expect(report.accuracy == 0.1 && report.classAccuracies[7] == 0 && report.classAccuracies[1] == nil)
        #expect(report.confusion[7][70] == 1 && report.confusion.joined().reduce(0, +) == 10)
    }

    @Test("A matrix and the pairs that occur in it give the same report, whatever their order")
    func bothForms() {
        let dense = ClassReport(
            epoch: 0, loss: 1, confusion: [[3, 1, 0], [0, 0, 0], [2, 0, 2]], classLosses: [1, 0, 2])
        let pairs = [(2, 2, 2), (0, 1, 1), (2, 0, 2), (0, 0, 3)]
        let sparse = ClassReport(
            epoch: 0, loss: 1, classes: 3,
            readings: pairs.map { .init(actual: $0.0, predicted: $0.1, count: $0.2) }, classLosses: [1, 0, 2])
        #expect(dense == sparse && sparse.confusion == [[3, 1, 0], [0, 0, 0], [2, 0, 2]])
        #expect(sparse.classCounts == [4, 0, 4] && sparse.classCorrect == [3, 0, 2] && sparse.accuracy == 0.625)
    }

    @Test(
        "A stored report with counts, classes or losses that none can have is an error",
        arguments: [
            #""classes":2,"classLosses":[0],"readings":[]"#, #""classes":-1,"classLosses":[],"readings":[]"#,
            #""classes":2,"classLosses":[0,0],"readings":[0,0]"#,
            #""classes":2,"classLosses":[0,0],"readings":[0,2,1]"#,
            #""classes":2,"classLosses":[0,0],"readings":[-1,0,1]"#,
            #""classes":2,"classLosses":[0,0],"readings":[0,0,0]"#,
            #""classes":2,"classLosses":[0,0],"readings":[0,0,9223372036854775807]"#,
            #""classes":2,"classLosses":[0,0],"readings":[1,0,1,0,0,1]"#,
            #""classes":2,"classLosses":[0,0],"readings":[0,0,1,0,0,1]"#,
        ])
    func impossible(_ fields: String) {
        let text = Data("{\"epoch\":0,\"loss\":0,\(fields)}".utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(ClassReport.self, from: text) }
    }
}
