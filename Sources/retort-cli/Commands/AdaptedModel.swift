import Retort

extension StoredModel {
    /// The network as a teacher of a student that may read other images, normalised otherwise, and know fewer classes.
    ///
    /// - Parameters:
    ///   - data: the student's images.
    ///   - normalization: the student's.
    ///   - map: which of the model's classes mean which of the data's; by their names when omitted.
    /// - Throws: `FormatError` for an INT8 model, for one that does not know the data's classes, and for one whose
    ///   images were held out otherwise.
    func teacher(
        of data: DividedData, normalization: Normalization, classes map: ClassMap? = nil
    ) throws -> any Module {
        let network = try trained()
        try checkHeldOut(data)
        let classes = try outputs(meaning: data.train.classNames, by: map)
        let own = description.normalization
        guard classes != nil || imageSize != data.train.size || own != normalization else { return network }
        return AdaptedTeacher(
            network, reading: imageSize, normalizedBy: own, from: normalization, classes: classes)
    }
}

extension [ImageSize] {
    /// A transform whose views teachers of these sizes read at their own: at the largest, if one differs.
    func seeing(_ transform: any BatchTransform, besides size: ImageSize) -> any BatchTransform {
        guard contains(where: { ($0.height, $0.width) != (size.height, size.width) }) else { return transform }
        let largest = dropFirst().reduce(self[0]) { $0.covering($1) }
        return TwoSizes(transform, teacher: (height: largest.height, width: largest.width))
    }
}
