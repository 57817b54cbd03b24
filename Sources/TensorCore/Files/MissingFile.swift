import Foundation

extension FormatError {
    /// A file that cannot be opened for a reason that lies in its path.
    ///
    /// - Parameter code: a value of `errno`.
    package init(opening path: String, _ code: Int32) {
        let problem =
            switch code {
            case ENOENT, ENOTDIR: OutputPath.missingFolder(of: path).map { "no such file: \($0)" } ?? "no such file"
            case EACCES, EPERM: "no permission to read it"
            default: "cannot be opened: \(String(cString: strerror(code)))"
            }
        self.init(file: path, problem: problem)
    }
}

extension OutputPath {
    /// What is wrong with the folder of a file; nil where it is there, or may not be looked at.
    static func missingFolder(of path: String) -> String? {
        let folder = parts(path).folder
        var status = stat()
        guard stat(folder, &status) == 0 else {
            return errno == ENOENT
                ? "the folder \(folder) does not exist" : errno == ENOTDIR ? missingFolder(of: folder) : nil
        }
        return status.st_mode & S_IFMT == S_IFDIR ? nil : "\(folder) is no folder"
    }
}
