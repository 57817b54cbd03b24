import Foundation
import Retort

/// A folder that results go to.
enum OutputFolder {
    /// Creates the folder if it is missing, and makes sure that a file can be written there.
    ///
    /// - Throws: `FileWriteError` saying why not.
    static func prepare(_ folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            throw FileWriteError(
                path: folder.path, cause: cause?.localizedDescription ?? "the folder cannot be created")
        }
        let probe = folder.appendingPathComponent(".retort-probe")
        try AtomicFile.write(Data(), to: probe)
        try? FileManager.default.removeItem(at: probe)
    }
}
