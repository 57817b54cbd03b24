import Foundation

extension SafetensorsFile {
    /// An array of floating-point numbers as a tensor; F16, BF16 and F64 are converted, F64 rounded to nearest.
    ///
    /// - Parameters:
    ///   - name: the array's name.
    ///   - shape: the shape that it must have, if that is known.
    ///   - allowingNonFinite: whether NaN and infinities are taken. Weights with one in them are refused by default:
    ///     every output of such a network would be NaN.
    /// - Throws: ``FormatError`` if there is no such array, or another shape, an integer type, or a non-finite element
    ///   in it.
    public func tensor(
        _ name: String, shape: Shape? = nil, allowingNonFinite: Bool = false
    ) throws(FormatError) -> Tensor {
        let entry = try entry(name)
        if let shape, shape != entry.shape {
            throw fault(name, "shape \(entry.shape)", "\(shape)")
        }
        let tensor = try floats(entry, name)
        if !allowingNonFinite, let (index, value) = tensor.firstNonFinite() {
            throw fault(name, "\(value) at element \(index)", "finite numbers")
        }
        return tensor
    }

    /// An array's elements in row-major order, as they are.
    ///
    /// - Parameters:
    ///   - name: the array's name.
    ///   - type: the element type, which must be that of the file.
    ///   - shape: the shape that it must have, if that is known.
    /// - Throws: ``FormatError`` if there is no such array, or it has another type or shape.
    public func elements<Element: SafetensorsElement>(
        _ name: String, as type: Element.Type = Element.self, shape: Shape? = nil
    ) throws(FormatError) -> [Element] {
        let entry = try entry(name)
        guard entry.dataType == Element.dataType else {
            throw fault(name, entry.dataType.rawValue, Element.dataType.rawValue)
        }
        if let shape, shape != entry.shape {
            throw fault(name, "shape \(entry.shape)", "\(shape)")
        }
        return entry.bytes.elements(as: Element.self)
    }

    private func entry(_ name: String) throws(FormatError) -> Entry {
        guard let entry = entries[name] else {
            throw FormatError(
                file: source, problem: "the array '\(name)' is missing (there are \(entries.count.counted("other")))")
        }
        return entry
    }

    private func fault(_ name: String, _ found: String, _ expected: String) -> FormatError {
        FormatError(file: source, place: "array \(name)", found: found, expected: expected)
    }

    private func floats(_ entry: Entry, _ name: String) throws(FormatError) -> Tensor {
        switch entry.dataType {
        case .float32:
            var tensor = Tensor(uninitialized: entry.shape)
            let target = UnsafeMutableRawBufferPointer(start: tensor.mutablePointer(), count: entry.bytes.count)
            entry.bytes.withUnsafeBytes { target.copyMemory(from: $0) }
            return tensor
        case .float64: return entry.converted(from: Double.self) { Float($0) }
        case .float16: return entry.converted(from: UInt16.self, Float.init(halfBits:))
        case .bfloat16: return entry.converted(from: UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .uint8, .int8, .int32, .int64:
            throw fault(name, "integers (\(entry.dataType.rawValue))", "floating-point numbers")
        }
    }
}

extension SafetensorsFile.Entry {
    fileprivate func converted<Element: BitwiseCopyable>(
        from type: Element.Type, _ convert: (Element) -> Float
    ) -> Tensor {
        Tensor(bytes.elements(as: Element.self).map(convert), shape: shape)
    }
}

extension Float {
    /// The value of an IEEE 754 binary16 number, exactly. (`Float16` is missing on macOS for x86-64.)
    package init(halfBits bits: UInt16) {
        let magnitude = UInt32(bits & 0x7FFF)
        let value: Float
        switch magnitude >> 10 {
        case 0: value = Float(magnitude) * 0x1p-24  // zero and subnormal numbers
        case 31: value = Float(bitPattern: 0x7F80_0000 | (magnitude & 0x3FF) << 13)  // infinity and NaN
        default: value = Float(bitPattern: magnitude << 13 + (127 - 15) << 23)
        }
        self = bits & 0x8000 == 0 ? value : -value
    }
}

extension Tensor {
    /// The first element that is NaN or infinite, and where it is.
    func firstNonFinite() -> (index: Int, value: Float)? {
        let elements = UnsafeBufferPointer(start: pointer, count: count)
        guard let index = elements.firstIndex(where: { !$0.isFinite }) else { return nil }
        return (index, elements[index])
    }
}
