import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

// Caches whose writers are killed, or not alone.
extension TeacherCacheTests {
    // As the checkpoint's test: a random time after a step of the child's own, whatever else the machine does. Every third child
    // starts afresh, every other one of these without outputs; the rest continue what was left behind.
    @Test("Killed at 20 random moments, with and without what was there: the bits of the uninterrupted run")
    func killed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (cache, run) = (folder.appending(path: "cache"), folder.appending(path: "run"))
        let path = folder.path
        let whole = try TinyLesson.result(Self.distiller(nil))
        var filled: Result?
        let time = try ContinuousClock().measure {
            filled = try TinyLesson.result(Self.distiller(cache), checkpoint: run)
        }
        #expect(filled == whole)
        let contents = try Self.epochs.map { try Data(contentsOf: cache.appending(path: $0)) }
        let microseconds = Double(time.components.attoseconds) * 1e-12 + Double(time.components.seconds) * 1e6
        for url in [cache, run] { try FileManager.default.removeItem(at: url) }
        var random = Philox(seed: 21)
        var interrupted = 0
        for kill in 0..<20 {
            if kill % 3 == 0 { try? FileManager.default.removeItem(at: run) }
            if kill % 6 == 0 { try? FileManager.default.removeItem(at: cache) }
            let step = 1 + random.index(below: 11)
            let delay = Int(Double(random.uniform()) * microseconds / 4)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, step = step as Int, delay = delay as Int] in
                let folder = URL(filePath: path)
                let distiller = Distiller(
                    teacher: TinyLesson.teacher, temperature: .linear(from: 3, to: 1),
                    teacherCache: folder.appending(path: "cache"))
                _ = try TinyLesson.result(distiller, checkpoint: folder.appending(path: "run")) { progress in
                    guard progress.step == step else { return }
                    Thread.detachNewThread {
                        usleep(UInt32(delay))
                        Foundation.kill(getpid(), SIGKILL)
                    }
                }
                Foundation.kill(getpid(), SIGKILL)  // done before the moment came, or that step was done already
            }
            let complete = (try? files(cache).filter { $0.hasPrefix("epoch-") }) ?? []
            if complete != Self.epochs { interrupted += 1 }
            if kill % 3 == 2 || kill == 19 {
                // A new student of the same terms first, on what outputs there are; then the killed run to its end.
                #expect(try TinyLesson.result(Self.distiller(cache)) == whole)
                #expect(try TinyLesson.result(Self.distiller(cache), checkpoint: run) == whole)
                #expect(try Self.epochs.map { try Data(contentsOf: cache.appending(path: $0)) } == contents)
                #expect(try files(cache) == Self.epochs + ["validation.safetensors"])
            }
        }
        #expect(interrupted > 0, "no kill fell before the last epoch's outputs were written")
    }

    @Test("Two distillers at once, in one folder or two, get what each gets alone")
    func sideBySide() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let alone = try [TinyNet(seed: 1), TinyNet(width: 4, seed: 2)].map {
            try TinyLesson.result(Self.distiller(nil), $0)
        }
        let other = try TinyLesson.result(Self.distiller(nil, TinyLesson.second))
        for round in 0..<3 {
            let cache = folder.appending(path: "\(round)")
            async let first = TinyLesson.result(Self.distiller(cache), TinyNet(seed: 1))
            async let second = TinyLesson.result(Self.distiller(cache), TinyNet(width: 4, seed: 2))
            async let third = TinyLesson.result(
                Self.distiller(folder.appending(path: "other \(round)"), TinyLesson.second))
            let found = try await [first, second, third]
            #expect(found == alone + [other])
            #expect(try files(cache) == Self.epochs + ["validation.safetensors"])
        }
    }
}
