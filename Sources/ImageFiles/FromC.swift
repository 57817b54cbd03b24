import Foundation
import TensorCore

extension Picture {
    /// Throws what a decoder in C ended with: 0 for nothing, 1 for a fault of the file, 2 for a lack of memory.
    func checkStatus(_ status: Int32, _ kind: String, _ message: [CChar]) throws {
        switch status {
        case 0: return
        case 2: throw MachineError(name, "cannot be decoded: the machine has no memory for it")
        default:
            throw FormatError(
                file: name, found: "\(kind) data with the fault “\(String(fault: message))”",
                expected: "an intact file")
        }
    }
}

extension String {
    /// The text of a fault up to the zero that ends it.
    init(fault message: [CChar]) {
        self.init(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
