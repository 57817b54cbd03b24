import Foundation
import Testing

@testable import ONNX

@Suite("The ONNX project's own models", .enabled(if: BackendSuite.isThere, "libonnx-testdata is not installed"))
struct BackendSuiteTests {
    /// What messages of refusals say, and why such models are not read.
    private static let refusals: [(text: String, reason: String)] = [
        ("Loss found", "losses are what training brings, not a model"),
        ("preview.training", "training steps are what training brings, not a model"),
        ("that trains", "training steps are what training brings, not a model"),
        ("operator NonMaxSuppression", "its result's size depends on the data"),
        ("operator Unique", "its result's size depends on the data"),
        ("operator LSTM", "recurrent networks"), ("operator GRU", "recurrent networks"),
        ("operator RNN", "recurrent networks"),
        ("a graph within the node", "branches and loops"),
        ("Sequence", "sequences of tensors"), ("Optional", "optional values"),
        ("extents [", "inputs that are no tensors"), ("elements of type", "inputs that are no tensors"),
        ("elements found", "inputs that are no tensors"),
        ("type string", "strings"), ("cast to strings", "strings"), ("operator StringNormalizer", "strings"),
        ("operator TfIdfVectorizer", "strings"),
        ("operator Bernoulli", "random numbers"), ("operator Random", "random numbers"),
        ("Window", "signal processing"), ("operator DFT", "signal processing"), ("operator STFT", "signal processing"),
        ("operator MelWeightMatrix", "signal processing"),
        ("Conv of [", "three axes of space"), ("MaxPool of [", "three axes of space"),
        ("AveragePool of [", "three axes of space"), ("windows of [", "three axes of space"),
        ("as many axes as the input has, 3 or 4", "three axes of space"), ("Resize of [", "three axes of space"),
        ("operator GridSample", "sampling at computed places"), ("operator RoiAlign", "sampling at computed places"),
        ("operator MaxUnpool", "places of maxima"), ("gives places of its maxima", "places of maxima"),
        ("operator Einsum", "sums by a formula"), ("operator Det", "determinants"),
        ("bfloat16 of", "the suite stores bfloat16 as uint16"),
        ("coordinate_transformation_mode tf_half_pixel_for_nn", "a mode that later versions do not have"),
        ("tf_crop_and_resize", "a part of the image that is cut by the model"),
        ("a slope of", "a slope with more axes than the input"),
    ]

    /// What the suite itself has wrong: it stores bfloat16 as uint16.
    private static let faulty = ["node/test_cast_FLOAT_to_BFLOAT16"]

    @Test("Every model whose operators are read gives the reference's outputs; of the others the reason is known")
    func models() throws {
        var passed = 0
        for part in ["node", "pytorch-converted", "pytorch-operator", "simple"] {
            for name in try BackendSuite.models(in: part) where !Self.faulty.contains("\(part)/\(name)") {
                switch BackendSuite.outcome(part, name) {
                case .passed: passed += 1
                case .wrong(let reason): Issue.record("\(part)/\(name): \(reason)")
                case .refused(let message):
                    if !Self.refusals.contains(where: { message.contains($0.text) }) {
                        Issue.record("\(part)/\(name): \(message)")
                    }
                }
            }
        }
        #expect(passed >= 780)
    }

    /// What messages say of models of images that are no graph for any batch size.
    private static let noGraphs = [
        "operator DFT", "places of its maxima", "images [N, C, H, W] or rows [N, C] of float32 expected",
        "for all images together", "not [N, ...]",
    ]

    @Test("Models of images are graphs for batches of any size, and as such give the reference's outputs too")
    func graphs() throws {
        // One flattening makes a row of the whole batch.
        let ofBatch = ["node/test_flatten_axis0", "node/test_flatten_negative_axis4"]
        var passed = 0
        for part in ["node", "pytorch-converted", "pytorch-operator", "simple"] {
            for name in try BackendSuite.models(in: part) where !ofBatch.contains("\(part)/\(name)") {
                switch BackendSuite.outcomeOfGraph(part, name) {
                case .passed?: passed += 1
                case .wrong(let reason)?: Issue.record("\(part)/\(name): \(reason)")
                case .refused(let message)?:
                    if !Self.noGraphs.contains(where: message.contains) {
                        Issue.record("\(part)/\(name): \(message)")
                    }
                case nil: break
                }
            }
        }
        #expect(passed >= 82)
    }

    @Test("Operators that networks are made of are read")
    func operators() {
        let needed = """
            Conv BatchNormalization InstanceNormalization LayerNormalization Gemm MatMul Relu LeakyRelu PRelu Elu Selu ConvTranspose Resize Upsample LRN Clip \
            Sigmoid Tanh HardSigmoid HardSwish Softmax LogSoftmax Softplus Erf Gelu Exp Log Sqrt Pow Abs Neg Reciprocal Add \
            Sub Mul Div Min Max Sum Mean ReduceMean ReduceSum ReduceMax ReduceMin ReduceL2 Concat Split Slice Gather \
            Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Pad DepthToSpace SpaceToDepth AveragePool MaxPool \
            GlobalAveragePool GlobalMaxPool Identity Dropout Constant ConstantOfShape Shape Cast Where ArgMax \
            QuantizeLinear DequantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger DynamicQuantizeLinear
            """
        for name in needed.split(separator: " ") {
            #expect(OperatorTable.find(String(name), domain: "") != nil, "\(name)")
        }
    }
}
