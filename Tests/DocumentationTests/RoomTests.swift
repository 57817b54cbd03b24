import Foundation
import Testing

/// A folder of `Sources`, and what it may stand on: the map of CONTRIBUTING.md.
enum Room {
    /// For each room the rooms directly beneath it. Those beneath them are allowed as well.
    static let beneath: [String: Set<String>] = [
        "TensorCore": [],
        "Autograd": ["TensorCore"],
        "Layers": ["Autograd"],
        "Graph": ["Layers"],
        "Datasets": ["TensorCore"],
        "ImageFiles": ["Datasets"],
        "Training": ["Layers", "Datasets"],
        "Augment": ["Datasets"],
        "Distill": ["Training"],
        "Prune": ["Graph"],
        "Quantize": ["Graph"],
        "ONNX": ["Graph"],
        "Reports": ["TensorCore"],
        "Methods": ["Augment", "Distill", "Reports"],
        "Deploy": ["Training", "Prune", "Quantize", "ONNX"],
        "Retort": [
            "TensorCore", "Autograd", "Layers", "Graph", "Datasets", "ImageFiles", "Training", "Augment", "Distill",
            "Prune", "Quantize", "Methods", "Deploy", "Reports",
        ],
        "retort-cli": ["Retort"],
    ]

    /// What one room alone wraps, or uses from outside the package.
    static let ownModules: [String: Set<String>] = [
        "TensorCore": ["COpenBLAS", "CKernels"], "Datasets": ["CZlib"], "ImageFiles": ["CPNG", "CJPEG"],
        "Augment": ["CImageKernels"], "ONNX": ["SwiftProtobuf"], "retort-cli": ["ArgumentParser", "Yams"],
    ]

    /// Parts of the toolchain that every room may use.
    static let toolchain: Set<String> = [
        "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Glibc", "Darwin",
    ]

    static let libraries = beneath.keys.filter { $0 != "retort-cli" }.sorted()

    static func allowed(_ room: String) -> Set<String> {
        var reached: Set<String> = []
        var waiting = beneath[room] ?? []
        while let next = waiting.popFirst() {
            guard reached.insert(next).inserted else { continue }
            waiting.formUnion(beneath[next] ?? [])
        }
        return reached.union(ownModules[room] ?? []).union(toolchain)
    }

    /// The module of an import, whatever stands before it; nil for any other line.
    static func imported(_ line: String) -> String? {
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), words[..<place].allSatisfy(isModifier) else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let path = words[(place + 1)...].first { !kinds.contains($0) }
        return path?.split(separator: ".").first.map(String.init)
    }

    private static func isModifier(_ word: Substring) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
    }
}

@Suite struct RoomTests {
    @Test("Every import follows the arrows: the build lets others pass when the module happens to be built already")
    func arrows() throws {
        for room in Room.beneath.keys.sorted() {
            let (allowed, files) = (Room.allowed(room), Repository.files(in: "Sources/\(room)", endingWith: ".swift"))
            #expect(!files.isEmpty, "\(room) has no file")
            for file in files {
                for module in try Repository.lines(file).compactMap(Room.imported) where !allowed.contains(module) {
                    Issue.record("\(file) imports \(module), which is not beneath \(room)")
                }
            }
        }
    }

    @Test("Imports in every form that Swift has are seen")
    func forms() {
        #expect(Room.imported("import Graph") == "Graph")
        #expect(Room.imported("@testable import Graph") == "Graph")
        #expect(Room.imported("    @preconcurrency public import struct Graph.Node") == "Graph")
        #expect(Room.imported("// import Graph") == nil)
        #expect(!Room.allowed("Distill").contains("Augment") && !Room.allowed("Quantize").contains("Training"))
        #expect(!Room.allowed("Prune").contains("Quantize") && !Room.allowed("Quantize").contains("Prune"))
        #expect(Room.allowed("Distill").contains("TensorCore") && !Room.allowed("Distill").contains("CKernels"))
    }

    @Test("The map of CONTRIBUTING.md has every room")
    func map() throws {
        let table = try Repository.lines("CONTRIBUTING.md").filter { $0.hasPrefix("| ") }.joined(separator: "\n")
        let rooms = Repository.folders(in: "Sources", holding: ".swift")
        #expect(Set(rooms) == Set(Room.beneath.keys))
        for room in rooms + Repository.folders(in: "Sources", holding: ".c") where !table.contains("`\(room)`") {
            Issue.record("CONTRIBUTING.md does not say what \(room) is for")
        }
    }

    @Test("No file of ours has more than 300 lines, C and headers included")
    func length() throws {
        for folder in ["Sources", "Modules", "Tests", "Examples", "Benchmarks/Sources"] {
            for file in [".swift", ".c", ".h"].flatMap({ Repository.files(in: folder, endingWith: $0) }) {
                // What a generator wrote is nobody's to read.
                if file.contains("/.build/") || file.contains("/Golden/") || file.hasSuffix(".pb.swift") { continue }
                let count = try Repository.lines(file).count - 1
                if count > 300 { Issue.record("\(file) has \(count) lines") }
            }
        }
    }

    @Test("No line of a documentation comment has more than 120 columns")
    func width() throws {
        for file in [".swift", ".c", ".h"].flatMap({ Repository.files(in: "Sources", endingWith: $0) }) {
            for (index, line) in try Repository.lines(file).enumerated()
            where line.count > 120 && line.trimmingPrefix(while: { $0 == " " }).hasPrefix("///") {
                Issue.record("\(file):\(index + 1) has \(line.count) columns")
            }
        }
    }
}
