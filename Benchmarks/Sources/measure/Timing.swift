import Foundation

/// The seconds that one call takes: the median over windows of equal length, which together take the time given.
///
/// - Parameter warmUp: calls before the first window.
func medianTime(within seconds: Double, windows: Int = 3, warmUp: Int = 1, _ step: () -> Void) -> Double {
    for _ in 0..<warmUp { step() }
    let times = (0..<windows).map { _ -> Double in
        let start = DispatchTime.now().uptimeNanoseconds
        var calls = 0
        var elapsed = 0.0
        repeat {
            step()
            calls += 1
            elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
        } while elapsed < seconds / Double(windows)
        return elapsed / Double(calls)
    }
    return times.sorted()[windows / 2]
}

/// The most memory that this process has had, in kilobytes; nil where the system does not tell.
func peakKilobytes() -> Int? {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }.flatMap { line in
        line.split(separator: " ").compactMap { Int($0) }.first
    }
}
