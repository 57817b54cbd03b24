import Autograd
import Graph
import TensorCore

/// A program made ready to run: weights packed, tables filled, kernels found.
struct IntegerNetwork: Sendable {
    let program: IntegerProgram
    private let nodes: [PreparedIntegerNode]
    private let walker: GraphWalker

    /// Prepares a program.
    ///
    /// - Throws: ``GraphError`` where sums could overflow, or a node has no form in int8.
    init(_ program: IntegerProgram) throws {
        self.program = program
        nodes = try program.nodes.indices.map { try PreparedIntegerNode($0, of: program) }
        walker = GraphWalker(program)
    }

    /// For a node and each of its inputs the table from the input's values to the result's, where the node is one.
    func tables(of node: Int) -> [[UInt8]] { nodes[node].tables }

    /// The most bytes that results of its nodes take together while one image goes through, the input among them.
    var peakActivationBytes: Int {
        walker.peak(
            of: program.nodes.map { $0.shape.elementCount * ($0.quantization == nil ? MemoryLayout<Float>.size : 1) })
    }

    /// The result for a batch in float32.
    ///
    /// - Parameter observe: shown every node's result in float32, which costs a pass over it.
    func run(_ input: Tensor, observe: ((_ node: Int, _ value: Tensor) -> Void)? = nil) -> Tensor {
        walker.run { (index, value: (Int) -> IntegerValue) in
            let result = nodes[index](input, value)
            if let observe { observe(index, result.floats) }
            return result
        }.floats
    }
}

extension GraphWalker {
    /// That of a program's nodes.
    init(_ program: IntegerProgram) {
        self.init(sources: program.nodes.map(\.sources), output: program.nodes.count - 1)
    }
}
