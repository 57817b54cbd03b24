import Graph
import TensorCore

/// A value of an ONNX graph while its nodes are read one after another.
///
/// ONNX says [N, C, H, W] and Retort computes on [N, H, W, C]. So a value knows how its own axes stand to those that
/// ONNX names, and whoever can works on it as it lies: a transposition of ONNX only changes ``order``, and images are
/// turned once, at the input.
struct GraphValue {
    enum Content {
        /// Numbers that are known: weights, and what was computed from known numbers alone.
        case tensor(Tensor, path: String?)
        /// Integers and truth values that are known: extents, axes, indices, quantised weights.
        case integers([Int], Shape)
        /// The result of a node, which depends on the network's input.
        case node(Int, Shape)
    }

    /// The type that ONNX gives the elements.
    var type: ElementType
    var content: Content
    /// Axis i of ONNX is axis `order[i]` of the content.
    var order: [Int]
    /// The name of stored integers.
    private var integerPath: String?
    /// What stored integers it was computed from, if it is their multiples.
    var rounding: Rounding?
    /// The integers for ``many`` images, where they differ from those for one: extents that grow with the batch.
    private(set) var integersOfMany: [Int]?

    init(_ type: ElementType, _ content: Content, order: [Int]? = nil) {
        (self.type, self.content) = (type, content)
        self.order = order ?? Array(content.shape.indices)
    }

    /// A tensor of a model, with a path if it is a parameter.
    init(_ tensor: ONNXTensor, path: String? = nil) {
        switch tensor.elements {
        case .floats(let values): self.init(tensor.type, .tensor(values, path: path))
        case .integers(let values):
            self.init(tensor.type, .integers(values, tensor.shape))
            integerPath = path
        }
    }

    /// The name of a stored tensor.
    var path: String? { if case .tensor(_, let path) = content { path } else { integerPath } }

    /// The same tensor with a path; a single number stays a constant.
    func named(_ path: String) -> GraphValue {
        guard case .tensor(let tensor, _) = content, tensor.count > 1 else { return self }
        return GraphValue(type, .tensor(tensor, path: path), order: order)
    }

    /// Integers that are known.
    static func integers(_ values: [Int], _ shape: Shape? = nil, type: ElementType = .int64) -> GraphValue {
        GraphValue(type, .integers(values, shape ?? [values.count]))
    }

    /// A batch whose size is hardly a factor of other extents, so that these show where it is.
    static let many = 41

    /// The value for ``many`` images; the same where it is no integers that grow with the batch.
    var ofMany: GraphValue {
        guard let integersOfMany, case .integers(_, let shape) = content else { return self }
        return GraphValue(type, .integers(integersOfMany, shape), order: order)
    }

    /// Notes what integers are for ``many`` images, if there are as many of them.
    mutating func note(ofMany value: GraphValue) {
        guard case .integers(let own, let shape) = content, case .integers(let others, shape) = value.content,
            order == value.order, own != others
        else { return }
        integersOfMany = others
    }

    /// The extents in the order of ONNX; of a node's result for a batch of one.
    var shape: Shape {
        let extents = content.shape
        return Shape(order.map { extents[$0] })
    }

    /// Whether it does not depend on the network's input.
    var isKnown: Bool { if case .node = content { false } else { true } }

    /// Whether axes lie as ONNX names them.
    var isInOrder: Bool { order == Array(order.indices) }
}

extension GraphValue {
    /// Numbers that are multiples of scales.
    struct Rounding {
        /// One, or one for each place of an axis.
        let scales: [Float]
        /// Which axis of the value, as ONNX has the axes.
        var axis: Int
        /// How many times each number is its scale; kept of vectors alone.
        let integers: [Int]?

        /// The scales of an axis' places; nil where they belong to another axis.
        func scales(_ count: Int, axis: Int) -> [Float]? {
            if scales.count == 1 { return [Float](repeating: scales[0], count: count) }
            return scales.count == count && self.axis == axis ? scales : nil
        }
    }
}

extension GraphValue.Content {
    /// The extents as they lie.
    var shape: Shape {
        switch self {
        case .tensor(let tensor, _): tensor.shape
        case .integers(_, let shape), .node(_, let shape): shape
        }
    }

    /// The elements of known floating-point numbers.
    var tensorScalars: [Float]? { if case .tensor(let tensor, _) = self { tensor.scalars } else { nil } }
}

extension [Int] {
    /// The permutation that undoes this one.
    var inversePermutation: [Int] {
        var inverse = self
        for (new, old) in enumerated() { inverse[old] = new }
        return inverse
    }
}
