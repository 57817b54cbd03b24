import Autograd
import Foundation
import Graph
import TensorCore

/// A value of the model that is written.
///
/// Retort computes on [N, H, W, C] and ONNX on [N, C, H, W]; so a value knows where its axes are in the tensor that
/// ONNX has of it, and is transposed only where an operator wants it otherwise.
struct ExportValue {
    /// The tensor's name in the model.
    let name: String
    /// Extents for a batch of one, with the axes as Retort has them.
    let shape: Shape
    /// Axis i of Retort is axis `order[i]` of the tensor in the model.
    let order: [Int]
    /// The integers that it stands for, in an int8 network.
    var bytes: Bytes?

    /// Names of integers and of their zero point.
    struct Bytes {
        let name, zeroPoint: String
        let scale: Float
    }

    /// The extents as the model has them.
    var lying: [Int] { order.inversePermutation.map { shape[$0] } }
}

/// What a graph's operation reads.
enum ExportOperand {
    case value(ExportValue)
    case tensor(Tensor, path: String?)
    /// Weights of a layer in int8, with a scale for each output channel.
    case int8(Tensor, path: String?, scales: [Float])
    /// A bias of a layer in int8: 32-bit integers of a scale for each channel.
    case int32([Int32], path: String?, scales: [Float])

    var shape: Shape {
        switch self {
        case .value(let value): value.shape
        case .tensor(let tensor, _), .int8(let tensor, _, _): tensor.shape
        case .int32(let values, _, _): [values.count]
        }
    }
}

/// An operation that ONNX has a form of: one or more of its operators.
protocol ONNXForm: GraphOperation {
    /// Writes the operation.
    ///
    /// - Returns: the result.
    /// - Throws: `GraphError` for operands that the form does not take.
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue
}

/// Collects the nodes and tensors of a model that is written.
struct ExportWriter {
    private(set) var graph = Onnx_GraphProto()
    /// The version of the operator set.
    let version: Int
    private var names: Set<String> = []
    private var stored: [String: Onnx_TensorProto] = [:]
    /// The layer that is being written, which names of nodes begin with.
    var layer = ""
    /// What the result of the operation that is being written will be rounded to, in an int8 network.
    var rounding: (scale: Float, zeroPoint: UInt8)?

    init(name: String, version: Int) {
        graph.name = name
        self.version = version
    }

    /// How images lie in ONNX.
    static let imageOrder = [0, 2, 3, 1]

    // MARK: - Names and arguments

    /// A name that nothing else has.
    mutating func freshName(_ wanted: String) -> String {
        var (name, number) = (wanted, 2)
        while !names.insert(name).inserted {
            name = "\(wanted).\(number)"
            number += 1
        }
        return name
    }

    /// Adds an input or output of float32; the batch size is open.
    mutating func addInput(_ name: String, _ extents: [Int?]) { graph.input.append(Self.argument(name, extents)) }

    mutating func addOutput(_ name: String, _ extents: [Int?]) { graph.output.append(Self.argument(name, extents)) }

    private static func argument(_ name: String, _ extents: [Int?]) -> Onnx_ValueInfoProto {
        var info = Onnx_ValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = Int32(ElementType.float32.rawValue)
        info.type.tensorType.shape.dim = extents.map { extent in
            var dimension = Onnx_TensorShapeProto.Dimension()
            dimension.value = extent.map { .dimValue(Int64($0)) } ?? .dimParam("N")
            return dimension
        }
        return info
    }

    // MARK: - Nodes

    /// Adds an operator.
    ///
    /// - Returns: the name of its result.
    mutating func add(
        _ operatorName: String, _ inputs: [String], _ attributes: [String: NodeCall.Attribute] = [:],
        result: String? = nil
    ) -> String {
        var node = Onnx_NodeProto()
        node.opType = operatorName
        node.input = inputs
        node.name = freshName(layer.isEmpty ? operatorName : "\(layer)/\(operatorName)")
        node.output = [result ?? freshName("\(node.name)_output")]
        node.attribute = attributes.sorted { $0.key < $1.key }.map { Onnx_AttributeProto($0, $1) }
        graph.node.append(node)
        return node.output[0]
    }

    // MARK: - Tensors

    /// The name of a stored tensor; the same tensor under the same path is stored once.
    mutating func store(_ message: Onnx_TensorProto, wanted: String) -> String {
        if let other = stored[wanted], other == message { return wanted }
        var message = message
        let name = freshName(wanted)
        stored[name] = message
        message.name = name
        graph.initializer.append(message)
        return name
    }

    mutating func store(_ tensor: Tensor, path: String?) -> String {
        store(Onnx_TensorProto(tensor), wanted: path ?? "\(layer.isEmpty ? "" : layer + "/")constant")
    }

    mutating func store(integers: [Int], shape: Shape? = nil, type: ElementType = .int64, wanted: String = "extents")
        -> String
    { store(Onnx_TensorProto(integers, shape ?? [integers.count], type), wanted: wanted) }

    /// The name of an operand, whose axes shall be in an order of ONNX.
    ///
    /// - Parameters:
    ///   - order: as ``ExportValue/order``; nil for the axes as they are.
    ///   - axis: where int8 weights have their output channels then.
    mutating func name(of operand: ExportOperand, order: [Int]? = nil, channelAxis axis: Int = 0) -> String {
        let permutation = order?.inversePermutation
        func arranged(_ tensor: Tensor) -> Tensor { permutation.map { tensor.transposed($0) } ?? tensor }
        switch operand {
        case .value(let value): return self.arranged(value, order ?? Array(value.shape.indices)).name
        case .tensor(let tensor, let path): return store(arranged(tensor), path: path)
        case .int8(let tensor, let path, let scales):
            let values = arranged(tensor)
            let integers = Onnx_TensorProto(values.scalars.map { Int($0) }, values.shape, .int8)
            return dequantized(store(integers, wanted: path ?? "weights"), path ?? "weights", scales, .int8, axis: axis)
        case .int32(let values, let path, let scales):
            let integers = Onnx_TensorProto(values.map { Int($0) }, [values.count], .int32)
            return dequantized(store(integers, wanted: path ?? "bias"), path ?? "bias", scales, .int32, axis: 0)
        }
    }

