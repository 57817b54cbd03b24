import Autograd
import Foundation
import Graph
import TensorCore

extension QuantizedModel {
    /// Reads what ``write(to:metadata:)`` wrote.
    ///
    /// Every step is checked before anything runs: its inputs, its sizes, that no sum can overflow. A file can only give
    /// a model that works, or an error.
    ///
    /// - Returns: the model, and the strings that were kept with it.
    /// - Throws: `FormatError` that names the file, the place in it, what was found and what was expected.
    public static func read(_ url: URL) throws -> (model: QuantizedModel, metadata: [String: String]) {
        try QuantizedModel.decode(SafetensorsFile.read(url))
    }

    static func decode(_ file: SafetensorsFile) throws -> (model: QuantizedModel, metadata: [String: String]) {
        var metadata = file.metadata
        guard let text = metadata.removeValue(forKey: ProgramRecord.key) else {
            throw FormatError(
                file: file.source, place: "metadata", found: "no key \(ProgramRecord.key)",
                expected: "a quantised model")
        }
        let record: ProgramRecord
        do {
            record = try JSONDecoder().decode(ProgramRecord.self, from: Data(text.utf8))
        } catch {
            throw FormatError(
                file: file.source, place: "metadata \(ProgramRecord.key)", found: "something else",
                expected: "the steps of a quantised network as JSON")
        }
        guard (1...ProgramRecord.currentVersion).contains(record.version) else {
            throw FormatError(
                file: file.source, place: "metadata \(ProgramRecord.key)", found: "version \(record.version)",
                expected: "version 1 or \(ProgramRecord.currentVersion)")
        }
        var reader = try ProgramReader(file, record)
        let program = try reader.program()
        do {
            return (QuantizedModel(network: try IntegerNetwork(program)), metadata)
        } catch let error as GraphError {
            throw FormatError(
                file: file.source, place: error.operation, found: error.reason, expected: "steps that can run")
        }
    }
}

/// Rebuilds a program from a record and the file's arrays, and trusts neither.
struct ProgramReader {
    let file: SafetensorsFile
    let record: ProgramRecord
    private var steps: [IntegerProgram.Step] = []
    private var bias: ArraySlice<Int32>
    private var scales: ArraySlice<Float>
    private var quantizations: ArraySlice<AffineQuantization>
    private var unread: Set<String>

    /// Extents and attributes beyond this are refused, so that no product of a few of them overflows.
    static let sizes = 1...(1 << 20)
    /// Elements of one step's result for one image.
    private static let elementLimit = 1 << 31

    init(_ file: SafetensorsFile, _ record: ProgramRecord) throws {
        self.file = file
        self.record = record
        bias = try file.elements("bias", as: Int32.self)[...]
        scales = try file.elements("scale", as: Float.self)[...]
        let activationScales = try file.elements("activation.scale", as: Float.self)
        let zeros = try file.elements("activation.zero", as: UInt8.self, shape: [activationScales.count])
        for array in [("scale", Array(scales)), ("activation.scale", activationScales)] {
            guard array.1.allSatisfy({ $0.isNormal && $0 > 0 }) else {
                throw FormatError(
                    file: file.source, place: "array \(array.0)", found: "a number that is not positive",
                    expected: "scales")
            }
        }
        quantizations = zip(activationScales, zeros).map { AffineQuantization(scale: $0, zeroPoint: $1) }[...]
        unread = Set(file.entries.keys).subtracting(["bias", "scale", "activation.scale", "activation.zero"])
    }

    mutating func program() throws -> IntegerProgram {
        guard let shape = Shape(checking: record.input), shape.rank > 0, shape.allSatisfy(Self.sizes.contains),
            shape.elementCount <= Self.elementLimit
        else {
            throw fault(0, "input of \(record.input)", "extents of an image")
        }
        steps = [
            IntegerProgram.Step(operation: nil, inputs: [], shape: shape, quantization: try nextQuantization(0))
        ]
        for (index, step) in record.steps.enumerated() { steps.append(try read(step, at: index + 1)) }
        guard steps.count > 1 else { throw fault(0, "no steps", "a network") }
        guard bias.isEmpty, scales.isEmpty, quantizations.isEmpty, unread.isEmpty else {
            throw FormatError(
                file: file.source, place: "end",
                found: unread.min().map { "array \($0)" } ?? "biases or scales that belong to no step",
                expected: "what the steps need and nothing else")
        }
        return IntegerProgram(steps: steps)
    }

    private mutating func read(_ record: ProgramRecord.Step, at index: Int) throws -> IntegerProgram.Step {
        let read = record.in ?? [index - 1]
        let sources = read + (record.add.map { [$0] } ?? [])
        guard sources.allSatisfy({ (0..<index).contains($0) }) else {
            throw fault(index, "inputs \(sources)", "earlier steps")
        }
        let inputs = read.map { steps[$0].shape }
        let (operation, geometry, shape) = try meaning(of: record, inputs, at: index)
        guard shape.allSatisfy(Self.sizes.contains), shape.elementCount <= Self.elementLimit else {
            throw fault(index, "a result of \(shape) an image", "at most \(Self.elementLimit) elements")
        }
        if let add = record.add {
            guard geometry != nil, steps[add].shape == shape else {
                throw fault(index, "a residual of \(steps[add].shape)", "one of \(shape), added to a layer")
            }
        }
        var quantization: AffineQuantization?
        if record.float != true { quantization = try nextQuantization(index) }
        if operation.keepsBytes, quantization != steps[read[0]].quantization {
            throw fault(index, "another scale or zero point than the input's", "the same")
        }
        guard record.relu != true || geometry != nil || operation == .add else {
            throw fault(index, "relu", "one only behind layers and sums")
        }
        var step = IntegerProgram.Step(
            operation: operation, inputs: read, residual: record.add, relu: record.relu ?? false, path: record.from,
            shape: shape, quantization: quantization)
        if let geometry {
            if file.entries["\(index).weight"]?.dataType == .float32 {
                step.floatLayer = try floatLayer(geometry, at: index)
            } else {
                step.layer = try layer(geometry, at: index)
            }
        }
        return step
    }

