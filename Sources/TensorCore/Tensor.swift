/// A dense, row-major array of Float32 with any number of axes.
///
/// A value: assigning copies nothing until one of the copies is written. Buffers are 64-byte aligned and come from
/// ``StoragePool``. Images are [N, H, W, C], convolution weights [kernel height, kernel width, input channels, output
/// channels], dense weights [in, out].
public struct Tensor: Sendable {
    /// The extents of the axes.
    public let shape: Shape
    var storage: TensorStorage

    init(shape: Shape, storage: TensorStorage) {
        require(storage.count == shape.elementCount, "Tensor: \(storage.count) elements cannot have shape \(shape)")
        self.shape = shape
        self.storage = storage
    }

    /// Creates a tensor whose elements the closure writes, every one of them: the span's old content is arbitrary.
    public init(shape: Shape, initializingWith initialize: (inout MutableSpan<Float>) throws -> Void) rethrows {
        self.init(uninitialized: shape)
        try withMutableSpan(initialize)
    }

    /// Creates a tensor with arbitrary content, for kernels that write all of it.
    init(uninitialized shape: Shape) {
        self.init(shape: shape, storage: TensorStorage(count: shape.elementCount))
    }

    /// Creates a tensor with every element equal to a value.
    public init(repeating value: Float, shape: Shape) {
        self.init(uninitialized: shape)
        storage.base.initialize(repeating: value, count: shape.elementCount)
    }

    /// Creates a tensor of zeros.
    public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }

    /// Creates a tensor of ones.
    public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }

    /// Creates a tensor from its elements in row-major order.
    ///
    /// - Parameter shape: as many elements as `scalars` has; one axis when omitted.
    public init(_ scalars: [Float], shape: Shape? = nil) {
        let shape = shape ?? [scalars.count]
        require(scalars.count == shape.elementCount, "Tensor: \(scalars.count) elements given for shape \(shape)")
        self.init(uninitialized: shape)
        scalars.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { storage.base.initialize(from: first, count: scalars.count) }
        }
    }

    /// Creates a tensor without axes.
    public init(_ scalar: Float) { self.init([scalar], shape: []) }

    /// The number of elements.
    public var count: Int { storage.count }

    /// A copy of the elements in row-major order.
    public var scalars: [Float] { Array(UnsafeBufferPointer(start: storage.base, count: count)) }

    /// The only element of a tensor that has one.
    public var scalar: Float {
        require(count == 1, "Tensor.scalar: shape \(shape) has \(count) elements, 1 expected")
        return storage.base[0]
    }

    /// One element, addressed by an index per axis.
    public subscript(indices: Int...) -> Float {
        get { storage.base[offset(of: indices)] }
        set {
            let offset = offset(of: indices)
            makeUnique()
            storage.base[offset] = newValue
        }
    }

    /// The same elements under another shape; shares storage.
    public func reshaped(to shape: Shape) -> Tensor {
        require(
            shape.elementCount == count,
            "reshaped: \(self.shape) has \(count) elements, \(shape) has \(shape.elementCount)")
        return Tensor(shape: shape, storage: storage)
    }

    /// Calls the closure with the elements in row-major order.
    public func withSpan<R, E: Error>(_ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
        let elements = UnsafeBufferPointer(start: storage.base, count: count)
        return try body(elements.span)
    }

    /// Calls the closure with the elements for writing, copied first if another tensor shares them.
    public mutating func withMutableSpan<R, E: Error>(_ body: (inout MutableSpan<Float>) throws(E) -> R) throws(E) -> R
    {
        makeUnique()
        let elements = UnsafeMutableBufferPointer(start: storage.base, count: count)
        var span = elements.mutableSpan
        return try body(&span)
    }

    /// The elements, for the kernels of this module. Valid while the tensor lives.
    var pointer: UnsafePointer<Float> { UnsafePointer(storage.base) }

    /// The elements for writing, copied first if another tensor shares them.
    mutating func mutablePointer() -> UnsafeMutablePointer<Float> {
        makeUnique()
        return storage.base
    }

    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&storage) else { return }
        let copy = TensorStorage(count: count)
        copy.base.initialize(from: storage.base, count: count)
        storage = copy
    }

    private func offset(of indices: [Int]) -> Int {
        require(
            indices.count == shape.rank && zip(indices, shape).allSatisfy { $0 >= 0 && $0 < $1 },
            "Tensor: index \(indices) is outside shape \(shape)")
        return zip(indices, shape).reduce(0) { $0 * $1.1 + $1.0 }
    }
}

extension Tensor: Equatable {
    /// Same shape and equal elements; NaN equals nothing, -0 equals 0.
    public static func == (left: Tensor, right: Tensor) -> Bool {
        left.shape == right.shape && (0..<left.count).allSatisfy { left.storage.base[$0] == right.storage.base[$0] }
    }

    /// Same shape and the same bits in every element.
    public func isBitIdentical(to other: Tensor) -> Bool {
        shape == other.shape
            && (0..<count).allSatisfy { storage.base[$0].bitPattern == other.storage.base[$0].bitPattern }
    }
}