    private mutating func dequantized(
        _ integers: String, _ path: String, _ scales: [Float], _ type: ElementType, axis: Int
    ) -> String {
        let scale = store(Tensor(scales), path: "\(path).scale")
        let zeroPoint = store(
            Onnx_TensorProto([Int](repeating: 0, count: scales.count), [scales.count], type),
            wanted: "\(path).zero_point")
        return add("DequantizeLinear", [integers, scale, zeroPoint], ["axis": .int(axis)])
    }

    /// A value as its nearest uint8 numbers, and back, where its operation's result is rounded: what integer engines
    /// recognise.
    ///
    /// - Parameter isInUnits: whether the value counts units of the scale already.
    mutating func rounded(_ value: ExportValue, isInUnits: Bool = false) -> ExportValue {
        guard let rounding else { return value }
        let scale = store(Tensor(rounding.scale), path: "\(value.name).scale")
        let zeroPoint = store(
            integers: [Int(rounding.zeroPoint)], shape: [], type: .uint8, wanted: "\(value.name).zero_point")
        let unit = isInUnits ? store(Tensor(1), path: "unit") : scale
        let bytes = add("QuantizeLinear", [value.name, unit, zeroPoint])
        let name = add("DequantizeLinear", [bytes, scale, zeroPoint])
        return ExportValue(
            name: name, shape: value.shape, order: value.order,
            bytes: ExportValue.Bytes(name: bytes, zeroPoint: zeroPoint, scale: rounding.scale))
    }

    /// The numbers that a value's integers are with another scale.
    mutating func scaled(_ value: ExportValue, _ bytes: ExportValue.Bytes, by scale: Float) -> ExportValue {
        let scale = store(Tensor(scale), path: scale == 1 ? "unit" : "\(value.name).ratio")
        return ExportValue(
            name: add("DequantizeLinear", [bytes.name, scale, bytes.zeroPoint]), shape: value.shape, order: value.order)
    }

    /// The result of an image's rows: the operator itself is rounded, so that engines find it between roundings.
    mutating func flattened(_ name: String) -> String {
        add("Flatten", [rounded(ExportValue(name: name, shape: [], order: [])).name])
    }

    /// A value with its axes in an order of ONNX.
    mutating func arranged(_ value: ExportValue, _ order: [Int]) -> ExportValue {
        guard value.order != order else { return value }
        let permutation = order.inversePermutation.map { value.order[$0] }
        let name = add("Transpose", [value.name], ["perm": .ints(permutation)])
        return ExportValue(name: name, shape: value.shape, order: order)
    }

    /// Operands that are broadcast, with their axes in one order.
    mutating func aligned(_ operands: [ExportOperand], rank: Int) -> (names: [String], order: [Int]) {
        var order = Array(0..<rank)
        for case .value(let value) in operands where value.shape.rank == rank {
            order = value.order
            break
        }
        let isPlain = order == Array(0..<rank)
        let names = operands.map { operand -> String in
            let missing = rank - operand.shape.rank
            guard missing > 0, !isPlain else { return name(of: operand, order: missing > 0 ? nil : order) }
            let extents = [Int](repeating: 1, count: missing) + operand.shape.extents
            switch operand {
            case .tensor(let tensor, let path):
                return name(of: .tensor(tensor.reshaped(to: Shape(extents)), path: path), order: order)
            default:
                let axes = store(integers: Array(0..<missing), wanted: "axes")
                let longer = add("Unsqueeze", [name(of: operand), axes])
                let value = ExportValue(name: longer, shape: Shape(extents), order: Array(0..<rank))
                return arranged(value, order).name
            }
        }
        return (names, order)
    }
}

extension Onnx_TensorProto {
    /// Numbers in float32.
    init(_ tensor: Tensor) {
        dims = tensor.shape.map { Int64($0) }
        dataType = Int32(ElementType.float32.rawValue)
        rawData = Data(bytesOf: tensor.scalars)
    }

    /// Integers of a type.
    init(_ values: [Int], _ shape: Shape, _ type: ElementType) {
        dims = shape.map { Int64($0) }
        dataType = Int32(type.rawValue)
        rawData =
            switch type.byteCount {
            case 1: Data(values.map { UInt8(truncatingIfNeeded: $0) })
            case 2: Data(bytesOf: values.map { Int16(truncatingIfNeeded: $0) })
            case 4: Data(bytesOf: values.map { Int32(truncatingIfNeeded: $0) })
            default: Data(bytesOf: values.map { Int64($0) })
            }
    }
}

extension Onnx_AttributeProto {
    init(_ name: String, _ value: NodeCall.Attribute) {
        self.name = name
        switch value {
        case .float(let number): (type, f) = (.float, number)
        case .int(let number): (type, i) = (.int, Int64(number))
        case .string(let text): (type, s) = (.string, Data(text.utf8))
        case .tensor: fatalError("attribute \(name): tensors are stored, not written into nodes")
        case .floats(let numbers): (type, floats) = (.floats, numbers)
        case .ints(let numbers): (type, ints) = (.ints, numbers.map { Int64($0) })
        case .strings(let texts): (type, strings) = (.strings, texts.map { Data($0.utf8) })
        }
    }
}
