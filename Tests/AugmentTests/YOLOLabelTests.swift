import Augment
import TensorCore
import Testing

@Suite struct YOLOLabelTests {
    @Test("Shares of the sides as pixels (by hand), points in their order, empty lines and other line ends")
    func lines() throws {
        let text = "2 0.5 0.5 0.5 0.25\r\n\n0 0.25 0.5 0.5 1 0.5 0.25 2 1 1 0\n"
        let targets = try ImageTargets(yolo: text, height: 8, width: 16, file: "a.txt")
        #expect(targets.boxes.count == 2 && targets.mask == nil)
        #expect(targets.boxes[0] == BoundingBox(left: 4, top: 3, right: 12, bottom: 5, label: 2))
        #expect(
            targets.keypoints == [
                Keypoint(x: 8, y: 2, label: 0, isVisible: true), Keypoint(x: 16, y: 8, label: 1, isVisible: false),
            ])
    }

    @Test(
        "A fault in a line is refused with the file and the line",
        arguments: ["1 0.5 0.5 0.5", "-1 0.5 0.5 0.5 0.5", "0 0.5 nan 0.5 0.5", "0 0.5 0.5 0.5 0.5 2 0 1", "0 9 9 9 9"])
    func faults(line: String) {
        let error = #expect(throws: FormatError.self) {
            _ = try ImageTargets(yolo: "0 0.5 0.5 0.5 0.5\n\(line)", height: 8, width: 8, file: "a.txt")
        }
        #expect(error?.file == "a.txt" && error?.place == "line 2", "\(String(describing: error))")
    }
}
