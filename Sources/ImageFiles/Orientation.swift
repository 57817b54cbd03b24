/// The turn that a camera noted: tag 0x0112 of Exif data (CIPA DC-008, section 4.6.4), which are a TIFF file in small.
enum Orientation {
    /// The value of a JPEG file, 1 ... 8; 1 (upright) where there is none or none that can be read.
    ///
    /// Exif data are in the segment APP1 among those before the first scan (ITU-T T.81, annex B).
    static func ofJPEG(_ file: [UInt8]) -> Int {
        var position = 2
        while position + 4 <= file.count, file[position] == 0xFF {
            let marker = file[position + 1]
            if marker == 0xFF {  // a fill byte
                position += 1
                continue
            }
            if marker == 0xDA || marker == 0xD9 { break }
            let length = Int(file[position + 2]) << 8 | Int(file[position + 3])
            let end = position + 2 + length
            guard length >= 2, end <= file.count else { break }
            let content = file[position + 4..<end]
            if marker == 0xE1, content.starts(with: Array("Exif\0\0".utf8)) {
                return ofTIFF(Array(content.dropFirst(6)))
            }
            position = end
        }
        return 1
    }

    /// The value of a TIFF header and its first directory, 1 ... 8.
    static func ofTIFF(_ bytes: [UInt8]) -> Int {
        let isLittle: Bool
        switch bytes.prefix(2) {
        case [0x49, 0x49]: isLittle = true
        case [0x4D, 0x4D]: isLittle = false
        default: return 1
        }
        func number(at place: Int, bytes count: Int) -> Int? {
            guard place >= 0, place + count <= bytes.count else { return nil }
            let digits = bytes[place..<place + count]
            return (isLittle ? digits.reversed() : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
            let count = number(at: directory, bytes: 2)
        else { return 1 }
        for entry in 0..<count {
            let place = directory + 2 + 12 * entry
            guard let tag = number(at: place, bytes: 2), let value = number(at: place + 8, bytes: 2) else { return 1 }
            // Type 3, a 16-bit number, of which there is one.
            guard tag == 0x0112, number(at: place + 2, bytes: 2) == 3, number(at: place + 4, bytes: 4) == 1 else {
                continue
            }
            return (1...8).contains(value) ? value : 1
        }
        return 1
    }
}

extension DecodedImage {
    /// The image upright, of one whose first row and column are where Exif's orientation says, 1 ... 8.
    ///
    /// 1 top and left, 2 top and right, 3 bottom and right, 4 bottom and left, 5 left and top, 6 right and top, 7 right
    /// and bottom, 8 left and bottom.
    func upright(from orientation: Int) -> DecodedImage {
        guard orientation > 1 else { return self }
        let isTurned = orientation >= 5
        let (newHeight, newWidth) = isTurned ? (width, height) : (height, width)
        let (isFromRight, isFromBottom) = ([2, 3, 6, 7].contains(orientation), [3, 4, 7, 8].contains(orientation))
        var upright: [UInt8] = []
        upright.reserveCapacity(pixels.count)
        for row in 0..<newHeight {
            for column in 0..<newWidth {
                let y = isFromBottom ? newHeight - 1 - row : row
                let x = isFromRight ? newWidth - 1 - column : column
                let source = (isTurned ? x * width + y : y * width + x) * channels
                upright.append(contentsOf: pixels[source..<source + channels])
            }
        }
        return DecodedImage(pixels: upright, height: newHeight, width: newWidth, channels: channels)
    }
}
