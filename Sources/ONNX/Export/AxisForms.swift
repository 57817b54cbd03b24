import Autograd
import Graph
import TensorCore

extension ExportWriter {
    /// The value that an operation on axes reads; a stored tensor lies as it is.
    mutating func value(_ operand: ExportOperand) -> ExportValue {
        if case .value(let value) = operand { return value }
        return ExportValue(name: name(of: operand), shape: operand.shape, order: Array(operand.shape.indices))
    }

    /// Numbers for each axis, in the order that ONNX has the axes in.
    func lying(_ numbers: [Int], _ value: ExportValue) -> [Int] { value.order.inversePermutation.map { numbers[$0] } }
}

extension FlattenOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        return ExportValue(name: writer.add("Flatten", [x], ["axis": .int(1)]), shape: shape, order: [0, 1])
    }
}

extension ReshapeOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.name(of: operands[0])
        // Numbers of 0 mean something else in ONNX; -1 stands for the batch here.
        let extents = writer.store(integers: extents)
        return ExportValue(name: writer.add("Reshape", [x, extents]), shape: shape, order: Array(shape.indices))
    }
}

extension TransposeOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.value(operands[0])
        // Only the names of axes change.
        return ExportValue(name: x.name, shape: shape, order: order.map { x.order[$0] })
    }
}

extension SliceOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.value(operands[0])
        let place = x.order[x.shape.place(ofAxis: axis) ?? axis]
        let inputs = [start, end, place].map { writer.store(integers: [$0]) }
        return ExportValue(name: writer.add("Slice", [x.name] + inputs), shape: shape, order: x.order)
    }
}

extension GatherOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.value(operands[0])
        let place = x.order[x.shape.place(ofAxis: axis) ?? axis]
        let indices = writer.store(integers: indices)
        return ExportValue(
            name: writer.add("Gather", [x.name, indices], ["axis": .int(place)]), shape: shape, order: x.order)
    }
}

extension PadOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.value(operands[0])
        let pads = writer.store(integers: writer.lying(before, x) + writer.lying(after, x))
        return ExportValue(
            name: writer.add("Pad", [x.name, pads, writer.number(value)]), shape: shape, order: x.order)
    }
}

extension ConcatenateOperation: ONNXForm {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let (names, order) = writer.aligned(operands, rank: shape.rank)
        return ExportValue(name: writer.add("Concat", names, ["axis": .int(order[axis])]), shape: shape, order: order)
    }
}

/// A reduction over axes that is one operator of ONNX.
private protocol ReductionOperator: ONNXForm, ReducingOperation {
    static var operatorName: String { get }
}

extension ReductionOperator {
    func write(_ operands: [ExportOperand], shape: Shape, to writer: inout ExportWriter) throws -> ExportValue {
        let x = writer.value(operands[0])
        let places = x.shape.places(ofAxes: axes) ?? []
        guard !places.isEmpty else { return x }
        let lying = places.map { x.order[$0] }.sorted()
        // Axes are an input of a sum from version 13 on, and of the others from 18 on.
        let isInput = writer.version >= (Self.operatorName == "ReduceSum" ? 13 : 18)
        var attributes: [String: NodeCall.Attribute] = ["keepdims": .int(keepsAxes ? 1 : 0)]
        if !isInput { attributes["axes"] = .ints(lying) }
        let inputs = [x.name] + (isInput ? [writer.store(integers: lying, wanted: "axes")] : [])
        var order = x.order
        if !keepsAxes {
            order = x.order.indices.filter { !places.contains($0) }.map { axis in
                x.order[axis] - lying.count { $0 < x.order[axis] }
            }
        }
        return ExportValue(name: writer.add(Self.operatorName, inputs, attributes), shape: shape, order: order)
    }
}

extension MeanOperation: ReductionOperator { static var operatorName: String { "ReduceMean" } }
extension SumOperation: ReductionOperator { static var operatorName: String { "ReduceSum" } }
extension MaxOperation: ReductionOperator { static var operatorName: String { "ReduceMax" } }
