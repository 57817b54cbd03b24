/// Bytes that should have been text, as they are shown to a person.
package enum ByteText {
    /// Printable ASCII as it is and every other byte by its number: `caf\xe9`.
    package static func shown(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { text, byte in
            let digits = String(byte, radix: 16)
            text +=
                (0x20..<0x7F).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x" + (digits.count == 1 ? "0" : "") + digits
        }
    }
}
