// measure WORK [--batch 64] [--threads 2] [--seconds S] [--images FOLDER]
//
// train/NET, infer/NET, int8/NET, distill/TEACHER-STUDENT, augment/policy32, augment/fog224: repeats the work for
// S seconds (6) and prints one line of JSON: the median rate over three windows, after a warm-up, and the peak of the
// memory in use. NET is cnn16, cnn32, resnet20 and the like; what augment/ knows is in Augmentations.swift.
//
// photographs/natural224: decodes and augments JPEG files of FOLDER, which has a subfolder for each class. feed/SIDE: how
// much longer a training of ResNet-18 on crops of that side takes, when its images are decoded as it needs them, than
// from memory.
//
// prefetch/digits, prefetch/natural: what the augmentation of that name adds to the time of training cnn16.
//
// costs, costs/CHANNELS: how well the cost model predicts each operation and ready policy at sides that were not
// calibrated.
//
// convolution, convolution/NET, convolution/LAYER: a table of every algorithm on each layer of the yardstick networks,
// of one network, or on a layer given as 32x32x16-32k3s2 (H×W×C→K, kernel, stride); S seconds (0.3) a figure, on one
// thread and on all that were asked for. machine: what the processor can do at most.
//
// overhead: what each loss, and a run of distillation, takes beyond both networks; S seconds (1) a figure.

import Foundation
import Retort

var options: [String: Double] = [:]
var arguments = Array(CommandLine.arguments.dropFirst())
func usage() -> Never {
    let text = "usage: measure WORK [--batch B] [--threads T] [--seconds S] [--images FOLDER]\n"
    FileHandle.standardError.write(Data(text.utf8))
    exit(64)
}
guard let name = arguments.first else { usage() }
arguments.removeFirst()
var folder: URL?
if let place = arguments.firstIndex(of: "--images"), place + 1 < arguments.count {
    folder = URL(fileURLWithPath: arguments[place + 1], isDirectory: true)
    arguments.removeSubrange(place...place + 1)
}
while arguments.count >= 2 {
    guard let value = Double(arguments[1]), value > 0, ["--batch", "--threads", "--seconds"].contains(arguments[0])
    else {
        usage()
    }
    options[String(arguments[0].dropFirst(2))] = value
    arguments.removeFirst(2)
}
guard arguments.isEmpty else { usage() }
let (batch, threads) = (Int(options["batch"] ?? 64), Int(options["threads"] ?? 2))
guard batch > 0, threads > 0 else { usage() }
Parallel.threads = threads

let seconds = options["seconds"]
if name == "machine" {
    print(MachineLimits(threads: threads, seconds: seconds ?? 0.3).table)
} else if let layers = try ConvolutionLayers(name) {
    let limits = MachineLimits(threads: threads, seconds: seconds ?? 0.3)
    print(limits.table + "\n")
    layers.printTable(batch: batch, limits, seconds: seconds ?? 0.3)
} else if let training = PrefetchedTraining(name, batch: batch) {
    let (augmented, plain, added) = try training.measure(seconds: seconds ?? 6)
    print(
        "{\"work\": \"\(name)\", \"images_per_s\": \(augmented), \"plain_images_per_s\": \(plain), "
            + "\"added\": \(added[0]), \"added_least\": \(added[1]), \"added_most\": \(added[2]), "
            + "\"batch\": \(batch), \"threads\": \(threads), \"simd\": \"\(SIMDLevel.active)\"}")
} else if let folder, let photographs = try Photographs(name, in: folder, batch: batch) {
    print(try photographs.measure(seconds: seconds ?? 6))
} else if let predictions = CostPredictions(name) {
    try predictions.printTable()
} else if name == "overhead" {
    try DistillationOverhead(batch: batch, seconds: seconds ?? 1).printTable()
} else if let work = try Work(name, batch: batch) {
    let rate = Double(work.images) / medianTime(within: seconds ?? 6, warmUp: 3, work.step)
    print(
        "{\"work\": \"\(name)\", \"images_per_s\": \(rate), \"batch\": \(batch), \"threads\": \(threads), "
            + "\"simd\": \"\(SIMDLevel.active)\", \"peak_kilobytes\": \(peakKilobytes() ?? 0)}")
} else {
    usage()
}
