import Foundation
import Retort
import Testing

@testable import synergy

@Suite("Synergy: the program")
struct SynergyTests {
    /// Few images and steps, for a debug build.
    private static let line = "run --study mnist-100 --data data --seeds 1 --steps 2 --json"

    private func program(in folder: URL) -> CommandLine {
        CommandLine(executable: CommandLine.built("synergy"), folder: folder)
    }

    /// A folder with data as the program wants them.
    private func prepare(_ folder: URL) throws -> CommandLine {
        let data = folder.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        try writeMini(to: data)
        try FileManager.default.moveItem(at: data.appending(path: "mini"), to: data.appending(path: "mnist"))
        return program(in: folder)
    }

    /// Every stored result by its file, without what a clock and the machine have a say in.
    private func results(_ program: CommandLine, _ output: String) throws -> [String: SynergyResult] {
        let store = SynergyStore(folder: program.folder.appending(path: output))
        let found = try store.results().map { result in
            let timeless = SynergyResult(
                cell: result.cell, settings: result.settings, right: result.right, images: result.images,
                loss: result.loss, validationAccuracy: result.validationAccuracy, seconds: 0, threads: 0)
            return (result.cell.name, timeless)
        }
        return Dictionary(uniqueKeysWithValues: found)
    }

    @Test("a run that was killed goes on: nothing is trained twice, and the results are those of an uninterrupted one")
    func resumption() throws {
        try withTemporaryFolder { folder in
            let (program, count) = (try prepare(folder), SynergyArm.allCases.count)
            let whole = try program.succeed("\(Self.line) --output whole").json()
            #expect(whole["runs"] as? Int == count && whole["trained"] as? Int == count)
            let expected = try results(program, "whole")
            #expect(Set(expected.values.map(\.cell.arm)) == Set(SynergyArm.allCases))

            let few = try program.succeed("\(Self.line) --output few --arm ce --arm aug").json()
            #expect(few["runs"] as? Int == 2)
            #expect(
                try results(program, "few") == expected.filter { [.ce, .augmentation].contains($0.value.cell.arm) })

            let process = Process()
            process.executableURL = program.executable
            process.currentDirectoryURL = folder
            process.arguments = "\(Self.line) --output parts --threads 1".split(separator: " ").map(String.init)
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            let runs = folder.appending(path: "parts/runs")
            while process.isRunning,
                try !(FileManager.default.fileExists(atPath: runs.path))
                    || FileManager.default.contentsOfDirectory(atPath: runs.path).count < 2
            { usleep(1000) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let left = try results(program, "parts").count
            #expect(left > 0)

            let rest = try program.succeed("\(Self.line) --output parts").json()
            #expect(rest["trained"] as? Int == count - left)
            #expect(try results(program, "parts") == expected)
            let before = try program.bytes("parts/runs/\(expected.keys.sorted()[0]).json")
            let again = try program.succeed("\(Self.line) --output parts").json()
            #expect(again["trained"] as? Int == 0)
            #expect(try program.bytes("parts/runs/\(expected.keys.sorted()[0]).json") == before)

            let report = try program.succeed("report --results parts --output docs --json").json()
            #expect(report["runs"] as? Int == count && (report["settings"] as? [Any])?.count == 1)
            let page = try String(decoding: program.bytes("docs/synergy-tables.md"), as: UTF8.self)
            for arm in SynergyArm.allCases {
                let run = try #require(expected.values.first { $0.cell.arm == arm })
                #expect(page.contains("| \(arm.title) | \(fixed(100 * run.accuracy, 2)) | – | 1 |"))
            }
            #expect(try program.bytes("docs/synergy/all-arms.svg").starts(with: Data("<svg".utf8)))
        }
    }

