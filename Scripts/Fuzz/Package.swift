// swift-tools-version: 6.2
import PackageDescription

// One program for libFuzzer: `Scripts/fuzz` builds it with sanitizers and runs it for each reader.
let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "Retort", path: "../..")],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [.product(name: "Retort", package: "Retort"), .product(name: "ONNX", package: "Retort")])
    ],
    swiftLanguageModes: [.v6]
)
