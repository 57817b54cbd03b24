import Retort

/// Images to be looked at or written.
struct Pictures {
    let images: any ImageSource
    /// Of the images' files without their endings, in their folder, by sample id; nil where they have no files.
    let paths: [String]?

    /// As many images as are asked for, or all where there are no more: of all classes in turn, or evenly spread.
    func shown(_ count: Int) -> any ImageSource {
        images.classNames.isEmpty ? images.subset(evenly: count) : images.subset(ofClassesInTurn: count)
    }
}
