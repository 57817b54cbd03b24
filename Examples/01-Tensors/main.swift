// Tensors: values, shapes, products, convolution, gradients, linear algebra.
//
// Prints, among others:
//     rows plus a row: [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]
//     gradient of the mean of squares at (1, -2, 3): 0.67 -1.33 2.00
//     least squares: y = 2.00 x + 1.00

import Retort

// A tensor is a value: dense, row-major, Float32. Assigning copies nothing until one copy is written.
let a = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
var b = a
b[0, 0] = 100
print("a keeps its first element: \(a[0, 0]), b has its own: \(b[0, 0])")

// Shapes broadcast as in NumPy.
let row = Tensor([10, 20, 30])
print("rows plus a row: \((a + row).scalars)")
print("column sums: \(a.sum(axis: 0).scalars), largest of each row: \(a.max(axis: 1).scalars)")
print("transposed: \(a.transposed().shape), second column: \(a.slice(axis: 1, 1..<2).scalars)")

// Matrix products run on BLAS: C[2, 2] = A[2, 3] · Aᵀ[3, 2].
print("A·Aᵀ: \(matmul(a, a, transposeB: true).scalars)")

// Images are [N, H, W, C]; kernels [kernel height, kernel width, in, out]. A Sobel kernel finds the edge.
let image = Tensor(shape: [1, 5, 6, 1]) { pixels in
    for place in pixels.indices { pixels[place] = place % 6 < 3 ? 0 : 1 }
}
let sobel = Tensor([-1, 0, 1, -2, 0, 2, -1, 0, 1], shape: [3, 3, 1, 1])
let geometry = Conv2DGeometry(input: (5, 6, 1), kernel: (3, 3), outputChannels: 1)
print("edge response of a row: \(convolution2D(image, sobel, geometry).scalars.prefix(4))")

// Gradients: a tape records what is computed, then runs backwards.
struct Vector: Module {
    var elements = Parameter(Tensor([1, -2, 3]))
    func callAsFunction(_ input: Variable) -> Variable { elements(on: input.tape) * input }
    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("elements", &elements) }
}
var vector = Vector()
let (value, gradients) = valueAndGradients(of: &vector) { vector, tape in
    let x = vector(tape.constant(.ones([3])))
    return (x * x).mean()
}
if let gradient = gradients[vector.elements.slot] {
    let text = gradient.scalars.map { String(format: "%.2f", $0) }.joined(separator: " ")
    print("mean of squares \(value); gradient of the mean of squares at (1, -2, 3): \(text)")
}

// LAPACK: the line through four points that lie on y = 2x + 1.
let design = Tensor([0, 1, 1, 1, 2, 1, 3, 1], shape: [4, 2])
let line = try lstsq(design, Tensor([1, 3, 5, 7], shape: [4, 1]))
print(String(format: "least squares: y = %.2f x + %.2f", line[0, 0], line[1, 0]))

// Random numbers are a function of seed, epoch, sample and purpose: the same anywhere, on any number of threads.
var random = Philox(seed: 7, epoch: 0, sample: 42, operation: 0)
print("three uniform numbers: \((0..<3).map { _ in random.uniform() })")
