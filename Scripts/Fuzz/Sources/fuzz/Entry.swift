import Foundation
import Retort

/// The reader that this process feeds, from RETORT_FUZZ; RETORT_FUZZ_SEEDS names a folder that its seeds go to instead.
private let target: any FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["RETORT_FUZZ"] ?? ""
    guard let target = allTargets.first(where: { $0.name == name }) else {
        print("RETORT_FUZZ: \(name) found, one of \(allTargets.map(\.name).joined(separator: ", ")) expected")
        exit(64)
    }
    return target
}()

/// libFuzzer's hook before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafePointer<CInt>, _ arguments: UnsafeRawPointer) -> CInt {
    // One image never needs a second thread, and a hang is then one of the reader.
    Parallel.threads = 1
    guard let folder = ProcessInfo.processInfo.environment["RETORT_FUZZ_SEEDS"] else { return 0 }
    do {
        for (index, seed) in try target.seeds().enumerated() {
            try seed.write(to: URL(fileURLWithPath: folder).appending(path: "seed-\(index)"))
        }
    } catch {
        print("seeds of \(target.name): \(error)")
        exit(1)
    }
    exit(0)
}

/// One input: an error of one of ours is the reader's right; a trap, a sanitizer's finding or a hang ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let data = bytes.map { Data(bytes: $0, count: count) } ?? Data()
    do { try target.read(data) } catch is FormatError {
    } catch is ConfigurationError {
    } catch is MachineError {
    } catch is GraphError {
    } catch {
        fatalError("\(target.name): an error that is none of ours: \(type(of: error)): \(error)")
    }
    return 0
}
