import TensorCore

/// The operations that a file may name, and how each is read.
///
///     let operations = OperationRegistry.standard.adding(QuickGELU.self)
public struct OperationRegistry: Sendable {
    private var decoders: [String: @Sendable (any Decoder) throws -> any GraphOperation] = [:]

    /// Knows the given operations.
    public init(_ operations: [any GraphOperation.Type]) {
        for operation in operations { add(operation) }
    }

    /// The same, and one more.
    ///
    /// - Parameter operation: of a name that no other has; a second one of a name stops the program.
    public func adding(_ operation: any GraphOperation.Type) -> OperationRegistry {
        var registry = self
        registry.add(operation)
        return registry
    }

    private mutating func add(_ operation: any GraphOperation.Type) {
        let name = operation.name
        require(decoders[name] == nil, "OperationRegistry: two operations are called \(name)")
        decoders[name] = { try operation.init(from: $0) }
    }

    /// The names, sorted.
    public var names: [String] { decoders.keys.sorted() }

    /// Reads the operation of a name with its attributes; nil if none has the name.
    ///
    /// - Throws: what decoding of its attributes throws.
    public func decode(_ name: String, from decoder: any Decoder) throws -> AnyOperation? {
        try decoders[name].map { AnyOperation(try $0(decoder)) }
    }

    /// All operations of this library.
    public static let standard = OperationRegistry([
        AbsOperation.self, AddOperation.self, AveragePool2DOperation.self, BatchedMatmulOperation.self,
        BatchNormOperation.self, BroadcastOperation.self, ClampOperation.self, ConcatenateOperation.self,
        Convolution2DOperation.self, DenseOperation.self, DivideOperation.self, ELUOperation.self, ErfOperation.self,
        ExpOperation.self, FlattenOperation.self, GatherOperation.self, GELUOperation.self,
        GlobalAveragePoolOperation.self, GroupNormOperation.self, HardSigmoidOperation.self, HardSwishOperation.self,
        LayerNormOperation.self, LeakyReLUOperation.self, LogOperation.self, LogSoftmaxOperation.self,
        MaximumOperation.self, MaxOperation.self, MaxPool2DOperation.self, MeanOperation.self, MinimumOperation.self,
        MultiplyOperation.self, NegateOperation.self, OffsetOperation.self, PadOperation.self, PowerOperation.self,
        PowOperation.self, PReLUOperation.self, ReLUOperation.self, ReshapeOperation.self, RMSNormOperation.self,
        RoundOperation.self, ScaleOperation.self, SelectOperation.self, SigmoidOperation.self, SignOperation.self,
        SiLUOperation.self, SliceOperation.self, SoftmaxOperation.self, SoftplusOperation.self, SqrtOperation.self,
        SubtractOperation.self, SumOperation.self, TanhOperation.self, TransposeOperation.self,
    ])
}
