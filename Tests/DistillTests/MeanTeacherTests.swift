import Autograd
import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

/// A student whose average writes down the weights that it teaches with.
private struct Diarist: Module {
    var network = TinyNet(seed: 1)
    let diary: Diary

    final class Diary: Sendable {
        let entries = Mutex<[[String: [UInt32]]]>([])
    }

    func callAsFunction(_ input: Variable) -> Variable {
        if input.tape.mode == .evaluation { diary.entries.withLock { $0.append(network.bits) } }
        return network(input)
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("network", &network) }
}

@Suite struct MeanTeacherTests {
    private static func distiller(decay: Float = 0.8) -> Distiller {
        Distiller(
            teacher: MeanTeacher(of: TinyNet(seed: 1), decay: decay), temperature: .constant(1),
            hardLabelWeight: .linear(from: 1, to: 0.3))
    }

    // The rule itself is WeightAverage's, whose own test has it by hand. Weight decay and the plan's own average would
    // move what the optimiser takes for a weight.
    @Test("In each step the teacher is the average of the student after the steps before, and nothing else moves it")
    func follows() throws {
        let diary = Diarist.Diary()
        var student = Diarist(diary: diary)
        let start = student.network
        var average = WeightAverage(of: start, decay: 0.8)
        var expected = [start.bits]
        var (plan, data) = (TinyLesson.plan, TinyLesson.data)
        (plan.optimizer, plan.weightAveraging, data.validation) = (.adamW(weightDecay: 0.1), 0.9, nil)
        let distiller = Distiller(teacher: MeanTeacher(of: student, decay: 0.8), hardLabelWeight: .constant(0.5))
        _ = try distiller.fit(
            &student, on: data, plan: plan,
            afterStep: {
                guard $1 > 0 else { return }
                average.update(with: $0.network)
                expected.append(average.applied(to: start).bits)
            })
        // One for the first images, and none for the average after the last step.
        #expect(diary.entries.withLock { Array($0.dropFirst()) } == expected.dropLast())
        #expect(Set(expected).count == 12)
        #expect(student.parameters.map(\.path) == start.parameters.map { "network.\($0.path)" })
        #expect(student.parameters.allSatisfy { $0.path.contains("running") != $0.parameter.isTrainable })
    }

    @Test("Stopped after any epoch and resumed: the same bits, also beside another teacher; 1 and 2 threads too")
    func resume() async throws {
        var distiller = Self.distiller()
        for beside in [false, true] {
            if beside { distiller.teacher = Ensemble([TinyLesson.teacher, distiller.teacher], averaging: .entropy) }
            let fixed = distiller
            try await expectSameResultAfterStops {
                try TinyLesson.result(fixed, checkpoint: $0, progress: $1)
            }
        }
    }

    @Test("An average of another network is refused with what differs; a checkpoint of another decay too")
    func refusals() throws {
        let other = Distiller(teacher: MeanTeacher(of: TinyNet(width: 4, seed: 1)))
        let error = #expect(throws: ConfigurationError.self) { try TinyLesson.result(other) }
        #expect(
            error?.description
                == "teacher: the average has shape [128, 3] for 'classifier.weight', the student shape [96, 3]")
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try TinyLesson.result(Self.distiller(), checkpoint: url)
            let error = #expect(throws: FormatError.self) {
                try TinyLesson.result(Self.distiller(decay: 0.7), checkpoint: url)
            }
            #expect(error?.found.hasPrefix("another loss") == true)
        }
    }
}
