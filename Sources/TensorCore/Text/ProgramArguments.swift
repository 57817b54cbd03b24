import Foundation

/// The arguments that a program was started with.
package enum ProgramArguments {
    /// An argument that is no text: its bytes cannot be the name of a file that is then read or written.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// The arguments without the program's name.
    ///
    /// - Throws: ``Fault`` for one that is no UTF-8, with its bytes.
    package static func texts() throws(Fault) -> [String] {
        var texts: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index] else { break }
            guard let text = String(validatingCString: argument) else {
                let bytes = UnsafeBufferPointer(start: argument, count: strlen(argument)).map { UInt8(bitPattern: $0) }
                throw Fault(
                    description: "argument \(index): '\(ByteText.shown(bytes))' found, text in UTF-8 expected; files "
                        + "of other names must be renamed")
            }
            texts.append(text)
        }
        return texts
    }
}
