import Retort

/// What a command brings the images of a folder of PNG or JPEG files to, where no model says it.
struct WantedImages {
    /// In pixels.
    let side: Int
    /// The side where none is asked for.
    let usual: Int
    var grey = false

    var size: ImageSize { ImageSize(height: side, width: side, channels: grey ? 1 : 3) }

    /// Refuses a size or grey that is asked for where another is given; the defaults ask for none.
    ///
    /// - Parameter owner: whose images they are.
    func check(against size: ImageSize, of owner: String) throws {
        guard side == usual || (side, side) == (size.height, size.width) else {
            throw ConfigurationError(["image-size"], "\(side) found, \(owner) images of \(size) expected")
        }
        guard !grey || size.channels == 1 else {
            throw ConfigurationError(["grey"], "\(owner) images are in colour, of \(size); leave it out")
        }
    }

    /// Refuses both where images are taken as they are.
    ///
    /// - Parameter owner: which images.
    func checkNone(for owner: String) throws {
        for (name, isAsked) in [("image-size", side != usual), ("grey", grey)] where isAsked {
            throw ConfigurationError(
                [.name(name)],
                "has no effect on \(owner), which are taken as they are; leave it out, or give --data a folder of PNG "
                    + "or JPEG images")
        }
    }
}
