import ArgumentParser
import Foundation
import Retort

/// Draws the pictures of the page that shows every augmentation operation.
@main
struct CatalogueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalogue", abstract: "Draws every operation there is, a picture each, on computed scenes.",
        discussion: """
            Rows are scenes, the first column is the scene as it is; then come views at half, whole and one and a half \
            times the ranges of `AugmentationPolicy.everyOperation`, or several draws of what has no strength. Feature \
            maps are shown as images whose channels are red, green and blue. The documentation shows these pictures.
            """)

    @Option(help: "What every random draw depends on.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Folder for the pictures; is made if it does not exist.", valueName: "DIR"))
    var out: String

    func run() throws {
        let folder = URL(fileURLWithPath: out, isDirectory: true)
        try OutputFile.prepareFolder(folder)
        let scenes = CatalogueScene.images(CatalogueScene.all, side: Self.side)
        var count = 0
        func write(_ name: String, _ sheet: ContactSheet) throws {
            try PNGFile.write(
                sheet.drawn().image(0).reduced(toColors: 256), to: folder.appendingPathComponent("\(name).png"))
            count += 1
        }
        for (_, name, policy) in AugmentationPolicy.everyOperation.singleOperations {
            let shown = policy.mixes(scenes) ? scenes : scenes.subset([0, 1])
            try write(name, ContactSheet(policy, strengths: [0.5, 1, 1.5], of: shown, seed: seed))
        }
        for (name, policies) in FeatureCatalogue.operations(side: Self.side) {
            try write(name, ContactSheet(policies, ofMaps: scenes.subset([0, 1]), seed: seed))
        }
        print("\(out): \(count) pictures")
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
