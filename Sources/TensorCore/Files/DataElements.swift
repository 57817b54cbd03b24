import Foundation

extension Data {
    /// The bytes as elements in the machine's byte order, which may lie at any address; a rest too short for one is
    /// left out.
    package func elements<Element: BitwiseCopyable>(as type: Element.Type = Element.self) -> [Element] {
        let count = self.count / MemoryLayout<Element>.size
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            withUnsafeBytes { bytes in
                let whole = UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Element>.size)])
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: whole)
            }
            initialized = count
        }
    }

    /// The bytes of elements in the machine's byte order, which is that of files: the least significant first.
    package init<Element: BitwiseCopyable>(bytesOf elements: [Element]) {
        self = elements.withUnsafeBytes { Data($0) }
    }
}
