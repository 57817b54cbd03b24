import CZlib

/// Decompresses gzip (RFC 1952) piece by piece: no more output than the caller asks for is ever made.
///
/// A file may consist of several members one after another, as `gzip` itself allows.
final class GzipStream {
    /// Why a stream cannot be decompressed.
    struct Corrupt: Error {
        let reason: String
        /// Whether the machine is to blame and not the stream.
        var isMachineFault = false

        init(reason: String) { self.reason = reason }

        init(status: Int32, _ message: UnsafePointer<CChar>? = nil) {
            isMachineFault = status == Z_MEM_ERROR
            reason =
                isMachineFault
                ? "no memory to decompress it" : message.map { String(cString: $0) } ?? "zlib status \(status)"
        }
    }

    /// Deflate codes at most 258 bytes in 2 bits, so no stream grows by more than this factor (zlib's own figure).
    static let largestRatio = 1032

    private let stream: UnsafeMutablePointer<z_stream>
    private let input: () throws -> [UInt8]
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var isAtEnd = false
    private var isBetweenMembers = false

    /// Creates a stream.
    ///
    /// - Parameter input: gives the next piece of the compressed file, empty at its end.
    init(input: @escaping () throws -> [UInt8]) throws {
        self.input = input
        // On the heap: zlib keeps the stream's own address and compares it.
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, 16 more for a gzip header and its checksum.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw Corrupt(status: status) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Writes decompressed bytes until the buffer is full or the file ends.
    ///
    /// - Returns: how many were written.
    /// - Throws: ``Corrupt`` for damaged or truncated data, and what `input` throws.
    func read(into output: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
        var written = 0
        while written < output.count {
            if consumed == buffer.count && !isAtEnd {
                buffer = try input()
                consumed = 0
                isAtEnd = buffer.isEmpty
            }
            if isAtEnd {
                guard isBetweenMembers else { throw Corrupt(reason: "the compressed data end early") }
                break
            }
            if isBetweenMembers {
                guard inflateReset(stream) == Z_OK else { throw Corrupt(reason: "zlib cannot start a member") }
                isBetweenMembers = false
            }
            written += try inflateOnce(into: UnsafeMutableBufferPointer(rebasing: output[written...]))
        }
        return written
    }

    private func inflateOnce(into output: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
        let available = buffer.count - consumed
        let room = min(output.count, Int(UInt32.max))
        let status = buffer.withUnsafeMutableBufferPointer { bytes in
            stream.pointee.next_in = bytes.baseAddress.map { $0 + consumed }
            stream.pointee.avail_in = UInt32(available)
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = UInt32(room)
            return inflate(stream, Z_NO_FLUSH)
        }
        consumed += available - Int(stream.pointee.avail_in)
        switch status {
        case Z_OK, Z_BUF_ERROR: break  // more input or more room is needed
        case Z_STREAM_END: isBetweenMembers = true
        default: throw Corrupt(status: status, stream.pointee.msg)
        }
        return room - Int(stream.pointee.avail_out)
    }
}
