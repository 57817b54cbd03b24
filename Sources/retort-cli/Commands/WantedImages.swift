import Retort

/// What a command brings the images of a folder of PNG or JPEG files to, where no model says it.
struct WantedImages {
    /// The sides in pixels that were asked for.
    let asked: ImageSides?
    /// The side where none was asked for.
    let usual: Int
    var grey = false

    var isAnythingAsked: Bool { asked != nil || grey }

    var size: ImageSize {
        ImageSize(height: asked?.height ?? usual, width: asked?.width ?? usual, channels: grey ? 1 : 3)
    }

    /// The size where another is taken for what was not asked for.
    func size(or other: ImageSize) -> ImageSize {
        ImageSize(
            height: asked?.height ?? other.height, width: asked?.width ?? other.width,
            channels: grey ? 1 : other.channels, keepsAspect: other.keepsAspect)
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

extension ImageSize {
    /// The same, which keeps the aspect of images where that is asked for.
    func keepingAspect(_ isAsked: Bool) -> ImageSize {
        var size = self
        size.keepsAspect = keepsAspect || isAsked
        return size
    }
}

extension StoredModel {
    /// The size at which images are read for the model.
    ///
    /// - Parameter isAsked: whether their aspect is to be kept, also where the model does not know.
    /// - Throws: `ConfigurationError` for a model that was trained on stretched images.
    func imageSize(keepingAspect isAsked: Bool) throws -> ImageSize {
        guard !isAsked || description.keepsAspect != false else {
            throw ConfigurationError(
                ["keep-aspect"], "\(url.relativePath) was trained on images without it; leave it out")
        }
        return imageSize.keepingAspect(isAsked)
    }
}
