import TensorCore

/// The last layer of a network that kept its own weights, since the published ones are for another number of classes.
public struct FreshHead: Hashable, Sendable, CustomStringConvertible {
    /// The path of the layer: "fc".
    public let path: String
    /// Classes of the network, and of the published weights.
    public let classes, publishedClasses: Int

    /// Names a layer and both numbers of classes.
    public init(path: String, classes: Int, publishedClasses: Int) {
        (self.path, self.classes, self.publishedClasses) = (path, classes, publishedClasses)
    }

    public var description: String {
        "\(path) keeps its fresh weights for \(classes) classes, the published ones are for \(publishedClasses)"
    }
}

extension Module {
    /// Takes over weights that others trained and published with PyTorch's names and layouts: all of them or, on an
    /// error, none.
    ///
    /// Names are those that `visitParameters` gives, with PyTorch's words for normalisations (`weight`, `bias`,
    /// `running_mean`, `running_var`); a prefix `module.` is left out, and counters of batches are ignored. Convolution
    /// weights are turned from [C', C / groups, height, width] to ours, matrices from [out, in] to [in, out]. A dense
    /// layer that reads a flattened map [H, W, C] would also need its rows in another order, which a name does not
    /// tell; the networks of this library average their maps.
    ///
    /// - Parameter file: the weights, of floating-point numbers.
    /// - Returns: the last layer if it kept its weights, since it has another number of classes; nil where all are
    ///   taken.
    /// - Throws: `FormatError` that names what is missing and what is left over, or the first tensor of another shape
    ///   or with numbers that are not finite.
    public mutating func loadPublished(_ file: SafetensorsFile) throws -> FreshHead? {
        let own = parameters
        let named = try file.publishedNames()
        let wanted = own.map { $0.path.publishedName }
        let missing = wanted.filter { named[$0] == nil }
        let leftOver = Set(named.keys).subtracting(wanted).sorted()
        guard missing.isEmpty, leftOver.isEmpty else {
            let faults = [
                missing.listed.map { "no \($0)" }, leftOver.listed.map { "\($0), which the network does not have" },
            ]
            throw FormatError(
                file: file.source, place: "tensors", found: faults.compactMap(\.self).joined(separator: "; and "),
                expected: "the \(own.count) tensors of \(type(of: (self as? AnyModule)?.base ?? self))")
        }
        let head = own.last.map { $0.path.split(separator: ".").dropLast().joined(separator: ".") } ?? ""
        var fresh: FreshHead?
        var values: [String: Tensor] = [:]
        for (path, parameter) in own {
            guard let name = named[path.publishedName] else { continue }
            let published = try file.tensor(name)
            // Other axes than the parameter has cannot be put in its order.
            let hasItsAxes = published.shape.rank == parameter.value.shape.rank
            let value = hasItsAxes ? published.transposed(parameter.publishedOrder) : published
            if value.shape == parameter.value.shape {
                values[path] = value
            } else if hasItsAxes, path.hasPrefix(head + "."),
                value.shape.dropLast() == parameter.value.shape.dropLast(),
                let classes = parameter.value.shape.last, let theirs = value.shape.last
            {
                fresh = FreshHead(path: head, classes: classes, publishedClasses: theirs)
            } else {
                var expected = parameter.value.shape.extents
                for (place, axis) in parameter.publishedOrder.enumerated() {
                    expected[axis] = parameter.value.shape[place]
                }
                throw FormatError(
                    file: file.source, place: "tensor \(name)", found: "shape \(published.shape)",
                    expected: "\(Shape(expected))")
            }
        }
        // A head is fresh as a whole.
        if let fresh { values = values.filter { !$0.key.hasPrefix(fresh.path + ".") } }
        forEachParameter { path, parameter in if let value = values[path] { parameter.value = value } }
        return fresh
    }
}

extension Parameter {
    /// Which axis of the published tensor is each of ours.
    fileprivate var publishedOrder: [Int] {
        switch (role, value.shape.rank) {
        case (.weight, 4): [2, 3, 1, 0]
        case (.weight, 2): [1, 0]
        case (_, let rank): Array(0..<rank)
        }
    }
}

extension String {
    /// What PyTorch calls a parameter of ours.
    fileprivate var publishedName: String {
        let words = [
            "scale": "weight", "shift": "bias", "runningMean": "running_mean", "runningVariance": "running_var",
        ]
        let parts = split(separator: ".")
        guard let last = parts.last, let word = words[String(last)] else { return self }
        return (parts.dropLast().map(String.init) + [word]).joined(separator: ".")
    }
}

extension SafetensorsFile {
    /// Names of its arrays by what they are without `module.`, counters left out.
    fileprivate func publishedNames() throws -> [String: String] {
        var names: [String: String] = [:]
        for name in entries.keys.sorted() where !name.hasSuffix("num_batches_tracked") {
            let plain = name.hasPrefix("module.") ? String(name.dropFirst("module.".count)) : name
            if let other = names.updateValue(name, forKey: plain) {
                throw FormatError(
                    file: source, place: "tensors", found: "\(other) and \(name)", expected: "one of them")
            }
        }
        return names
    }
}

extension [String] {
    /// The first twelve, and how many more there are; nil for none.
    fileprivate var listed: String? {
        guard !isEmpty else { return nil }
        return prefix(12).joined(separator: ", ") + (count > 12 ? " and \(count - 12) more" : "")
    }
}
