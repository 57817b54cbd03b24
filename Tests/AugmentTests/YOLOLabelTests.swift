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

@Suite struct RoundedLabelTests {
    private static func box(_ line: String) throws -> BoundingBox {
        try ImageTargets(yolo: line, height: 96, width: 96, file: "a.txt").boxes[0]
    }

    @Test("An edge beyond the frame by no more than a unit of the last digit is cut to it")
    func rounded() throws {
        // 0.15 - 0.31 / 2 = -0.005, which two digits cannot tell from 0.
        let top = try Self.box("0 0.17 0.15 0.33 0.31")
        #expect(top.top == 0 && abs(top.left - 0.48) < 1e-9 && abs(top.bottom - 29.28) < 1e-9)
        let right = try Self.box("0 0.9 0.5 0.3 0.5")
        #expect(right.right == 96)
        #expect(try Self.box("0 0.1234565 0.5 0.246914 0.5").left == 0)
        #expect(try Self.box("0 1.5e-1 0.5 3.1E-1 0.50").left == 0)
    }

    @Test(
        "One farther out is refused with the numbers of the file",
        arguments: [
            "0 0.17 0.14 0.33 0.31", "0 0.1700 0.1500 0.3300 0.3100", "0 0.9 0.5 0.5 0.5", "0 0.96 0.5 0.1012 0.5",
            "0 -0.005 0.5 0.01 0.5", "0 0.5 1.01 0.01 0.01",
        ])
    func outside(_ line: String) {
        let error = #expect(throws: FormatError.self) { try Self.box(line) }
        let numbers = line.split(separator: " ").dropFirst().compactMap { Double($0) }.map { "\($0)" }
        #expect(error?.found.contains(numbers.joined(separator: " ")) == true, "\(String(describing: error))")
    }

    @Test("Points, too: a unit of the last digit is cut to the frame, more is refused as it is written")
    func points() throws {
        let targets = try ImageTargets(
            yolo: "0 0.5 0.5 0.5 0.5 -0.01 0.40 2 1.001 0.5 1", height: 10, width: 10, file: "a.txt")
        #expect(targets.keypoints.map(\.x) == [0, 10])
        let other = #expect(throws: FormatError.self) {
            try ImageTargets(yolo: "0 0.5 0.5 0.5 0.5 -0.02 0.40 2\n", height: 10, width: 10, file: "a.txt")
        }
        #expect(other?.found == "a point at -0.02, 0.4")
    }

    @Test("An exponent that no number needs is no stop")
    func exponents() {
        for line in [
            "0 0.5 0.5 0.5 1e-9223372036854775808", "0 0.5 0.5 0.5 1e-9223372036854775809", "0 0x1p-1 0xe.8p-9 0.5 0.5",
        ] {
            _ = try? Self.box(line)
        }
    }
}
