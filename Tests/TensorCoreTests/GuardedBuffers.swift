import CKernels
import Foundation
import TensorCore
import Testing

/// Where the buffers of a kernel's call lie.
enum Placement: CaseIterable {
    /// Aligned to 64 bytes, with room on both sides.
    case ordinary
    /// The last element ends at a page that may not be touched.
    case beforeGuard
    /// The first element begins right behind one.
    case afterGuard
    /// One element behind it, so aligned to an element and no more.
    case unaligned
}

/// Lends a kernel's buffers and keeps what the kernel wrote.
final class Buffers {
    private let placement: Placement
    private var regions: [UnsafeMutableRawBufferPointer] = []
    private var written: [UnsafeRawBufferPointer] = []
    private static let page = Int(getpagesize())

    init(_ placement: Placement) { self.placement = placement }

    deinit { for region in regions { munmap(region.baseAddress, region.count) } }

    /// What the kernel reads.
    func input<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafePointer<Element> {
        let buffer = place(values.count, of: Element.self)
        buffer.update(from: values, count: values.count)
        mprotectAll(holding: buffer, PROT_READ)
        return UnsafePointer(buffer)
    }

    /// What the kernel reads and writes.
    func updated<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
        let buffer = place(values.count, of: Element.self)
        buffer.update(from: values, count: values.count)
        keep(buffer, values.count)
        return buffer
    }

    /// What the kernel writes; its content before is another one in each placement, and must not matter.
    func output<Element: BitwiseCopyable>(_ count: Int, of type: Element.Type = Float.self) -> UnsafeMutablePointer<
        Element
    > {
        let buffer = workspace(count, of: type)
        keep(buffer, count)
        return buffer
    }

    /// What the kernel may use meanwhile. All ones are a NaN.
    func workspace<Element: BitwiseCopyable>(_ count: Int, of type: Element.Type = Float.self) -> UnsafeMutablePointer<
        Element
    > {
        let buffer = place(count, of: type)
        memset(buffer, placement == .ordinary ? 0 : 0xFF, count * MemoryLayout<Element>.stride)
        return buffer
    }

    /// The bytes of all outputs, in the order in which they were asked for.
    var results: [[UInt8]] { written.map(Array.init) }

    private func keep<Element>(_ buffer: UnsafeMutablePointer<Element>, _ count: Int) {
        written.append(UnsafeRawBufferPointer(start: buffer, count: count * MemoryLayout<Element>.stride))
    }

    private func place<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        let (bytes, page) = (count * MemoryLayout<Element>.stride, Self.page)
        let used = (bytes + MemoryLayout<Element>.stride + page - 1) / page * page
        let size = used + 2 * page
        guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), base != MAP_FAILED
        else {
            fatalError("no memory for a guarded buffer")
        }
        regions.append(UnsafeMutableRawBufferPointer(start: base, count: size))
        if placement != .ordinary {
            mprotect(base, page, PROT_NONE)
            mprotect(base + (page + used), page, PROT_NONE)
        }
        let offset =
            switch placement {
            case .ordinary, .afterGuard: page
            case .beforeGuard: page + used - bytes
            case .unaligned: page + MemoryLayout<Element>.stride
            }
        return (base + offset).bindMemory(to: Element.self, capacity: count)
    }

    /// Inputs are read-only, up to the pages around them.
    private func mprotectAll(holding buffer: UnsafeMutableRawPointer, _ protection: Int32) {
        guard let region = regions.last, let base = region.baseAddress else { return }
        mprotect(base + Self.page, region.count - 2 * Self.page, protection)
    }
}

/// Calls a kernel at a level with its buffers in every placement: it touches nothing beside them, and writes the same
/// bits.
func expectStaysInside(
    _ what: @autoclosure () -> String, level: SIMDLevel, _ call: (Buffers) -> Void
) {
    SIMDLevel.limit(to: level)
    var expected: [[UInt8]] = []
    for placement in Placement.allCases {
        let buffers = Buffers(placement)
        call(buffers)
        let results = buffers.results
        if placement == .ordinary { expected = results }
        let agrees = results == expected
        #expect(agrees, "\(what()) at level \(level), buffers \(placement)")
    }
}

/// At every level of this machine.
func expectStaysInside(_ what: @autoclosure () -> String, _ call: (Buffers) -> Void) {
    for level in SIMDLevel.available { expectStaysInside(what(), level: level, call) }
}

/// Numbers in -2 ... 2, the same for the same count and stream.
func guardNumbers(_ count: Int, _ stream: Int) -> [Float] {
    var random = Philox(seed: 97, sample: stream)
    return (0..<count).map { _ in random.uniform(in: -2...2) }
}

/// Counts around the vector lengths 8 and 16.
let guardTails = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 100, 1041]