    @Test(
        "stored results are read strictly: a fault names the file and the place, and what was got otherwise is refused")
    func strictReading() throws {
        try withTemporaryFolder { folder in
            let program = try prepare(folder)
            let store = SynergyStore(folder: folder.appending(path: "out"))
            try store.prepare()
            let cell = SynergySetting(data: .mnist, labels: 100).shortened(to: 2).cell(.both, seed: 0)
            let good = SynergyResult(
                cell: cell, settings: try cell.settings(images: "0"), right: 3, images: 50, loss: 1,
                validationAccuracy: 0.5, seconds: 1, threads: 1)
            try store.write(good)
            let path = "out/runs/\(cell.name).json"
            let url = folder.appending(path: path)
            let text = try String(contentsOf: url, encoding: .utf8)
            #expect(try store.results() == [good])
            #expect(try store.result(of: cell, settings: good.settings) == good)

            for (old, new, place) in [
                ("\"right\" : 3", "\"right\" : 51", "right: 51 of 50 images found"),
                ("\"right\" : 3", "\"right\" : \"3\"", "right: another type found, Int expected"),
                ("\"right\" : 3,", "", "right: nothing found"),
                ("\"arm\" : \"both\"", "\"arm\" : \"most\"", "cell.arm: a value out of range found"),
                ("\"seed\" : 0,", "\"seed\" : 1,", "cell: "),
                ("\"labels\" : 100,", "", "cell: "),
                ("\"validationAccuracy\" : 0.5", "\"validationAccuracy\" : 1.5", "validationAccuracy: 1.5 found"),
                ("\"seconds\" : 1", "\"seconds\" : -1", "seconds: -1.0 found"),
                ("convnet-16", "convnet-17", "settings: student: convnet-17 found, convnet-16"),
                ("}\n", "\n", "text that is no JSON found"),
            ] {
                #expect(text.contains(old))
                let bad = old == "}\n" ? String(text.dropLast(2)) : text.replacingOccurrences(of: old, with: new)
                try Data(bad.utf8).write(to: url)
                let outcome = try program.run(["report", "--results", "out"])
                #expect(outcome.status == 1 && outcome.errorLines.count == 1)
                #expect(outcome.errors.contains(path) && outcome.errors.contains(place), "\(outcome.errors)")
            }

            // Not of these images: refused before anything is trained, and left as it is.
            try Data(text.utf8).write(to: url)
            let outcome = try program.run("\(Self.line) --output out".split(separator: " ").map(String.init))
            #expect(outcome.status == 1 && outcome.errorLines.count == 1)
            #expect(outcome.errors.contains("\(path): settings: images: 0 found"), "\(outcome.errors)")
            #expect(try program.bytes(path) == Data(text.utf8))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "out/runs").path).count == 1)
        }
    }

    @Test("a teacher whose weights are not those that were recorded, or that was trained otherwise, is refused")
    func teachers() throws {
        try withTemporaryFolder { folder in
            let store = SynergyStore(folder: folder)
            try store.prepare()
            let data = try mini.get().train
            let teacher = SynergyTeacher(data: .mnist, labels: nil, steps: 2, strength: 1, seed: 5)
            let settings = try teacher.settings(images: "0")
            func model(_ seed: UInt64) throws -> ModelFile {
                ModelFile(
                    try SynergyData.mnist.network("convnet-2", for: data, seed: seed),
                    inputShape: data.size.shape,
                    description: .init(
                        architecture: "convnet-2", normalization: .of(data), classNames: data.classNames))
            }
            #expect(try store.teacher(teacher, settings: settings) == nil)
            let network = try #require(try model(1).module)
            let report = ClassReport(epoch: 0, loss: 0, confusion: [[1]], classLosses: [0])
            try store.write(
                teacher, model(1), settings: settings, test: report, seconds: 1)
            let read = try #require(try store.teacher(teacher, settings: settings))
            #expect(read.tensors.mapValues(\.scalars) == network.tensors.mapValues(\.scalars))

            #expect {
                _ = try store.teacher(teacher, settings: teacher.settings(images: "1"))
            } throws: { error in
                "\(error)".contains("\(teacher.name).json: settings: images: 0 found, 1")
            }
            let weights = folder.appending(path: "teachers/\(teacher.name).safetensors")
            try model(2).write(to: weights)
            #expect {
                _ = try store.teacher(teacher, settings: settings)
            } throws: { error in
                "\(error)".contains("\(teacher.name).safetensors: other weights found")
            }
        }
    }

    @Test(
        "wrong usage and missing input name the option or the place, and nothing is written",
        arguments: [
            ("--study alchemy", 64, "--study: 'alchemy' found, one of mnist-100, "),
            ("--seeds 0", 64, "--seeds: 0 found, 1 to 1000"), ("run --steps 0", 64, "--steps: 0 found"),
            ("report --steps 2", 64, "--steps"), ("--colour", 64, "--colour"),
            ("--arm alchemy", 64, "'alchemy' is invalid for '--arm"),
            ("--study mnist-100 --data nowhere", 1, "nowhere/mnist: no such file or folder"),
            ("report --results nowhere", 1, "nowhere/runs: no such file or folder"),
        ] as [(String, Int32, String)])
    func refusals(line: String, status: Int32, reason: String) throws {
        try withTemporaryFolder { folder in
            let program = self.program(in: folder)
            let outcome = try program.run(line.split(separator: " ").map(String.init))
            #expect(outcome.status == status && outcome.output.isEmpty)
            #expect(outcome.errorLines.first?.contains(reason) == true, "\(outcome.errors)")
            #expect(try program.files().isEmpty)
        }
    }

    @Test("--help of both steps names what all commands take", arguments: ["run", "report"])
    func help(step: String) throws {
        let outcome = try program(in: FileManager.default.temporaryDirectory).run([step, "--help"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        for option in ["--seed", "--threads", "--json"] { #expect(outcome.output.contains(option)) }
    }
}
