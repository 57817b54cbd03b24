import Foundation
import TensorCore

/// What the labels of an IDX file mean.
struct IDXClasses {
    /// Of the classes.
    let names: [String]
    /// The class of each label.
    let places: [Int: Int]
    /// The labels, for errors.
    let wanted: String

    /// Labels that count names.
    ///
    /// - Parameter first: the label of the first of them.
    init(_ names: [String], from first: Int = 0) {
        self.names = names
        places = Dictionary(uniqueKeysWithValues: names.indices.map { ($0 + first, $0) })
        wanted =
            "\(first) ... \(names.count - 1 + first)"
            + (names == Digits.classNames ? " (names of other classes go into classes.txt beside the file)" : "")
    }

    /// Labels of which a file beside the images has the names, `classes.txt`; they count its lines from 0, or from 1
    /// where no image has the label 0 and one the number of names.
    ///
    /// - Parameter labels: the file with the training images' labels.
    /// - Returns: nil without such a file.
    init?(namesBeside labels: URL) throws {
        guard let file = ClassNamesFile.find(in: FilePath(labels.deletingLastPathComponent())) else { return nil }
        let names = try ClassNamesFile.read(file)
        let range = try IDX.labelRange(labels)
        self.init(names, from: range == 1...max(1, names.count) ? 1 : 0)
    }

    /// The numbers that occur as names of their own.
    init(numbersIn labels: URL) throws {
        let range = try IDX.labelRange(labels)
        self.init(range.map(String.init), from: range.lowerBound)
    }

    /// EMNIST's mapping: a line has a label and the codes of the characters that it stands for, of which the first is
    /// the name of its class.
    ///
    /// Source: G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: an extension of MNIST to handwritten letters",
    /// arXiv 1702.05373, and the files that come with it.
    init(mapping url: URL) throws {
        var (names, places): ([String], [Int: Int]) = ([], [:])
        for (number, line) in try TextFile.read(url).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let fields = line.split(separator: " ").map { Int($0) }
            if fields.isEmpty { continue }
            func fault(_ expected: String) -> FormatError {
                FormatError(
                    file: url.relativePath, place: "line \(number + 1)", found: "'\(line)'", expected: expected)
            }
            guard fields.count > 1, let label = fields[0], (0...255).contains(label), let code = fields[1],
                (33...126).contains(code), let scalar = UnicodeScalar(code)
            else { throw fault("a label and the ASCII codes of its characters") }
            let name = String(Character(scalar))
            guard places.updateValue(names.count, forKey: label) == nil, !names.contains(name) else {
                throw fault("each label and each character once")
            }
            names.append(name)
        }
        guard !names.isEmpty else {
            throw FormatError(file: url.relativePath, found: "no line", expected: "labels and the codes of characters")
        }
        self.names = names
        self.places = places
        wanted = "a label of \(url.lastPathComponent)"
    }
}
