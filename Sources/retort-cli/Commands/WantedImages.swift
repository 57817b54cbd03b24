import Retort

/// What a command brings the images of a folder of PNG or JPEG files to, where no model says it.
struct WantedImages {
    /// The side in pixels that was asked for.
    let asked: Int?
    /// The side where none was asked for.
    let usual: Int
    var grey = false

    var isAnythingAsked: Bool { asked != nil || grey }

    var size: ImageSize {
        ImageSize(height: asked ?? usual, width: asked ?? usual, channels: grey ? 1 : 3)
    }

    /// The size where another is taken for what was not asked for.
    func size(or other: ImageSize) -> ImageSize {
        ImageSize(
            height: asked ?? other.height, width: asked ?? other.width, channels: grey ? 1 : other.channels)
    }

    /// Refuses both where images are taken as they are.
    ///
    /// - Parameter owner: which images.
    func checkNone(for owner: String) throws {
        for (name, isAsked) in [("image-size", asked != nil), ("grey", grey)] where isAsked {
            throw ConfigurationError(
                [.name(name)],
                "has no effect on \(owner), which are taken as they are; leave it out, or give --data a folder of PNG "
                    + "or JPEG images")
        }
    }
}
