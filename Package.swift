// swift-tools-version: 6.2
import PackageDescription

// Only targets with C beneath them have unsafe pointers; in every other target the compiler checks that there is none.
let safe: [SwiftSetting] = [.strictMemorySafety()]

let libraries = [
    "TensorCore", "Autograd", "Layers", "Graph", "Training", "Datasets", "ImageFiles", "Augment", "Distill",
    "Prune", "Quantize", "ONNX", "Methods", "Deploy", "Reports",
]

let examples = [
    "01-Tensors", "02-Training", "03-Augmentation", "04-Distillation", "05-Quantization", "06-ClosedLoop",
    "07-Hierarchical", "08-Unlabelled", "09-Pruning", "10-QAT",
    "11-ONNX",
]

let package = Package(
    name: "Retort",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Retort", targets: ["Retort"]),
        .executable(name: "retort", targets: ["retort-cli"]),
    ] + libraries.map { .library(name: $0, targets: [$0]) },
    dependencies: [
        // For the command alone; no library target depends on these two.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        // For ONNX files alone.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
    ],
    targets: [
        // The system's C libraries
        .systemLibrary(
            name: "COpenBLAS", path: "Modules/COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev"]), .brew(["openblas"])]),
        .systemLibrary(
            name: "CZlib", path: "Modules/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CPNG", path: "Modules/CPNG", pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CJPEG", path: "Modules/CJPEG", pkgConfig: "libjpeg",
            providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),

        // Our own C: SIMD kernels, dispatched at run time
        .target(name: "CKernels"),
        .target(name: "CImageKernels"),

        // The rooms, from the ground up
        .target(name: "TensorCore", dependencies: ["COpenBLAS", "CKernels"]),
        .target(name: "Autograd", dependencies: ["TensorCore"], swiftSettings: safe),
        .target(name: "Layers", dependencies: ["Autograd"], swiftSettings: safe),
        .target(name: "Graph", dependencies: ["Layers"], swiftSettings: safe),
        .target(
            name: "Datasets", dependencies: ["TensorCore", "CZlib"], resources: [.copy("Resources/Digits")]),
        .target(name: "ImageFiles", dependencies: ["Datasets", "CPNG", "CJPEG"]),
        .target(name: "Training", dependencies: ["Layers", "Datasets"], swiftSettings: safe),
        .target(name: "Augment", dependencies: ["Datasets", "CImageKernels"]),
        .target(name: "Distill", dependencies: ["Training"], swiftSettings: safe),
        .target(name: "Prune", dependencies: ["Graph"], swiftSettings: safe),
        .target(name: "Quantize", dependencies: ["Graph"], swiftSettings: safe),
        .target(
            name: "ONNX", dependencies: ["Graph", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            // The generated messages hold a default instance that the compiler cannot check.
            exclude: ["Schema/onnx.proto"]),
        .target(name: "Reports", dependencies: ["TensorCore"], swiftSettings: safe),
        .target(name: "Methods", dependencies: ["Augment", "Distill", "Reports"], swiftSettings: safe),
        .target(name: "Deploy", dependencies: ["Training", "Prune", "Quantize", "ONNX"], swiftSettings: safe),
        .target(
            name: "Retort", dependencies: libraries.filter { $0 != "ONNX" }.map { .byName(name: $0) },
            swiftSettings: safe),
        .executableTarget(
            name: "retort-cli",
            dependencies: [
                "Retort", "ONNX", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: safe),

        // Tests mirror Sources
        .target(name: "TestSupport", dependencies: ["Autograd", "Layers", "Datasets"], path: "Tests/Support"),
        // Compiles the snippets of the documentation, and checks what documents say about the package.
        .testTarget(name: "DocumentationTests", dependencies: ["Retort", "ONNX"]),
        // What only all rooms together show: that results keep their bits, and that files written before are still read.
        .testTarget(name: "RetortTests", dependencies: ["Retort"], exclude: ["Golden"]),
        // Runs the built command as a process.
        .testTarget(name: "CommandTests", dependencies: ["retort-cli", "Retort", "ONNX", "TestSupport"]),
    ]
        + libraries.map {
            .testTarget(
                name: "\($0)Tests",
                // What is pruned is quantised too, and quantised files are run.
                dependencies: [.byName(name: $0), "TestSupport"]
                    + ($0 == "Prune" ? ["Quantize"] : $0 == "ONNX" ? ["Deploy"] : []),
                path: "Tests/\($0)Tests",
                exclude: ["Layers", "ImageFiles", "Augment", "Distill", "Quantize", "ONNX"].contains($0)
                    ? ["Golden"] : [])
        }
        + examples.map {
            .executableTarget(
                name: $0, dependencies: ["Retort", "ONNX"], path: "Examples/\($0)", swiftSettings: safe)
        },
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)
