import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Annotations as COCO has them")
struct COCOTests {
    /// Two images and categories whose ids have gaps and descend; members in an order that no reader may rely on.
    private static func text(
        annotations: String, images: String? = nil, points: String = #""left_eye", "right_eye", "nose""#
    ) -> String {
        #"{"info": {"year": 2017, "licence": [null, true, -1.5e3]}, "annotations": [\#(annotations)], "images": ["#
            + (images
                ?? #"{"id": 9, "file_name": "a/x.jpg", "height": 40, "width": 80}, "#
                + #"{"width": 10, "height": 20, "file_name": "b/x.jpg", "id": 4}"#)
            + #"], "categories": [{"id": 90, "name": "person", "keypoints": [\#(points)]}, "#
            + #"{"id": 3, "name": "c\u0061r"}]}"#
    }

    private func file(_ annotations: String) throws -> COCOFile {
        try COCOFile(decoding: Data(Self.text(annotations: annotations).utf8), file: "a.json")
    }

    @Test(
        "Labels are places of categories by id, boxes and points are in pixels of the image as it was resized (by hand)"
    )
    func contents() throws {
        let annotations = try file(
            #"{"id": 1, "image_id": 9, "category_id": 90, "bbox": [8, 4, 16, 8], "segmentation": [[1, 2, 3, 4, 5, 6]],"#
                + #" "keypoints": [10, 6, 2, 20, 8, 1, 0, 0, 0], "num_keypoints": 2, "iscrowd": 0}, "#
                + #"{"id": 2, "image_id": 4, "category_id": 3, "bbox": [0.5, 1, 2, 3]},"#
                + #"{"id": 3, "image_id": 9, "category_id": 3, "bbox": [1, 1, 1, 1], "iscrowd": 1},"#
                + #"{"id": 4, "image_id": 9, "category_id": 3, "bbox": [1, 1, 1, 0.0]}"#)
        #expect(
            annotations.categories.map(\.id) == [3, 90] && annotations.categories.map(\.name) == ["car", "person"])
        #expect(annotations.images.map(\.fileName) == ["a/x.jpg", "b/x.jpg"])
        #expect(annotations.remarks.count == 2 && annotations.remarks[0].hasPrefix("a.json: 1 crowd"))
        #expect(
            try annotations.targets(of: 0)
                == ImageTargets(
                    boxes: [BoundingBox(left: 8, top: 4, right: 24, bottom: 12, label: 1)],
                    keypoints: [
                        Keypoint(x: 10, y: 6, label: 0), Keypoint(x: 20, y: 8, label: 1),
                        Keypoint(x: 0, y: 0, label: 2, isVisible: false),
                    ]))
        let half = try annotations.targets(of: 0, height: 20, width: 20)
        #expect(half.boxes == [BoundingBox(left: 2, top: 2, right: 6, bottom: 6, label: 1)])
        #expect(half.keypoints.map(\.x) == [2.5, 5, 0] && half.keypoints.map(\.y) == [3, 4, 0])
        #expect(try annotations.targets(of: 1).boxes == [BoundingBox(left: 0.5, top: 1, right: 2.5, bottom: 4)])
    }

    @Test("An image is found by its path with or without ending, from deeper and less deep folders, and not by a guess")
    func places() throws {
        let annotations = try file("")
        #expect(try annotations.place(of: "b/x") == 1 && annotations.place(of: "data/a/x.jpg") == 0)
        #expect(try annotations.place(of: "c/x") == nil && annotations.place(of: "a/y") == nil)
        #expect(throws: FormatError.self) { try annotations.place(of: "x") }
    }

