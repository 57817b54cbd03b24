import TensorCore

/// Where a network that took over published weights differs from them.
public enum PublishedDifference: Hashable, Sendable, CustomStringConvertible {
    /// The last layer, by its path, kept its own weights, since the published ones are for another number of classes.
    case freshHead(_ path: String, classes: Int, publishedClasses: Int)
    /// A parameter, by its path, is the published one resampled to another grid, [height, width].
    case resampled(_ path: String, from: [Int], to: [Int])

    public var description: String {
        switch self {
        case .freshHead(let path, let classes, let publishedClasses):
            "\(path) keeps its fresh weights for \(classes) classes, the published ones are for \(publishedClasses)"
        case .resampled(let path, let from, let to):
            "\(path) is resampled from a grid of \(from[0])×\(from[1]) to \(to[0])×\(to[1])"
        }
    }
}

/// A network that can take over a published parameter of another size than its own.
protocol PublishedFitting: Module {
    /// The published value in the size of the parameter at a path; nil where there is no such thing.
    func fitted(_ published: Tensor, to path: String) -> (value: Tensor, difference: PublishedDifference)?
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
    /// - Returns: where the network now differs from what was published: a last layer of another number of classes
    ///   keeps its weights, a vision transformer for images of another size gets resampled embeddings of position.
    /// - Throws: `FormatError` that names what is missing and what is left over, or the first tensor of another shape
    ///   or with numbers that are not finite.
    public mutating func loadPublished(_ file: SafetensorsFile) throws -> [PublishedDifference] {
        let own = parameters
        let named = try file.publishedNames()
        let wanted = own.map { $0.path.publishedName }
        let missing = wanted.filter { named[$0] == nil }
        let leftOver = Set(named.keys).subtracting(wanted).sorted()
        let base = (self as? AnyModule)?.base ?? self
        guard missing.isEmpty, leftOver.isEmpty else {
            let faults = [
                missing.listed.map { "no \($0)" }, leftOver.listed.map { "\($0), which the network does not have" },
            ]
            throw FormatError(
                file: file.source, place: "tensors", found: faults.compactMap(\.self).joined(separator: "; and "),
                expected: "the \(own.count) tensors of \(type(of: base))")
        }
        let head = own.last.map { $0.path.split(separator: ".").dropLast().joined(separator: ".") } ?? ""
        var differences: [PublishedDifference] = []
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
                differences.append(.freshHead(head, classes: classes, publishedClasses: theirs))
            } else if let fitted = (base as? any PublishedFitting)?.fitted(value, to: path) {
                values[path] = fitted.value
                differences.append(fitted.difference)
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
        // A head is fresh as a whole, and told once.
        let isFresh = differences.contains { if case .freshHead = $0 { true } else { false } }
        if isFresh { values = values.filter { !$0.key.hasPrefix(head + ".") } }
        forEachParameter { path, parameter in if let value = values[path] { parameter.value = value } }
        return differences.enumerated().filter { !differences.prefix($0.offset).contains($0.element) }.map(\.element)
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
