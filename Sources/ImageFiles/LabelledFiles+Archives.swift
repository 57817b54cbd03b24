import Datasets
import Foundation
import TensorCore

extension LabelledFiles {
    /// The images of tar archives in the layout of WebDataset: files of one name up to its first point are one sample,
    /// of which `.jpg`, `.jpeg` or `.png` is the image and `.cls` its label, a number or a name.
    ///
    /// Numbers count the lines of a file of names; without one they are the classes' names, in their order. Images are
    /// in the order of the archives.
    ///
    /// - Parameter names: a file of the classes' names, one a line, if there is one.
    /// - Throws: `FormatError` for an archive that is damaged or cut short, for two images or labels of one sample, for
    ///   a label that is no class, and where no sample has an image and a label.
    init(archives: [FilePath], classNames names: FilePath?) throws {
        var shard = ShardSamples()
        for path in archives { try shard.add(path) }
        let texts = shard.samples.map(\.label)
        guard !texts.isEmpty else {
            let name = archives.count == 1 ? "\(archives[0])" : "\(archives[0]) … (\(archives.count) archives)"
            throw shard.faults.first
                ?? FormatError(
                    file: name, found: "no sample with an image and a label",
                    expected: "files such as 000.jpg with 000.cls, a number or a name",
                    advice: "of class folders in an archive, unpack it and give --data the folder")
        }
        let classes = try ClassLabels(texts, namesFile: names)
        let labels = try shard.samples.map { sample in
            try classes.place(of: sample.label, file: shard.entries.name(of: sample.entry))
        }
        self.init(
            name: archives.map(\.description).first ?? "", files: shard.entries, classNames: classes.names,
            labels: labels,
            keys: zip(shard.samples, labels).map { Self.key(of: $0.name, in: classes.names[$1]) },
            faults: shard.faults.map { (nil, $0) },
            remarks: shard.hidden == 0
                ? [] : ["\(archives[0]): \(shard.hidden.counted("hidden entry", "hidden entries")) left out"])
    }
}

/// Files within tar archives, read where they lie.
private struct ArchiveEntries: EncodedFiles {
    var archives: [FilePath] = []
    var entries: [(archive: Int, content: Range<Int>, name: [UInt8])] = []

    var count: Int { entries.count }

    func name(of number: Int) -> String {
        "\(archives[entries[number].archive]): \(String(decoding: entries[number].name, as: UTF8.self))"
    }

    func start(of number: Int) throws -> (size: Int, bytes: [UInt8]) {
        let content = entries[number].content
        return (content.count, try read(number, content.prefix(FileKind.startSize)))
    }

    func bytes(of number: Int) throws -> [UInt8] { try read(number, entries[number].content) }

    private func read(_ number: Int, _ range: Range<Int>) throws -> [UInt8] {
        try [UInt8](
            InputFile.read(archives[entries[number].archive], from: range.lowerBound, count: range.count))
    }
}

/// The samples of tar archives that have an image and a label.
private struct ShardSamples {
    private(set) var entries = ArchiveEntries()
    private(set) var samples: [(entry: Int, name: [UInt8], label: String)] = []
    private(set) var faults: [FormatError] = []
    private(set) var hidden = 0

    /// What was found of a sample so far.
    private struct Parts {
        var image: (content: Range<Int>, name: [UInt8])?
        var label: [UInt8]?
    }

    /// Adds the samples of an archive.
    mutating func add(_ path: FilePath) throws {
        var archive = try TarArchive(path)
        var (order, parts): ([[UInt8]], [[UInt8]: Parts]) = ([], [:])
        // Endings of files that are neither image nor label.
        var others: [[UInt8]: String] = [:]
        while let member = try archive.next() {
            let components = member.name.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
            guard member.type != .folder, let last = components.last else { continue }
            guard !components.contains(where: FolderListing.isPassedOver) else {
                hidden += 1
                continue
            }
            let stem = last.prefix { $0 != UInt8(ascii: ".") }
            let ending = String(decoding: last.dropFirst(stem.count + 1), as: UTF8.self).lowercased()
            let slash = [UInt8(ascii: "/")]
            let key = Array((components.dropLast() + [stem]).joined(separator: slash))
            guard ["jpg", "jpeg", "png", "cls"].contains(ending) else {
                others[key] = ending
                continue
            }
            if case .other(let words) = member.type {
                faults.append(
                    FormatError(
                        file: "\(path)", place: "at byte \(member.header)",
                        found: "\(words) by the name \(String(decoding: member.name, as: UTF8.self))",
                        expected: "a file with its content"))
                continue
            }
            if parts[key] == nil {
                order.append(key)
                parts[key] = Parts()
            }
            guard ending == "cls" ? parts[key]?.label == nil : parts[key]?.image == nil else {
                throw archive.error(
                    member.header,
                    found: "a second \(ending == "cls" ? "label" : "image") of "
                        + "\(String(decoding: key, as: UTF8.self)) (.\(ending))",
                    expected: "one for each name")
            }
            if ending == "cls" {
                parts[key]?.label = try archive.text(member.content)
            } else {
                parts[key]?.image = (member.content, Array(components.joined(separator: slash)))
            }
        }
        entries.archives.append(path)
        for key in order {
            if let found = parts[key] { try add(key, found, beside: others[key], of: archive) }
        }
    }

    /// Adds a sample, or says what it lacks.
    ///
    /// - Parameter other: the ending of a file of its name that is neither image nor label.
    private mutating func add(
        _ key: [UInt8], _ found: Parts, beside other: String?, of archive: TarArchive
    ) throws {
        let name = String(decoding: key, as: UTF8.self)
        let label = found.label.map { bytes in
            String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
                .precomposedStringWithCanonicalMapping
        }
        func addFault(_ problem: String, _ advice: String) {
            faults.append(FormatError(file: "\(archive.path)", problem: problem, advice: advice))
        }
        guard let image = found.image else {
            return addFault(
                "no image for \(name).cls\(other.map { "; \(name).\($0) is no PNG or JPEG" } ?? "")",
                "put \(name).png or \(name).jpg beside it")
        }
        let imageName = String(decoding: image.name, as: UTF8.self)
        guard let label else {
            let missing = "no label for \(imageName): \(name).cls is missing"
            guard let other else {
                return addFault(
                    missing, "put it beside the image, or unpack an archive of class folders and give --data the folder"
                )
            }
            return addFault(
                "\(missing), and \(name).\(other) is not read", "write the label, a number or a name, into \(name).cls")
        }
        guard !label.isEmpty else {
            return addFault("\(name).cls is empty", "write the label of \(imageName) into it")
        }
        samples.append((entries.count, image.name, label))
        entries.entries.append((entries.archives.count - 1, image.content, image.name))
    }
}
