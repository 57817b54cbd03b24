import Retort

/// CLASS/NAME, or NAME where there are no classes, for each of some images, no two alike, as paths of files to be
/// written.
///
/// - Parameter paths: of the images' files without their endings, by sample id; nil where images have no files of their
///   own: then their number in the data set is the name.
func fileNames(of images: any ImageSource, paths: [String]?) -> [String] {
    var taken: Set<String> = []
    return (0..<images.count).map { place in
        let (id, label) = (images.sampleIDs[place], images.labels[place])
        let className = label.map { images.classNames[$0] } ?? "unlabelled"
        let folder = images.classNames.isEmpty ? "" : className.asFileName + "/"
        let parts = paths.map { $0[id].split(separator: "/").map(String.init) } ?? []
        // Of `train/CLASS/…/NAME` what lies in the class.
        let inner = parts.firstIndex(of: className).map { Array(parts[($0 + 1)...]) } ?? parts
        let name = inner.isEmpty ? "\(id)" : inner.map(\.asFileName).joined(separator: "/")
        let whole = folder + name
        // 1.png and 1.jpg lie in one folder.
        var unlike = whole
        while !taken.insert(unlike).inserted { unlike += "-\(id)" }
        return unlike
    }
}

extension String {
    /// The text as the name of one file: no way into another folder, and not hidden.
    private static let separators: Set<Character> = ["/", "\\", "\0"]
    fileprivate var asFileName: String {
        let name = String(map { Self.separators.contains($0) ? "_" : $0 })
        return name.hasPrefix(".") || name.isEmpty ? "_\(name)" : name
    }
}
