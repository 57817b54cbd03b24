import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Training

/// Steps of one length in each direction, by the sign of a running mean; counts its steps in a state of one element.
private struct SignDescent: OptimizerRule {
    var momentum: Float = 0.9

    func step(_ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep) {
        let mean = (state["mean"] ?? .zeros(value.shape)) * momentum + gradient * (1 - momentum)
        value.add(mean.map { $0 < 0 ? -1 : 1 }, scaledBy: -step.rate)
        state["mean"] = mean
        state["count"] = (state["count"] ?? Tensor([0])) + 1
    }

    func accepts(state: Shape, ofParameter shape: Shape) -> Bool { state == shape || state == [1] }
}

@Suite struct OwnOptimizerTests {
    private static var plan: TrainingPlan {
        var plan = TinyRun.plan
        plan.optimizer = .init(SignDescent())
        plan.learningRate = .custom("triangle") { 0.02 * (1 - abs(2 * $0 - 1)) }
        return plan
    }

    @Test("A rule of one's own trains, and a run that was stopped goes on from its state to the same bits")
    func resume() async throws {
        let plan = Self.plan
        let whole = try TinyRun.result(plan)
        let standard = try TinyRun.result()
        #expect(whole.bits != TinyRun.network.bits && whole.bits != standard.bits)
        for step in [1, 7, 22] {
            let url = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: url) }
            await Task {
                _ = try? TinyRun.result(plan, checkpoint: url) { if $0.step == step { cancelCurrentTask() } }
            }.value
            let file = try SafetensorsFile.read(url)
            #expect(try file.tensor("optimizer/count/classifier.bias").scalars == [Float(step)])
            #expect(try TinyRun.result(plan, checkpoint: url) == whole)
        }
    }

    @Test("A checkpoint is refused with a constant, a rule, a schedule's function or its name changed")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try TinyRun.result(Self.plan, checkpoint: url)
            for change: (inout TrainingPlan) -> Void in [
                { $0.optimizer = .init(SignDescent(momentum: 0.8)) }, { $0.optimizer = .sgd() },
                { $0.learningRate = .custom("triangle") { 0.03 * (1 - abs(2 * $0 - 1)) } },
                { $0.learningRate = .custom("tent") { 0.02 * (1 - abs(2 * $0 - 1)) } },
                { $0.groups = [ParameterGroup("first", rateFactor: 0.5)] },
            ] {
                var other = Self.plan
                change(&other)
                let error = #expect(throws: FormatError.self) { try TinyRun.result(other, checkpoint: url) }
                #expect(error?.found.hasPrefix("another training plan (") == true && error?.found.count ?? 999 < 400)
            }
        }
    }

    @Test("A rule and a schedule from a program cannot be decoded; Retort's rules survive JSON as ever")
    func coding() throws {
        func data(_ rule: Optimizer.Rule) throws -> Data { try StableCoding.data(rule) }
        let rule = Optimizer.Rule.adamW(beta1: 0.8)
        #expect(try JSONDecoder().decode(Optimizer.Rule.self, from: data(rule)) == rule)
        // As the synthesised coding of an enumeration had it, which files of older versions hold.
        #expect(
            String(decoding: try data(.sgd(weightDecay: 0.5)), as: UTF8.self)
                == #"{"sgd":{"momentum":0.9,"nesterov":true,"weightDecay":0.5}}"#)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Optimizer.Rule.self, from: data(.init(SignDescent())))
        }
        let schedule = try StableCoding.data(Schedule.custom("one") { _ in 1 })
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Schedule.self, from: schedule) }
    }

    // Versions 2 and 3 held the whole history, and none of the log: decision 0150.
    @Test("A checkpoint of an older format is refused by its name, with what to do, and stays as it is")
    func olderFormat() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try TinyRun.result(checkpoint: url)
            for version in [2, 3] {
                var file = try SafetensorsFile.read(url)
                file.metadata["format"] = "retort checkpoint \(version)"
                try file.write(to: url)
                let bytes = try Data(contentsOf: url)
                let error = #expect(throws: FormatError.self) { try TinyRun.result(checkpoint: url) }
                #expect(error?.found == "a checkpoint in the format 'retort checkpoint \(version)'")
                #expect(error?.advice?.hasSuffix("finish the run with that one, or remove it to start afresh") == true)
                #expect(try Data(contentsOf: url) == bytes)
            }
        }
    }
}