    @Test("Left and right are paired by their names; labels of points count on from category to category")
    func swaps() throws {
        let text = Self.text(annotations: "").replacing(
            #""name": "c\u0061r""#, with: #""name": "dog", "keypoints": ["tail", "right_ear", "left_ear"]"#)
        let swaps = try COCOFile(decoding: Data(text.utf8), file: "a.json").swaps
        #expect((0..<7).map { swaps[$0] } == [0, 2, 1, 4, 3, 5, 6])
        #expect(throws: FormatError.self) { try PointSwaps([(1, 2), (2, 3)]) }
        #expect(throws: FormatError.self) { try PointSwaps([(1, 1)]) }
    }

    @Test("An edge beyond the frame by a unit of the last digit is cut to it, and no more")
    func rounded() throws {
        func box(_ numbers: String) throws -> BoundingBox {
            try file(#"{"id": 1, "image_id": 9, "category_id": 3, "bbox": [\#(numbers)]}"#).targets(of: 0).boxes[0]
        }
        #expect(try box("70.25, 0, 9.76, 40").right == 80)
        #expect(throws: FormatError.self) { try box("70.25, 0, 9.77, 40") }
        #expect(throws: FormatError.self) { try box("70, 0, 11, 40") }
    }

    @Test(
        "A fault is told with the annotation's id, what was found and what was expected",
        arguments: [
            (
                #"{"id": 7, "image_id": 5, "category_id": 3, "bbox": [1, 1, 1, 1]}"#,
                "annotation 7: image_id 5 found, the id"
            ),
            (#"{"id": 7, "image_id": 9, "category_id": 4, "bbox": [1, 1, 1, 1]}"#, "annotation 7: category_id 4 found"),
            (#"{"id": 7, "image_id": 9, "category_id": 3, "bbox": [1, 1, 1]}"#, "annotation 7: 3 numbers found, 4"),
            (
                #"{"id": 7, "image_id": 9, "category_id": 3, "bbox": [1, 1, 90, 1]}"#,
                "annotation 7: edges 1, 1, 91, 2 of"
            ),
            (#"{"id": 7, "image_id": 9, "category_id": 3, "bbox": [1, 1, -1, 1]}"#, "annotation 7: edges"),
            (
                #"{"id": 7, "image_id": 9, "category_id": 3, "bbox": [1, NaN, 1, 1]}"#,
                "annotations[0]: 'NaN' found, a number"
            ),
            (#"{"id": 7, "image_id": 9, "category_id": 3}"#, "annotation 7: no 'bbox' found"),
            (#"{"id": 7, "image_id": "9", "category_id": 3}"#, "annotation 7: '\"9\"' found, a number"),
            (#"{"id": 1.5, "image_id": 9, "category_id": 3}"#, "annotations[0]: '1.5' found, a whole number"),
            (
                #"{"id": 7, "image_id": 9, "category_id": 90, "bbox": [1, 1, 1, 1], "keypoints": [1, 1, 2]}"#,
                "annotation 7: keypoints of 3 numbers found, 9, x, y and visibility for each of the 3 points of person"
            ),
            (
                #"{"id": 7, "image_id": 9, "category_id": 90, "bbox": [1,1,1,1], "keypoints": [1,1,2,90,1,2,0,0,0]}"#,
                "annotation 7: right_eye at 90, 1 found, a point inside 80×40 pixels"
            ),
            (
                #"{"id": 7, "image_id": 9, "category_id": 90, "bbox": [1, 1, 1, 1], "keypoints": [1,1,3,9,1,2,1,1,2]}"#,
                "annotation 7: visibility 3 of left_eye found"
            ),
            (#"7"#, "annotations[0]: '7' found, an object"),
            (#"{"id": 7,}"#, "annotations[0]: '' found, text in quotation"),
        ])
    func faults(annotation: String, message: String) {
        let error = #expect(throws: FormatError.self) { try file(annotation) }
        #expect(error.map { "\($0)".hasPrefix("a.json: " + message) } == true, "\(String(describing: error))")
    }

    @Test(
        "What is no JSON, is cut off or something else is told by the file",
        arguments: [
            ("", "at byte 0: the end of the file found"), ("hello", "something else found, an object"),
            ("[]", "something else"),
            ("{}", "no 'images' found"), (#"{"images": [{"id": 1}]}"#, "images[0]: an image without one of them found"),
            (#"{"images": {}}"#, "at byte 11: an object found, an array"),
            (#"{"images": [], "annotations": [], "categories": []} x"#, "at byte 52: 'x' found, the end of the file"),
            (#"{"images": [], "annotations": [{"id": "#, "annotations[0]: the end of the file found, more of it"),
            (#"{"a": "\u00zz"#, "at byte 13: the end of the file"),
            (String(repeating: "[", count: 5), "something else"),
        ])
    func files(text: String, message: String) {
        let error = #expect(throws: FormatError.self) { try COCOFile(decoding: Data(text.utf8), file: "a.json") }
        #expect(error.map { "\($0)".hasPrefix("a.json: " + message) } == true, "\(String(describing: error))")
    }

    @Test("Values that lie in one another without end are refused and exhaust no stack; ids that come twice, too")
    func deep() throws {
        let deep = #"{"info": "# + String(repeating: "[", count: 1_000_000)
        #expect(throws: FormatError.self) { try COCOFile(decoding: Data(deep.utf8), file: "a.json") }
        let image = #"{"id": 1, "file_name": "a", "height": 1, "width": 1}"#
        let twice = Self.text(annotations: "", images: "\(image), \(image)")
        let error = #expect(throws: FormatError.self) { try COCOFile(decoding: Data(twice.utf8), file: "a.json") }
        #expect(error?.place == "images" && error?.found == "id 1 twice")
    }

    private func map(_ segmentation: String, height: Int? = nil, width: Int? = nil) throws -> [UInt8] {
        let image = #"{"id": 9, "file_name": "a.jpg", "height": 3, "width": 4}"#
        let annotation =
            #"{"segmentation": \#(segmentation), "id": 1, "image_id": 9, "category_id": 90, "bbox": [0, 0, 4, 3]}"#
        return try COCOFile(
            decoding: Data(Self.text(annotations: annotation, images: image).utf8), file: "a.json"
        ).labelMap(of: 0, height: height, width: width)
    }

    @Test("Outlines, run lengths and their compressed form label the same pixels (by hand; the last by pycocotools)")
    func segmentations() throws {
        // Columns 1 and 2 of the rows 1 and 2.
        let expected: [UInt8] = [0, 0, 0, 0, 0, 2, 2, 0, 0, 2, 2, 0]
        #expect(try map("[[1, 1, 3, 1, 3, 3, 1, 3]]") == expected)
        #expect(try map("[[1, 1, 2, 1, 2, 3, 1, 3], [2, 1, 3, 1, 3, 3, 2, 3]]") == expected)
        #expect(try map(#"{"counts": [4, 2, 1, 2, 3], "size": [3, 4]}"#) == expected)
        #expect(try map(#"{"size": [3, 4], "counts": "42102"}"#) == expected)
        #expect(try map(#"{"size": [3, 4], "counts": "0<"}"#).allSatisfy { $0 == 2 })
        let large = try map("[[1, 1, 3, 1, 3, 3, 1, 3]]", height: 6, width: 8)
        #expect(large.enumerated().allSatisfy { $1 == expected[$0 / 8 / 2 * 4 + $0 % 8 / 2] })
        #expect(try map(#"{"counts": [4, 2, 1, 2, 3], "size": [3, 4]}"#, height: 6, width: 8) == large)
        // A triangle: centres below the diagonal.
        #expect(try map("[[0, 0, 3, 3, 0, 3]]") == [0, 0, 0, 0, 2, 0, 0, 0, 2, 2, 0, 0])
        #expect(try map("[]").allSatisfy { $0 == 0 })
    }

    @Test("Compressed run lengths are those that pycocotools 2 writes: rectangles of which one has a hole")
    func compressed() throws {
        let counts =
            "l65S10000000_Of0K00\\\\OE;;900000000000000000000000000000000000000000000000000000000000000a0ZO500000d0"
        let text = Self.text(
            annotations: #"{"segmentation": {"size": [40, 50], "counts": "\#(counts)"}, "id": 1, "image_id": 9, "#
                + #""category_id": 90, "bbox": [0, 0, 4, 3]}"#,
            images: #"{"id": 9, "file_name": "a.jpg", "height": 40, "width": 50}"#)
        let map = try COCOFile(decoding: Data(text.utf8), file: "a.json").labelMap(of: 0)
        for (place, label) in map.enumerated() {
            let (row, column) = (place / 50, place % 50)
            let isInside =
                (3..<30).contains(row) && (10..<45).contains(column) && !((10..<12).contains(row) && column == 12)
                || (20..<25).contains(row) && (5..<49).contains(column)
            #expect(label == (isInside ? 2 : 0), "\(row), \(column)")
        }
    }

    @Test(
        "A segmentation that is none is refused with its annotation",
        arguments: [
            ("[[1, 1, 2, 2]]", "an outline of 4 numbers"), (#"{"counts": [4, 2], "size": [3, 4]}"#, "runs of 6 pixels"),
            (#"{"counts": [12], "size": [4, 3]}"#, "a segmentation of size [4, 3]"),
            (#"{"counts": "4P", "size": [3, 4]}"#, "counts '4P'"), (#"{"counts": "~", "size": [3, 4]}"#, "counts '~'"),
            (#"{"counts": [9e18, 9e18], "size": [3, 4]}"#, "runs of"), (#"{"size": [3, 4]}"#, "runs of 0 pixels"),
        ])
    func badSegmentations(text: String, found: String) {
        let error = #expect(throws: FormatError.self) { try map(text) }
        #expect(error?.place == "annotation 1: segmentation", "\(String(describing: error))")
        #expect(error?.found.hasPrefix(found) == true, "\(String(describing: error))")
    }
}
