import ArgumentParser
import Foundation
import Retort

/// `retort pack`.
struct PackCommand: ParsableCommand, FileOptions {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Packs a folder of images into one file, which --data takes as it takes the folder.",
        discussion: """
            The images' files stay as they are, and each is decoded once to see that it is intact. The file is a \
            safetensors file: 'images' has the bytes of all, 'ends' where each one's end.
            """)

    @Argument(
        help: ArgumentHelp(
            "Images as --data takes them: a folder with a subfolder for each class, a table, tar shards, or parts.",
            valueName: "DIR"))
    var folder: String

    @Option(name: .shortAndLong, help: ArgumentHelp("File to write.", valueName: "FILE.retort"))
    var output: String

    @OptionGroup var common: CommonOptions

    var files: [NamedFile] {
        [NamedFile("DIR", folder, .data(isData: { _ in false })), NamedFile("--output", output, .written)]
    }

    func run() throws {
        common.apply()
        let (from, to) = (URL(fileURLWithPath: folder), URL(fileURLWithPath: output))
        try OutputFile.check(to)
        let start = Date()
        var said = start
        let packed = try PackedFolder.write(from, to: to) { done, all in
            guard Date().timeIntervalSince(said) >= 5 else { return }
            said = Date()
            StandardStream.say("\(done) of \(all.counted("image")) are intact")
        }
        try PackResult(output: output, packed: packed).show(asJSON: common.json)
    }
}

/// What `retort pack` prints.
private struct PackResult: CommandResult {
    let output: String
    let packed: PackedFolder

    var text: String {
        let parts = packed.parts.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }
        return "\(output): \(packed.images.counted("image")) of \(packed.classes.counted("class", "classes"))"
            + (parts.count > 1 ? " (\(parts.joined(separator: ", ")))" : "")
            + ", \(packed.bytes.bytesInWords)"
    }
}