@Suite struct ParameterGroupTests {
    private static func trained(_ groups: [ParameterGroup], _ plan: TrainingPlan = TinyRun.plan) throws -> TinyNet {
        var (network, plan) = (TinyRun.network, plan)
        plan.groups = groups
        _ = try Trainer(plan, on: TinyRun.data).fit(&network)
        return network
    }

    @Test(
        "Frozen parameters and statistics keep every bit, through decay, clipping and the average of weights; the rest learns"
    )
    func frozen() throws {
        let before = TinyRun.network.bits
        let after = try Self.trained([.frozen("first"), .frozen("second.normalization")]).bits
        for (path, bits) in after {
            let isFrozen = path.hasPrefix("first.") || path.hasPrefix("second.normalization.")
            #expect((bits == before[path]) == isFrozen, "\(path)")
        }
    }

    @Test("The longest path counts alone; a path is whole components")
    func longest() throws {
        let before = TinyRun.network.bits
        let after = try Self.trained([.frozen("second"), ParameterGroup("second.convolution")]).bits
        #expect(after["second.convolution.weight"] != before["second.convolution.weight"])
        #expect(after["second.normalization.scale"] == before["second.normalization.scale"])
        #expect([ParameterGroup("stage1")].group(of: "stage10.weight") == nil)
    }

    // One step of plain descent: w ← w − r·(g + d·w).
    @Test("A group's factor and decay, in one step, by hand from the step without them")
    func rates() throws {
        func weights(_ groups: [ParameterGroup], decay: Float = 0) throws -> (weight: Tensor, bias: Tensor) {
            let plan = TrainingPlan(
                steps: 1, batchSize: 6, optimizer: .sgd(momentum: 0, nesterov: false, weightDecay: decay),
                learningRate: .constant(0.1), seed: 5)
            let tensors = try Self.trained(groups, plan).tensors
            return (try #require(tensors["classifier.weight"]), try #require(tensors["classifier.bias"]))
        }
        let start = try #require(TinyRun.network.tensors["classifier.weight"])
        let (plain, plainBias) = try weights([])
        let (half, _) = try weights([ParameterGroup("classifier", rateFactor: 0.5)])
        let (decayed, decayedBias) = try weights([ParameterGroup("classifier", weightDecay: 0.5)])
        for place in 0..<start.count {
            let (a, b) = (start.scalars[place], plain.scalars[place])
            #expect(abs(half.scalars[place] - (a + b) / 2) < 1e-6)
            #expect(abs(decayed.scalars[place] - (b - 0.05 * a)) < 1e-6)
        }
        #expect(decayedBias == plainBias)
        #expect(try weights([ParameterGroup("classifier", weightDecay: 0)], decay: 0.5).weight == plain)
    }

    @Test(
        "A path that no parameter has, one that comes twice and numbers out of range are refused by name before any step"
    )
    func refusals() throws {
        func refusal(_ groups: ParameterGroup...) -> String? {
            (#expect(throws: ConfigurationError.self) { try Self.trained(groups) })?.description
        }
        #expect(
            refusal(.frozen("first"), .frozen("thrid"))
                == "groups[1].path: the network has no parameter under 'thrid'; its parts are classifier, first, second"
        )
        #expect(refusal(.frozen("first"), .init("first")) == "groups[1].path: 'first' comes twice")
        #expect(refusal(.init("first", rateFactor: -1))?.hasPrefix("groups[0].rateFactor: -1.0") == true)
        #expect(refusal(.init("first", weightDecay: .nan))?.hasPrefix("groups[0].weightDecay: nan") == true)
    }
}

@Suite struct AnyModuleTests {
    @Test("A network of unknown type trains to the bits of its known type, and stays as it was when the run throws")
    func sameBits() throws {
        var known = TinyRun.network
        let history = try Trainer(TinyRun.plan, on: TinyRun.data).fit(&known)
        var unknown: any Module = TinyRun.network
        #expect(try Trainer(TinyRun.plan, on: TinyRun.data).fit(&unknown) == history)
        #expect(unknown.bits == known.bits && unknown is TinyNet)
        var impossible = TinyRun.plan
        impossible.groups = [.frozen("nothing")]
        #expect(throws: ConfigurationError.self) { try Trainer(impossible, on: TinyRun.data).fit(&unknown) }
        #expect(unknown.bits == known.bits)
    }
}
