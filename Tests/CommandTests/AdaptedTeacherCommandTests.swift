import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: a teacher of another size, of other classes, for colours")
struct AdaptedTeacherCommandTests {
    private static let quick = "--architecture mlp-4 --steps 2 --batch 8 --threads 1"

    /// Writes images of 16 pixels whose class is their colour.
    private static func write(_ classes: [String], to folder: URL) throws {
        try writeImages(classes.map { ($0, 12) }, to: folder) { label, number in
            (16, (0..<256).flatMap { place in [UInt8(25 * label), UInt8(place), UInt8(10 * number)] })
        }
    }

    @Test("A student of 8 pixels learns from a teacher of 16, also with an augmentation, grey, and under two teachers")
    func sizes() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(["a", "b", "c"], to: folder.appending(path: "d"))
            try retort.succeed("train --data d \(Self.quick) --image-size 16 --output large")
            try retort.succeed("train --data d \(Self.quick) --image-size 12 --output middle")
            for (options, size) in [
                ("--teacher large --image-size 8", "8×8×3"),
                ("--teacher large --image-size 8 --augment natural --checkpoint k", "8×8×3"),
                ("--teacher large --teacher middle --image-size 8", "8×8×3"),
                ("--teacher large --grey", "16×16×1"), ("--teacher large", "16×16×3"),
            ] {
                try retort.succeed("distill \(options) --data d \(Self.quick) --output s")
                #expect(try retort.succeed("info s").output.contains(size), "\(options)")
                try retort.succeed("evaluate s --data d")
            }
            let refused = try retort.fail(
                "distill --teacher large --image-size 8 --augment natural --gate 0.5 --data d \(Self.quick) --output x")
            #expect(
                refused.errors.hasPrefix(
                    "Error: --gate: asks the teacher about the student's images of 8×8, and it reads 16×16;"),
                "\(refused.errors)")
        }
    }

    @Test("Images in memory go to a teacher for colours of another size: the embedded digits to one of 16 pixels")
    func digits() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write((0..<10).map(String.init), to: folder.appending(path: "d"))
            try retort.succeed("train --data d \(Self.quick) --image-size 16 --output teacher")
            try retort.succeed("distill --teacher teacher \(Self.quick) --labels 100 --output s")
            #expect(try retort.succeed("info s").output.contains("28×28×1"))
        }
    }

    @Test(
        "Classes are chosen by their names or by a map; one that the teacher does not know is refused with both lists")
    func classes() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(["a", "b", "c", "d"], to: folder.appending(path: "all"))
            try Self.write(["b", "d"], to: folder.appending(path: "some"))
            try Self.write(["cold", "warm"], to: folder.appending(path: "others"))
            try retort.succeed("train --data all \(Self.quick) --image-size 8 --output teacher")
            let line = "distill --teacher teacher \(Self.quick) --output s --data"
            try retort.succeed("\(line) some")
            #expect(try retort.succeed("info s").output.contains("2"))
            let refused = try retort.fail("\(line) others")
            #expect(
                refused.errors.contains("4 classes (a, b, c, …)") && refused.errors.contains("cold, warm")
                    && refused.errors.contains("--teacher-classes"), "\(refused.errors)")
            try Data(#"{"a": "cold", "b": "cold", "d": "warm"}"#.utf8).write(to: folder.appending(path: "map.json"))
            try retort.succeed("\(line) others --teacher-classes map.json")
            #expect(
                try retort.fail("\(line) some --teacher-classes map.json").errors.contains("map.json: class 'cold'"))
            #expect(
                try retort.fail("distill --mean-teacher 0.9 --teacher-classes map.json --output x").errors
                    .contains("--teacher-classes"))
        }
    }

    @Test("A teacher of four channels is refused for grey images, with both numbers")
    func channels() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let network = ConvNet(width: 4, channels: 4, classes: 10, seed: 1)
            let normalization = Normalization(
                mean: [Float](repeating: 0.5, count: 4), deviation: [Float](repeating: 0.5, count: 4))
            try ModelFile(
                network, inputShape: [8, 8, 4],
                description: .init(
                    architecture: "convnet-4", normalization: normalization, classNames: (0..<10).map(String.init))
            ).write(to: folder.appending(path: "four"))
            let refused = try retort.fail("distill --teacher four \(Self.quick) --output x")
            #expect(refused.status == 1 && refused.errorLines.count == 1, "\(refused.errors)")
            #expect(
                refused.errors.contains("four: it reads images of 4 channels, and those of the embedded digits have 1;")
            )
        }
    }
}
