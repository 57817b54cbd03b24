import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: layouts of data, and labels of unequal classes")
struct LayoutTests {
    @Test("a model of a class folder tests the same images of its table, and hidden files are told of")
    func layouts() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try DataTests.write(["heads", "tails"], 20, to: folder.appending(path: "d"))
            try folder.file("d/.DS_Store", [1])
            let trained = try retort.succeed("train --data d \(DataTests.quick) --output m")
            #expect(trained.errors.contains("d: 1 hidden entry left out (.DS_Store)"))
            let rows = ["heads", "tails"].flatMap { name in (0..<20).map { "\(name)/\($0).png,\(name)\n" } }
            try folder.file("d/all.csv", Array(rows.joined().utf8))
            let tested = try ["d", "d/all.csv"].map { data in
                try retort.succeed("evaluate m --data \(data) --json").json()["confusion"] as? [[Int]]
            }
            #expect(tested[0] != nil && tested[0] == tested[1])
        }
    }

    @Test("--labels-by shares takes what even labels cannot; names, and what it has no effect without, are said")
    func shares() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let data = folder.appending(path: "d")
            try DataTests.write(["many"], 60, to: data)
            try DataTests.write(["few"], 6, to: data)
            let line = "train --data d \(DataTests.quick) --output m --labels 30"
            let even = try retort.fail(line)
            #expect(even.errors.contains("15 with labels expected; keep the classes' shares by --labels-by shares"))
            let shares = try retort.succeed("\(line) --labels-by shares --json").json()
            #expect(shares["labelled"] as? Int == 30)
            let name = try retort.fail("\(line) --labels-by share")
            #expect(name.errors.contains("'share' found, even or shares expected"))
            let idle = try retort.fail("train --data d \(DataTests.quick) --output m --labels-by even")
            #expect(idle.errors.contains("has no effect without --labels") && idle.status == 64)
        }
    }
}
