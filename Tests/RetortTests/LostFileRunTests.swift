import Foundation
import Retort
import Synchronization
import Testing

@Suite("Runs over files that vanish")
struct LostFileRunTests {
    struct Run {
        /// The training files that vanish, and those that were told of.
        var vanishing: [String] = []
        var told: [String] = []
        /// Of each step.
        var losses: [Float] = []
        var error: String?
        /// What the same run, begun anew without the files, says of the checkpoint.
        var resumption: String?
        var hasCheckpoint = false
    }

    /// Trains 16 steps on a folder of two classes, of which all ants but one of those for training vanish after step 5.
    private static func train(skippingBad: Bool, losing isLosing: Bool = true) throws -> Run {
        let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (label, name) in ["ant", "bee"].enumerated() {
            let place = folder.appending(path: "data/\(name)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for number in 0..<12 {
                let pixels = (0..<16).map { UInt8((37 * $0 * (number + 1) + label * 90) % 256) }
                try PNGFile.write(
                    DecodedImage(pixels: pixels, height: 4, width: 4, channels: 1),
                    to: place.appending(path: "\(number).png"))
            }
        }
        let run = Mutex(Run())
        func read(_ onLoss: @escaping @Sendable (FormatError) -> Void = { _ in }) throws -> DividedData {
            try DividedData(
                folder: folder.appending(path: "data"), size: ImageSize(height: 4, width: 4, channels: 1),
                skippingBad: skippingBad, memory: 0, onLoss: onLoss)
        }
        let data = try read { error in run.withLock { $0.told.append(String(error.file.suffix(10))) } }
        let ids = data.train.placesByClass[0].map { data.train.sampleIDs[$0] }
        // Ids count the files in the order of their names.
        let names = (0..<12).map { "\($0).png" }.sorted()
        run.withLock { $0.vanishing = ids.dropFirst().map { String("/data/ant/\(names[$0])".suffix(10)) }.sorted() }
        let checkpoint = folder.appending(path: "run")
        var trainer = try Trainer(
            TrainingPlan(steps: 16, stepsPerEpoch: 4, batchSize: 8), on: TrainingData(labelled: data.train),
            checkpoint: checkpoint
        ) { progress in
            run.withLock { $0.losses.append(progress.loss) }
            guard isLosing, progress.step == 5 else { return }
            for (id, name) in names.enumerated() where id != ids[0] {
                try? FileManager.default.removeItem(at: folder.appending(path: "data/ant/\(name)"))
            }
        }
        trainer.keeping.settings = ["--data": "data"]
        let fresh = MLP(inputs: 16, hidden: [32], classes: 2, seed: 1)
        var model = fresh
        do { _ = try trainer.fit(&model) } catch let error as FormatError { run.withLock { $0.error = "\(error)" } }
        #expect(trainer.data.lostFiles.map { String($0.suffix(10)) }.sorted() == run.withLock { $0.told.sorted() })
        if skippingBad && isLosing {
            trainer.data = try TrainingData(labelled: read().train, normalization: trainer.data.normalization)
            model = fresh
            do { _ = try trainer.fit(&model) } catch { run.withLock { $0.resumption = "\(error)" } }
        }
        return run.withLock {
            var result = $0
            result.told.sort()
            result.hasCheckpoint = FileManager.default.fileExists(atPath: checkpoint.path)
            return result
        }
    }

    @Test("on request the run goes on to its end, each file is told once, and the steps before it keep their bits")
    func goingOn() throws {
        let (run, whole) = try (Self.train(skippingBad: true), Self.train(skippingBad: true, losing: false))
        #expect(run.error == nil && run.losses.count == 16)
        #expect(run.told == run.vanishing && run.told.count > 2)
        #expect(whole.told.isEmpty && whole.losses.prefix(5) == run.losses.prefix(5))
        #expect(whole.losses != run.losses)
        // The same run without them is another, and the checkpoint names them.
        let count = run.vanishing.count
        let counts = "other labelled images with the same options: ant had \(count + 1) images for training and has 1"
        #expect(run.resumption?.contains("the state of another run: \(counts); lost during the run: ") == true)
        #expect(run.resumption?.contains("/data/ant/") == true)
        #expect(run.resumption?.contains("; put the files back as they were, or remove ") == true)
    }

    @Test("without it the run ends, names the file, and its checkpoint is there")
    func ending() throws {
        let run = try Self.train(skippingBad: false)
        #expect(run.error?.contains("ant/") == true && run.told.isEmpty && run.hasCheckpoint)
        #expect((5..<16).contains(run.losses.count))
    }
}
