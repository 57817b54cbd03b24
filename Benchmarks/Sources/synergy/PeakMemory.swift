import Foundation
import Retort

/// The highest resident memory of the process, as Linux counts it (`VmHWM` in `proc(5)`).
enum PeakMemory {
    /// Nil on other systems.
    static var bytes: Int? {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    /// At the end of a line that says more; empty where the system does not tell.
    static func text(_ bytes: Int?) -> String { bytes.map { ", peak memory \($0 / 1_000_000) MB" } ?? "" }
}
