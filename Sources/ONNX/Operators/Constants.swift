import Autograd
import TensorCore

extension OperatorTable {
    /// Values that a model brings or counts out, and what gives its input.
    static let constants: [String: Evaluate] = [
        "Constant": { [try $0.constant()] },
        "ConstantOfShape": { call in
            let extents = try call.integers(0, "shape")
            guard let shape = Shape(checking: extents) else {
                throw OperationError(found: "shape \(extents)", expected: "a countable size")
            }
            let value = GraphValue(try call.tensor("value") ?? ONNXTensor(Tensor([0])))
            guard value.shape.elementCount == 1 else {
                throw OperationError(found: "a value of \(value.shape)", expected: "one number")
            }
            return [try call.expanded(call.reshaped(value, to: []), to: shape.extents)]
        },
        "Identity": { [try $0.input(0)] },
        // In inference nothing is dropped, and the mask is true everywhere.
        "Dropout": { call in
            if case .integers(let truths, _)? = call.optionalInput(2)?.content, truths.contains(1),
                try call.optionalNumber(1, "ratio") ?? 0.5 != 0
            {
                throw OperationError(found: "Dropout that trains", expected: "one of inference")
            }
            let x = try call.input(0)
            guard call.outputCount > 1 else { return [x] }
            return [x, try call.expanded(.integers([1], [], type: .bool), to: x.shape.extents)]
        },
        "Range": { [try $0.range()] },
    ]

    /// Other types of elements.
    static let casts: [String: Evaluate] = [
        "Cast": { call in
            let number = try call.int("to", otherwise: 0)
            guard let type = ElementType(rawValue: number) else {
                throw OperationError(found: "type \(number)", expected: "one that is read")
            }
            return [try call.cast(call.input(0), to: type)]
        },
        "CastLike": { call in [try call.cast(call.input(0), to: call.input(1).type)] },
    ]
}

extension NodeCall {
    fileprivate func constant() throws -> GraphValue {
        if let value = try tensor("value") { return GraphValue(value, path: nil) }
        if let value = try float("value_float") { return GraphValue(ONNXTensor(Tensor(value))) }
        if let values = try floats("value_floats") { return GraphValue(ONNXTensor(Tensor(values))) }
        if let value = try int("value_int") { return .integers([value], []) }
        if let values = try ints("value_ints") { return .integers(values) }
        throw OperationError(found: "a constant without numbers", expected: "a dense tensor or numbers")
    }

    fileprivate func range() throws -> GraphValue {
        let first = try input(0)
        if case .integers = first.content {
            let bounds = try (0..<3).map { try integers($0, "bound").first ?? 0 }
            guard bounds[2] != 0, bounds[2] != .min,
                abs(Double(bounds[1]) - Double(bounds[0])) / abs(Double(bounds[2])) <= Double(1 << 24)
            else { throw OperationError(found: "a range of \(bounds)", expected: "at most \(1 << 24) numbers") }
            return .integers(Array(stride(from: bounds[0], to: bounds[1], by: bounds[2])), type: first.type)
        }
        let bounds = try (0..<3).map { try optionalNumber($0, "bound") ?? 0 }
        let count = ((bounds[1] - bounds[0]) / bounds[2]).rounded(.up)
        guard count.isFinite, count <= Float(1 << 24) else {
            throw OperationError(found: "a range of \(bounds)", expected: "at most \(1 << 24) numbers")
        }
        let values = (0..<Int(max(0, count))).map { bounds[0] + Float($0) * bounds[2] }
        return GraphValue(ONNXTensor(Tensor(values), type: first.type))
    }

    /// The same numbers as another type.
    func cast(_ value: GraphValue, to type: ElementType) throws -> GraphValue {
        guard type != .string else { throw OperationError(found: "a cast to strings", expected: "to numbers") }
        var result = value
        result.type = type
        switch value.content {
        case .integers(let values, let shape):
            if type.isFloat {
                result.content = .tensor(Tensor(values.map(Float.init), shape: shape), path: nil)
            } else {
                result.content = .integers(values.map { type.wrapped($0) }, shape)
            }
        case .tensor(let tensor, _):
            guard !type.isFloat else { break }
            let values = tensor.scalars.map { type == .bool ? ($0 == 0 ? 0 : 1) : type.wrapped(Int(clamping: $0)) }
            result.content = .integers(values, tensor.shape)
        case .node:
            guard type.isFloat else { throw refusal(of: value) }
        }
        return result
    }
}
