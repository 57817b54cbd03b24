import Retort

extension StoredModel {
    /// The network as a teacher of a student that may read other images, normalised otherwise, and know fewer classes.
    ///
    /// - Parameters:
    ///   - data: the student's images.
    ///   - normalization: the student's.
    ///   - map: which of the model's classes mean which of the data's; by their names when omitted.
    /// - Throws: `FormatError` for an INT8 model, for one that does not know the data's classes, for one whose images
    ///   were held out otherwise, and for one of other channels than grey or three colours beside the data's.
    func teacher(
        of data: DividedData, normalization: Normalization, classes map: ClassMap? = nil
    ) throws -> any Module {
        let network = try trained()
        try checkHeldOut(data)
        let classes = try outputs(meaning: data.train.classNames, by: map)
        if map == nil, !namesClasses {
            StandardStream.say(
                "\(url.relativePath) names no classes: its outputs are taken for \(data.train.classNames.firstInWords), in "
                    + "this order; --teacher-classes FILE.json says another")
        }
        let own = description.normalization
        guard classes != nil || imageSize.shape != data.train.size.shape || own != normalization else { return network }
        guard AdaptedTeacher.adapts(channels: data.train.channels, to: imageSize.channels) else {
            throw FormatError(
                file: url.relativePath,
                problem: "it reads images of \(imageSize.channels.counted("channel")), and those of \(data.name) have "
                    + "\(data.train.channels)",
                advice: "take a teacher for as many; only grey and three colours are turned into one another")
        }
        return AdaptedTeacher(
            network, reading: imageSize, normalizedBy: own, from: normalization, classes: classes)
    }
}

extension [ImageSize] {
    /// A transform whose views teachers of these sizes read at their own: at the largest, if one differs.
    func seeing(_ transform: any BatchTransform, besides size: ImageSize) -> any BatchTransform {
        guard contains(where: { !$0.hasSides(of: size) }) else { return transform }
        let largest = (height: map(\.height).max() ?? size.height, width: map(\.width).max() ?? size.width)
        return TwoSizes(transform, teacher: largest)
    }
}
