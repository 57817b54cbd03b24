import Autograd

/// A function of two numbers, whose operands are broadcast.
protocol PairFunction: FloatCForm {
    /// The function of x and y in C.
    var expression: String { get }
}

extension PairFunction {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        let operands = try node.operands.flatMap {
            [$0.numbers, try writer.text(Walk($0.shape, broadcastTo: node.shape), of: node)]
        }
        let function = writer.function("float x, float y", expression)
        writer.call(.combine, operands + [node.count, function, node.results])
    }
}

extension AddOperation: PairFunction { var expression: String { "x + y" } }
extension SubtractOperation: PairFunction { var expression: String { "x - y" } }
extension MultiplyOperation: PairFunction { var expression: String { "x * y" } }
extension DivideOperation: PairFunction { var expression: String { "x / y" } }
extension MinimumOperation: PairFunction { var expression: String { "x < y ? x : y" } }
extension MaximumOperation: PairFunction { var expression: String { "x > y ? x : y" } }
extension PowerOperation: PairFunction { var expression: String { "powf(x, y)" } }
extension PReLUOperation: PairFunction { var expression: String { "x > 0.0f ? x : y * x" } }
