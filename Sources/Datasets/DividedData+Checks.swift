import TensorCore

extension DividedData {
    /// Refuses to be steered or chosen by validation where there is none.
    ///
    /// - Parameter setting: what asks for it.
    /// - Throws: `ConfigurationError` of the setting.
    public func checkValidation(for setting: ConfigurationError.Key) throws(ConfigurationError) {
        guard validation.count == 0 else { return }
        throw ConfigurationError(
            [setting], "no image is held out for validation: a class needs 10 training images or more")
    }

    /// Refuses to teach a network one class, which it would always read rightly.
    ///
    /// - Throws: `FormatError`.
    public func checkClasses() throws(FormatError) {
        guard train.classCount < 2 else { return }
        throw FormatError(
            file: name, found: train.classCount == 1 ? "1 class" : "no class", expected: "2 or more")
    }
}