    /// What a step computes, for a layer its geometry, and the shape of its result.
    private func meaning(
        of record: ProgramRecord.Step, _ inputs: [Shape], at index: Int
    ) throws -> (Autograd.Operation, Conv2DGeometry?, Shape) {
        func take(_ count: Int) throws {
            guard inputs.count == count else {
                throw fault(index, "\(inputs.count) inputs of \(record.op)", "\(count)")
            }
        }
        switch record.op {
        case "convolution2D":
            try take(1)
            let geometry = try convolution(record, inputs[0], at: index)
            let shape = Shape(Array(geometry.outputShape(batch: 1).dropFirst()))
            let operation = Autograd.Operation.convolution2D(geometry)
            // A normalisation of [N, C] is a convolution of one pixel.
            let isFlat = inputs[0].rank == 1
            guard !isFlat || geometry.outputPixels == 1 else {
                throw fault(index, "\(geometry.outputPixels) pixels of an input of \(inputs[0])", "one")
            }
            return (operation, geometry, isFlat ? [geometry.outputChannels] : shape)
        case "dense":
            try take(1)
            let weights = try weightShape(index, rank: 2)
            guard inputs[0] == [weights[0]] else {
                throw fault(index, "weights \(weights) for \(inputs[0])", "the same")
            }
            let geometry = Conv2DGeometry.dense(inputs: weights[0], outputs: weights[1])
            return (.dense, geometry, [weights[1]])
        case "maxPool2D", "averagePool2D":
            try take(1)
            let geometry = try pooling(record, inputs[0], at: index)
            let shape = Shape(Array(geometry.outputShape(batch: 1).dropFirst()))
            return (record.op == "maxPool2D" ? .maxPool2D(geometry) : .averagePool2D(geometry), nil, shape)
        case "globalAveragePool":
            try take(1)
            guard inputs[0].rank == 3, inputs[0][0] * inputs[0][1] <= 1 << 22 else {
                throw fault(index, "input of \(inputs[0])", "[H, W, C] of at most 2²² pixels")
            }
            return (.globalAveragePool, nil, [inputs[0][2]])
        case "add", "multiply":
            try take(2)
            guard inputs[0] == inputs[1] else {
                throw fault(index, "inputs of \(inputs[0]) and \(inputs[1])", "one shape")
            }
            return (record.op == "add" ? .add : .multiply, nil, inputs[0])
        case "concatenate": return try concatenation(record, inputs, at: index)
        case "flatten":
            try take(1)
            return (.flatten, nil, [inputs[0].elementCount])
        case "relu", "sigmoid", "tanh", "softmax", "logSoftmax", "scale":
            try take(1)
            return (try function(record, inputs[0], at: index), nil, inputs[0])
        default: throw fault(index, "operation \(record.op)", "one that this version knows")
        }
    }

    private mutating func layer(_ geometry: Conv2DGeometry, at index: Int) throws -> IntegerProgram.Layer {
        let weights = try file.elements("\(index).weight", as: Int8.self)
        unread.remove("\(index).weight")
        guard !weights.contains(-128) else { throw fault(index, "a weight of -128", "-127 ... 127") }
        let channels = geometry.outputChannels
        guard bias.count >= channels, scales.count >= channels else {
            throw fault(index, "\(bias.count) biases and \(scales.count) scales left", "\(channels)")
        }
        defer {
            bias = bias.dropFirst(channels)
            scales = scales.dropFirst(channels)
        }
        return IntegerProgram.Layer(
            geometry: geometry, weights: weights, bias: Array(bias.prefix(channels)),
            scales: Array(scales.prefix(channels)))
    }

    private mutating func floatLayer(
        _ geometry: Conv2DGeometry, at index: Int
    ) throws -> IntegerProgram.FloatLayer {
        // Patches may become rows of a matrix, and padding makes more of them without a byte in the file.
        guard geometry.outputPixels * geometry.patchLength <= Self.elementLimit else {
            throw fault(
                index, "\(geometry.outputPixels) patches of \(geometry.patchLength) numbers",
                "at most \(Self.elementLimit) together")
        }
        let weights = Tensor(
            try file.elements("\(index).weight", as: Float.self), shape: geometry.weightShape)
        let bias = Tensor(
            try file.elements("\(index).bias", as: Float.self, shape: [geometry.outputChannels]))
        guard weights.isFinite, bias.isFinite else {
            throw fault(index, "a weight that is NaN or infinite", "numbers")
        }
        unread.subtract(["\(index).weight", "\(index).bias"])
        return IntegerProgram.FloatLayer(geometry: geometry, weights: weights, bias: bias)
    }

    private mutating func nextQuantization(_ index: Int) throws -> AffineQuantization {
        guard let next = quantizations.popFirst() else {
            throw fault(index, "no activation scale left", "one for each step with bytes")
        }
        return next
    }

    func fault(_ step: Int, _ found: String, _ expected: String) -> FormatError {
        FormatError(file: file.source, place: "step \(step)", found: found, expected: expected)
    }
}
