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
    // Every third child starts afresh, every other one of these without outputs; the rest continue what was left behind.
    @Test("Killed at 20 moments, with and without what was there: the bits of the uninterrupted run")
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
        for url in [cache, run] { try FileManager.default.removeItem(at: url) }
        for (kill, moment) in KillMoment.twenty(steps: 11, longest: time / 4, seed: 21).enumerated() {
            if kill % 3 == 0 { try? FileManager.default.removeItem(at: run) }
            if kill % 6 == 0 { try? FileManager.default.removeItem(at: cache) }
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, moment = moment as KillMoment] in
                let folder = URL(filePath: path)
                let distiller = Distiller(
                    teacher: TinyLesson.teacher, temperature: .linear(from: 3, to: 1),
                    teacherCache: folder.appending(path: "cache"))
                _ = try TinyLesson.result(distiller, checkpoint: folder.appending(path: "run")) { progress in
                    moment.reached(progress.step)
                }
                KillMoment.strike()  // done before the moment came, or that step was done already
            }
            // The first three were killed before the outputs of the last epoch were written.
            if kill < 3 {
                let complete = (try? files(cache).filter { $0.hasPrefix("epoch-") }) ?? []
                #expect(complete != Self.epochs)
            }
            if kill % 3 == 2 || kill == 19 {
                // A new student of the same terms first, on what outputs there are; then the killed run to its end.
                #expect(try TinyLesson.result(Self.distiller(cache)) == whole)
                #expect(try TinyLesson.result(Self.distiller(cache), checkpoint: run) == whole)
                #expect(try Self.epochs.map { try Data(contentsOf: cache.appending(path: $0)) } == contents)
                #expect(try files(cache) == Self.epochs + ["validation.safetensors"])
            }
        }
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
