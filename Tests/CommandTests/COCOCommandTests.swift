import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: annotations as COCO has them, and images without classes")
struct COCOCommandTests {
    /// Eight images of 16 × 16 in one folder without classes, with a person of two points and an outline in each but
    /// one, in a file as COCO has it and as YOLO's text files.
    private func prepare(_ folder: URL) throws {
        for place in ["images", "labels"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: place), withIntermediateDirectories: true)
        }
        for number in 0..<8 {
            let pixels: [UInt8] = (0..<256).flatMap { place -> [UInt8] in [UInt8(place % 16 * 16), UInt8(number), 0] }
            try PNGFile.write(
                DecodedImage(pixels: pixels, height: 16, width: 16, channels: 3),
                to: folder.appending(path: "images/\(number).png"))
            try Data("0 0.25 0.5 0.5 0.25 0.25 0.5 2 0.4375 0.5 2\n".utf8).write(
                to: folder.appending(path: "labels/\(number).txt"))
        }
        let images = (0..<8).map { #"{"id": \#(10 * $0), "file_name": "train/\#($0).jpg", "height": 16, "width": 16}"# }
        let things = (1..<8).map {
            #"{"id": \#($0), "image_id": \#(10 * $0), "category_id": 7, "bbox": [0, 6, 8, 4], "iscrowd": 0, "#
                + #""keypoints": [4, 8, 2, 7, 8, 2], "segmentation": [[0, 6, 8, 6, 8, 10, 0, 10]]}"#
        }
        let categories = #"{"id": 7, "name": "person", "keypoints": ["left_hand", "right_hand"]}"#
        try Data(
            #"{"images": [\#(images.joined(separator: ","))], "annotations": [\#(things.joined(separator: ","))], "#
                .utf8 + Data(#""categories": [\#(categories)]}"#.utf8)
        ).write(to: folder.appending(path: "a.json"))
        try Data(#"{"operations": [{"operation": "horizontalFlip"}]}"#.utf8).write(
            to: folder.appending(path: "flip.json"))
    }

    private let line = "augment write --data images --image-size 16 --policy flip.json"

    @Test("A file is read, mirrored and written with hands exchanged, categories as they were; and is read again")
    func coco() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            let outcome = try retort.succeed("\(line) --targets a.json --label-maps --out o")
            #expect(outcome.output == "o: 8 images with 7 boxes\n" && outcome.errors.isEmpty, "\(outcome)")
            let url = folder.appending(path: "o/annotations.json")
            let written = try COCOFile(url)
            #expect(written.images.map(\.fileName) == (0..<8).map { "\($0)-1.png" })
            #expect(written.categories == (try COCOFile(folder.appending(path: "a.json"))).categories)
            #expect(try written.targets(of: 0) == ImageTargets())
            #expect(
                try written.targets(of: 3)
                    == ImageTargets(
                        boxes: [BoundingBox(left: 8, top: 6, right: 16, bottom: 10)],
                        keypoints: [Keypoint(x: 9, y: 8, label: 0), Keypoint(x: 12, y: 8, label: 1)]))
            let map = try PNGFile.read(folder.appending(path: "o/labels/3-1.png")).pixels
            #expect(map.enumerated().allSatisfy { $1 == ($0 % 16 >= 8 && (6..<10).contains($0 / 16) ? 1 : 0) })
            try retort.succeed(
                "augment preview --policy flip.json --data o/images --targets o/annotations.json --out s.png")
            try retort.succeed("\(line) --targets a.json --label-maps --out p --threads 1")
            #expect(try retort.bytes("p/annotations.json") == retort.bytes("o/annotations.json"))
        }
    }

    @Test("Text files beside images without classes; hands exchanged by an option, in COCO's file by their names")
    func yolo() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            let mirrored = "0 0.750000 0.500000 0.500000 0.250000 0.562500 0.500000 2 0.750000 0.500000 2\n"
            try retort.succeed("\(line) --targets labels --swap-points 0:1 --out o")
            try retort.succeed("\(line) --targets a.json --targets-format yolo --out p")
            for place in ["o", "p"] {
                #expect(try retort.bytes("\(place)/labels/3-1.txt") == Data(mirrored.utf8), "\(place)")
            }
            try retort.succeed("\(line) --targets labels --out q")
            #expect(
                try retort.bytes("q/labels/3-1.txt")
                    == Data("0 0.750000 0.500000 0.500000 0.250000 0.750000 0.500000 2 0.562500 0.500000 2\n".utf8))
        }
    }

    @Test("Options without effect, pairs that are none, and a file that knows none of the images are refused")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            try Data(#"{"images": [], "annotations": [], "categories": []}"#.utf8).write(
                to: folder.appending(path: "none.json"))
            try Data("{".utf8).write(to: folder.appending(path: "cut.json"))
            for (options, status, reason) in [
                ("--map-fill 255", 64, "--map-fill: has no effect without --targets"),
                ("--targets labels --map-fill 256", 64, "--map-fill"),
                ("--swap-points 0:1", 64, "--swap-points: has no effect without --targets"),
                ("--targets labels --swap-points 0-1", 64, "--swap-points: '0-1' found, pairs of numbers"),
                ("--targets labels --swap-points 0:1,1:2", 64, "--swap-points: 1:2: 1 a second time found"),
                ("--targets labels --label-maps", 64, "--label-maps: is for --targets that are a file"),
                ("--targets labels --targets-format coco", 64, "--targets-format: coco found, yolo expected"),
                ("--targets-format yolo", 64, "--targets-format: has no effect without --targets"),
                ("--group-by a", 64, "--group-by: has no effect on a folder of images without classes"),
                ("--targets cut.json", 1, "cut.json: at byte 1: the end of the file found"),
                (
                    "--targets none.json", 1,
                    "none.json: nothing for the 8 images found, an image with the file_name 0.jpg"
                ),
            ] as [(String, Int32, String)] {
                let outcome = try retort.fail("\(line) --out o \(options)")
                #expect(outcome.status == status && outcome.errors.contains(reason), "\(options): \(outcome.errors)")
            }
        }
    }
}
