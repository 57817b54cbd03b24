import TensorCore

extension Module {
    /// Every tensor of the model by its path: what goes into a file.
    public var tensors: [String: Tensor] {
        Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.parameter.value) })
    }

    /// Takes over tensors by path: all of them or, on an error, none.
    ///
    /// - Parameters:
    ///   - tensors: as ``tensors`` gives them.
    ///   - source: the file's name, for errors.
    /// - Throws: `FormatError` naming the first path that is missing, left over, of another shape or not finite.
    public mutating func load(_ tensors: [String: Tensor], from source: String) throws {
        let own = parameters
        for (path, parameter) in own {
            guard let tensor = tensors[path] else {
                throw FormatError(
                    file: source, place: "tensor \(path)", found: "nothing",
                    expected: "shape \(parameter.value.shape)")
            }
            guard tensor.shape == parameter.value.shape else {
                throw FormatError(
                    file: source, place: "tensor \(path)", found: "shape \(tensor.shape)",
                    expected: "\(parameter.value.shape)")
            }
            guard tensor.isFinite else {
                throw FormatError(
                    file: source, place: "tensor \(path)", found: "NaN or infinity", expected: "finite numbers")
            }
        }
        let known = Set(own.map(\.path))
        if let extra = tensors.keys.filter({ !known.contains($0) }).min() {
            throw FormatError(
                file: source, place: "tensor \(extra)", found: "a tensor that the network does not have",
                expected: "\(known.count.counted("tensor")) of \(Self.self)")
        }
        forEachParameter { path, parameter in if let tensor = tensors[path] { parameter.value = tensor } }
    }
}
