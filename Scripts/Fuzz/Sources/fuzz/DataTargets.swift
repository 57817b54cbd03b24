import Foundation
import Retort

/// Tar archives with the checksums of their descriptions made right: opened as shards, and their images read.
struct TarTarget: FuzzTarget {
    let name = "tar"

    private static let size = ImageSize(height: 2, width: 2, channels: 1)

    func seeds() throws -> [Data] {
        let image = DecodedImage(pixels: [0, 80, 160, 240], height: 2, width: 2, channels: 1)
        let png = try PNGFile.encoded(image)
        let end = Data(count: 1024)
        let samples = (0..<6).reduce(Data()) { tar, number in
            tar + Self.member("\(number).png", png) + Self.member("\(number).cls", Data([48 + UInt8(number % 2)]))
        }
        let path = Data("21 path=folder/6.png\n".utf8)
        return [
            samples + end,
            samples + Self.member("x", path, type: "x") + Self.member("6", png)
                + Self.member("folder/6.cls", Data([48])) + end,
            samples + Self.member("././@LongLink", Data("long/6.png\0".utf8), type: "L") + Self.member("6", png)
                + Self.member("long/6.cls", Data([48])) + end,
        ]
    }

    func read(_ input: Data) throws {
        try Seal.tar(input).write(to: scratch)
        let data = try DividedData(folder: scratch, size: Self.size, skippingBad: true, memory: 0)
        _ = try data.train.images(at: Array(0..<data.train.count)[...])
    }

    /// A file's description, of which the checksum is made right later, and its content in whole blocks.
    private static func member(_ name: String, _ content: Data, type: Character = "0") -> Data {
        var header = Data(name.utf8) + Data(count: 100 - name.utf8.count)
        header += Data("0000644\00000000\00000000\0".utf8)
        let digits = String(content.count, radix: 8)
        header += Data((String(repeating: "0", count: 11 - digits.count) + digits + "\000000000000\0").utf8)
        header += Data("        ".utf8) + Data([type.asciiValue ?? 48]) + Data(count: 100) + Data("ustar\000".utf8)
        return Seal.tar(header + Data(count: 512 - header.count)) + content
            + Data(count: (512 - content.count % 512) % 512)
    }
}

/// A table of files and classes, none of which are there.
struct TableTarget: FuzzTarget {
    let name = "table"

    func seeds() -> [Data] {
        ["a.png,x\nb c.png,y\n", "label,file\r\n\"x, \"\"y\"\"\",./a.png\r\nz,\"b c.png\"\r\n"].map { Data($0.utf8) }
    }

    func read(_ input: Data) throws {
        try input.write(to: scratch)
        let size = ImageSize(height: 2, width: 2, channels: 1)
        _ = try DividedData(folder: scratch, size: size, skippingBad: true, memory: 0)
    }
}

/// Annotations as COCO has them: checked when they are opened, and read image by image, with a label map of each.
struct COCOTarget: FuzzTarget {
    let name = "coco"

    func seeds() -> [Data] {
        [
            #"""
            {"images": [{"id": 7, "file_name": "a/b.jpg", "height": 24, "width": 32}],
             "categories": [{"id": 3, "name": "x", "keypoints": ["left_eye", "right_eye"]}, {"id": 9, "name": "y"}],
             "annotations": [
              {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2.5, 8, 9.25], "iscrowd": 0,
               "keypoints": [2, 3, 2, 0, 0, 0], "segmentation": [[1, 2, 9, 2, 9, 11]]},
              {"id": 2, "image_id": 7, "category_id": 9, "bbox": [0, 0, 32, 24], "iscrowd": 1,
               "segmentation": {"size": [24, 32], "counts": [10, 20, 738]}},
              {"id": 3, "image_id": 7, "category_id": 9, "bbox": [4, 4, 2, 2],
               "segmentation": {"size": [24, 32], "counts": "d05n0"}}]}
            """#,
            #"{"annotations":[],"info":{"\u00e9":[1e3,-0.5,null,true]},"categories":[],"images":[]}"#,
        ].map { Data($0.utf8) }
    }

    func read(_ input: Data) throws {
        let file = try COCOFile(decoding: input, file: "input")
        for (place, image) in file.images.enumerated().prefix(20) {
            _ = try file.place(of: image.fileName)
            _ = try file.targets(of: place, height: 24, width: 32)
            _ = try file.labelMap(of: place, height: 24, width: 32)
        }
    }
}
