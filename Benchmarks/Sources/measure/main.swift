// measure WORK [--batch 64] [--threads 2] [--seconds 6]
//
// Repeats one piece of work and prints one line of JSON: the median rate over three windows, after a warm-up, and the
// peak of the memory in use. Works: train/, infer/, int8/ with cnn16, cnn32, resnet20; distill/cnn32-cnn16;
// augment/policy32, augment/policy224.

import Foundation
import Retort

var options = ["batch": 64.0, "threads": 2.0, "seconds": 6.0]
var arguments = Array(CommandLine.arguments.dropFirst())
func usage() -> Never {
    FileHandle.standardError.write(Data("usage: measure WORK [--batch B] [--threads T] [--seconds S]\n".utf8))
    exit(64)
}
guard let name = arguments.first else { usage() }
arguments.removeFirst()
while arguments.count >= 2 {
    guard let value = Double(arguments[1]), value > 0, options[String(arguments[0].dropFirst(2))] != nil else {
        usage()
    }
    options[String(arguments[0].dropFirst(2))] = value
    arguments.removeFirst(2)
}
let (batch, threads, seconds) = (Int(options["batch"] ?? 64), Int(options["threads"] ?? 2), options["seconds"] ?? 6)
Parallel.threads = threads
guard arguments.isEmpty, let work = try Work(name, batch: batch) else { usage() }

for _ in 0..<3 { work.step() }
let rates = (0..<3).map { _ -> Double in
    let start = DispatchTime.now().uptimeNanoseconds
    var images = 0
    var elapsed = 0.0
    repeat {
        work.step()
        images += work.images
        elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    } while elapsed < seconds / 3
    return Double(images) / elapsed
}.sorted()

let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }.flatMap { line in
    line.split(separator: " ").compactMap { Int($0) }.first
}
print(
    "{\"work\": \"\(name)\", \"images_per_s\": \(rates[1]), \"batch\": \(batch), \"threads\": \(threads), "
        + "\"simd\": \"\(SIMDLevel.active)\", \"peak_kilobytes\": \(peak ?? 0)}")
