import Foundation
import TensorCore

/// Finds this module's resources where a build or an installation puts them.
///
/// `Bundle.module` stops the program when it finds nothing, as it does once an executable has been moved away from its
/// build folder. This looks at the same places relative to the executable, and throws.
enum EmbeddedResources {
    /// The package manager's name for this module's bundle; its ending differs by platform.
    static let bundleNames = ["Retort_Datasets.resources", "Retort_Datasets.bundle"]

    /// A folder of resources.
    static func folder(_ name: String, beside places: [URL] = candidates) throws -> URL {
        for place in places {
            for bundle in bundleNames {
                let root = place.appendingPathComponent(bundle)
                // A macOS bundle may keep its content one level down.
                for folder in [root, root.appendingPathComponent("Contents/Resources")] {
                    let found = folder.appendingPathComponent(name)
                    var isFolder: ObjCBool = false
                    if FileManager.default.fileExists(atPath: found.path, isDirectory: &isFolder), isFolder.boolValue {
                        return found
                    }
                }
            }
        }
        let program = Bundle.main.executableURL?.lastPathComponent ?? "the executable"
        throw FormatError(
            file: bundleNames[0], found: "nothing beside \(program)",
            expected: "the folder that was built with it", advice: "move it along when \(program) is moved")
    }

    /// Where the bundle may lie: beside the executable, also where a link to it leads, and in an application's
    /// resources.
    static var candidates: [URL] {
        let executable = Bundle.main.executableURL
        let places: [URL?] = [
            Bundle.main.bundleURL, Bundle.main.resourceURL,
            executable?.resolvingSymlinksInPath().deletingLastPathComponent(),
            // Within a test runner the main bundle is the runner's; this module lies in the bundle of tests.
            Bundle(for: Anchor.self).resourceURL, Bundle(for: Anchor.self).bundleURL.deletingLastPathComponent(),
        ]
        return places.compactMap { $0 }
    }

    private final class Anchor {}
}
