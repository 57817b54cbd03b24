import Foundation
import TensorCore

extension Picture {
    /// Throws what a decoder in C ended with: 0 for nothing, 1 for a fault of the file, 2 for a lack of memory, 3 for
    /// the file's end before that of the image.
    ///
    /// - Parameter size: of the file.
    func checkStatus(_ status: Int32, _ kind: String, _ message: [CChar], size: Int) throws {
        switch status {
        case 0: return
        case 2: throw MachineError(name, "cannot be decoded: the machine has no memory for it")
        case 3:
            throw FormatError(
                file: name, place: "at byte \(size)", problem: "the file is cut short, within the \(kind) image",
                advice: "copy it again")
        default:
            throw FormatError(
                file: name, problem: "damaged \(kind) data (\(String(fault: message)))", advice: "copy the file again")
        }
    }
}

extension String {
    /// The text of a fault up to the zero that ends it.
    init(fault message: [CChar]) {
        self.init(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
