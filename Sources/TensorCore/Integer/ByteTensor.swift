import CKernels

/// A dense, row-major array of UInt8: activations between the layers of an integer network, [N, H, W, C] or [N, C].
///
/// What a byte stands for is said by an ``AffineQuantization`` that the network keeps beside it.
public struct ByteTensor: Sendable {
    /// The extents of the axes.
    public let shape: Shape
    let storage: ByteStorage

    init(shape: Shape, storage: ByteStorage) {
        require(storage.count == shape.elementCount, "ByteTensor: \(storage.count) bytes cannot have shape \(shape)")
        self.shape = shape
        self.storage = storage
    }

    /// Creates a tensor with arbitrary content, for kernels that write all of it.
    init(uninitialized shape: Shape) { self.init(shape: shape, storage: ByteStorage(count: shape.elementCount)) }

    /// Creates a tensor from its bytes in row-major order.
    public init(_ bytes: [UInt8], shape: Shape) {
        require(bytes.count == shape.elementCount, "ByteTensor: \(bytes.count) bytes given for shape \(shape)")
        self.init(uninitialized: shape)
        bytes.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { pointer.update(from: first, count: bytes.count) }
        }
    }

    /// A copy of the bytes in row-major order.
    public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: pointer, count: storage.count)) }

    /// The number of bytes.
    public var count: Int { storage.count }

    /// The same bytes under another shape; shares storage.
    public func reshaped(to shape: Shape) -> ByteTensor { ByteTensor(shape: shape, storage: storage) }

    /// The bytes. Written only by whoever made the tensor, before anyone else has it.
    var pointer: UnsafeMutablePointer<UInt8> { storage.base }
}

/// The bytes of one or more tensors that share them, from the pool of all tensors.
final class ByteStorage: @unchecked Sendable {
    // Sendable because bytes are written by the function that makes a tensor and never afterwards.
    let base: UnsafeMutablePointer<UInt8>
    let count: Int
    // Kernels read four bytes at a time, beyond the last if need be.
    private static let slack = 64

    init(count: Int) {
        require(count <= StoragePool.largestCount, "ByteTensor: no memory holds \(count) bytes")
        self.count = count
        base = StoragePool.take(bytes: count + Self.slack)
            .bindMemory(to: UInt8.self, capacity: count + Self.slack)
    }

    deinit { StoragePool.giveBack(UnsafeMutableRawPointer(base), bytes: count + Self.slack) }
}

extension SIMDLevel {
    /// The level as the integer kernels take it.
    var kernelForm: rk_simd_level {
        require(self <= .detected, "SIMDLevel: \(self) asked for, this processor has \(SIMDLevel.detected)")
        return rk_simd_level(UInt32(rawValue))
    }
}
