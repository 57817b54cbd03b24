import Synchronization
import TensorCore

/// A change to a whole image in place that moves nothing and is neither a tone nor a matrix: what an operation drew,
/// ready to be carried out.
protocol PixelFilter: Sendable {
    /// The rectangle of which nothing is left; nil for none.
    var covered: (rows: Range<Int>, columns: Range<Int>)? { get }

    func apply(to image: Pixels, using scratch: Scratch)
}

extension PixelFilter {
    var covered: (rows: Range<Int>, columns: Range<Int>)? { nil }
}

/// The bytes of an image [height, width, channels] that a filter may change.
struct Pixels {
    let base: UnsafeMutablePointer<UInt8>
    let extent: ImageExtent

    /// Pixels of the image.
    var area: Int { extent.height * extent.width }
    /// Bytes of the image.
    var count: Int { area * extent.channels }
}

/// Memory that images are rendered in. It grows to what the largest image or filter needs, and is then used again and
/// again.
final class Scratch: @unchecked Sendable {
    private var memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    private var capacity = 64

    private static let idle = Mutex<[Scratch]>([])
    /// How often memory was allocated since the program began.
    static let allocations = Atomic(0)

    /// One that nobody uses.
    static func take() -> Scratch { idle.withLock { $0.popLast() } ?? Scratch() }

    /// Gives it to the next.
    func giveBack() { Scratch.idle.withLock { $0.append(self) } }

    deinit { memory.deallocate() }

    /// Memory of uninitialised numbers, until the next call.
    func reserve(_ parts: Int...) -> Parts {
        let total = parts.reduce(0) { $0 + Scratch.aligned($1) }
        if total > capacity {
            memory.deallocate()
            memory = .allocate(byteCount: total, alignment: 64)
            capacity = total
            Scratch.allocations.add(1, ordering: .relaxed)
        }
        return Parts(next: memory, left: capacity)
    }

    /// Parts of a reserved memory, handed out in the order and of the bytes that were asked for.
    struct Parts {
        fileprivate var next: UnsafeMutableRawPointer
        fileprivate var left: Int

        mutating func take<Number>(_ count: Int, of type: Number.Type) -> UnsafeMutablePointer<Number> {
            let bytes = Scratch.aligned(count * MemoryLayout<Number>.stride)
            require(bytes <= left, "Scratch: \(bytes) bytes taken, \(left) are left")
            defer {
                next += bytes
                left -= bytes
            }
            return next.bindMemory(to: type, capacity: count)
        }
    }

    private static func aligned(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
}

/// Key and counter of the random words that a kernel draws.
struct KernelRandom {
    let key: [UInt32]
    let counter: [UInt32]

    /// Blocks from `first` on; those before are for the parameters of an operation.
    init(_ stream: RandomStream, first: UInt32 = 1 << 16) {
        key = [UInt32(truncatingIfNeeded: stream.seed), UInt32(truncatingIfNeeded: stream.seed >> 32)]
        counter = [
            first, UInt32(truncatingIfNeeded: stream.operation), UInt32(truncatingIfNeeded: stream.sample),
            UInt32(truncatingIfNeeded: stream.epoch),
        ]
    }
}
