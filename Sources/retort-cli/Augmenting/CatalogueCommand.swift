import ArgumentParser
import Foundation
import Retort

/// `retort augment catalogue`.
struct CatalogueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalogue", abstract: "Draws every operation there is, a picture each, on computed scenes.",
        discussion: """
            Rows are scenes, the first column is the scene as it is; then come views at half, whole and one and a half \
            times the ranges of `AugmentationPolicy.everyOperation`, or several draws of what has no strength. Feature \
            maps are shown as images whose channels are red, green and blue. The documentation shows these pictures.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Folder for the pictures; is made if it does not exist.", valueName: "DIR"))
    var out: String

    func run() throws {
        common.apply()
        let folder = URL(fileURLWithPath: out, isDirectory: true)
        try OutputFolder.prepare(folder)
        let scenes = CatalogueScene.images(CatalogueScene.all, side: Self.side)
        var files: [String] = []
        func write(_ name: String, _ sheet: ContactSheet) throws {
            try PNGFile.write(
                try sheet.image().reduced(toColors: 256), to: folder.appendingPathComponent("\(name).png"))
            files.append("\(name).png")
        }
        for (_, name, policy) in AugmentationPolicy.everyOperation.singleOperations {
            let shown = policy.mixes(scenes) ? scenes : scenes.subset([0, 1])
            try write(name, ContactSheet(policy, strengths: [0.5, 1, 1.5], of: shown, seed: common.seed))
        }
        for (name, policies) in FeatureCatalogue.operations(side: Self.side) {
            try write(name, ContactSheet(policies, ofMaps: scenes.subset([0, 1]), seed: common.seed))
        }
        try CatalogueResult(folder: out, files: files).show(asJSON: common.json)
    }

    private static let side = 96
}

extension AugmentationPolicy {
    /// Whether what becomes of an image depends on its neighbours in the batch.
    fileprivate func mixes(_ images: ImageSet) -> Bool {
        func drawn(_ images: ImageSet) -> [UInt8] { self.images(RawBatch(images: images, seed: 0, epoch: 0)).pixels }
        return (0..<images.count).flatMap { drawn(images.subset([$0])) } != drawn(images)
    }
}

/// What `augment catalogue` prints.
private struct CatalogueResult: CommandResult {
    let folder: String
    let files: [String]

    var description: String { "\(folder): \(files.count) pictures" }
}
