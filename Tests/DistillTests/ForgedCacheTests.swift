import Foundation
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct ForgedCacheTests {
    // In a process of its own, which a trap would end.
    @Test("Outputs of any shape with a checksum that is right are refused, or those of the run")
    func shapes() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryFolder { folder in
                let distiller = TeacherCacheTests.distiller(folder)
                _ = try TinyLesson.result(distiller)
                let sealed = SealedFile(
                    name: "a cache", key: "contents", formats: ["retort teacher outputs 1"])
                for name in ["epoch-0.safetensors", "validation.safetensors"] {
                    let url = folder.appending(path: name)
                    let (text, tensors, _) = try sealed.open(SafetensorsFile.read(url))
                    let key = try #require(tensors.keys.min())
                    for shape in [[], [0], [9], [9, 2], [9, 4], [8, 3], [12], [12, 2], [9, 3, 1]] as [Shape] {
                        var changed = tensors
                        changed[key] = .zeros(shape)
                        try sealed.file(text, changed).write(to: url)
                        #expect(throws: FormatError.self, "\(name) \(shape)") { try TinyLesson.result(distiller) }
                    }
                    for other in [text.replacing("\"0\"", with: "\"-1\""), text.replacing("\"0\"", with: "\"x\"")] {
                        try sealed.file(other, tensors).write(to: url)
                        do { _ = try TinyLesson.result(distiller) } catch is FormatError {}
                    }
                    try sealed.file(text, tensors).write(to: url)
                }
                _ = try TinyLesson.result(distiller)
            }
        }
    }
}
