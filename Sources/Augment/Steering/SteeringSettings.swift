import TensorCore

/// A controller whose settings have limits, which hold in initialisers and in what is read.
protocol SteeringSettings {
    /// What is wrong with the settings; nil where nothing is.
    var mismatch: Mismatch? { get }
}

extension SteeringSettings {
    /// Stops the program where settings are outside their limits: for initialisers.
    func requireSettings() {
        if let mismatch { fatalError("\(Self.self): \(mismatch.found) given, \(mismatch.expected) expected") }
    }

    /// Throws where settings are outside their limits: for what is read.
    func checkSettings() throws(FormatError) {
        if let mismatch { throw Self.error(found: mismatch.found, expected: mismatch.expected) }
    }

    /// What is thrown for a state that no controller could have written.
    static func error(place: String = "", found: String, expected: String) -> FormatError {
        FormatError(file: "\(Self.self)", place: place, found: found, expected: expected)
    }
}
