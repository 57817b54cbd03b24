import TensorCore

extension DividedData {
    /// Refuses to be steered or chosen by validation where there is none.
    ///
    /// - Parameter setting: what asks for it.
    /// - Throws: `ConfigurationError` of the setting.
    public func checkValidation(for setting: ConfigurationError.Key) throws(ConfigurationError) {
        guard validation.count == 0 else { return }
        let need =
            train.placesByClass.contains { $0.count > 1 }
            ? "of each class a tenth of the training images, rounded down, is taken, as earlier versions did"
            : "a class needs 2 training images or more"
        throw ConfigurationError([setting], "no image is held out for validation: \(need)")
    }

    /// Refuses to teach a network one class, which it would always read rightly.
    ///
    /// - Throws: `FormatError`.
    public func checkClasses() throws(FormatError) {
        guard train.classCount < 2 else { return }
        throw FormatError(
            file: name, found: train.classCount == 1 ? "1 class (\(train.classNames[0]))" : "no class",
            expected: "2 or more", advice: "a folder of images has a folder for each class")
    }
}
