// swift-tools-version: 6.2
import PackageDescription

let tool: [Target.Dependency] = [
    .product(name: "Retort", package: "Retort"), .product(name: "ArgumentParser", package: "swift-argument-parser"),
]

// A package of its own, so that nothing it needs reaches a user of the library.
let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "Retort", path: ".."),
        // Without its counters of allocations, which want a library of their own.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        // The machine's limits: loops that do nothing but multiply and add, or copy.
        .target(name: "CLimits"),
        .executableTarget(name: "measure", dependencies: ["CLimits", .product(name: "Retort", package: "Retort")]),
        .executableTarget(name: "TrainingInPlaceStudy", dependencies: [.product(name: "Retort", package: "Retort")]),
        // The experiment of docs/synergy.md, and the pictures of the page that shows every augmentation operation.
        .executableTarget(name: "synergy", dependencies: tool),
        .executableTarget(name: "catalogue", dependencies: tool),
        .testTarget(
            name: "StudyTests", dependencies: ["synergy", "catalogue", .product(name: "Retort", package: "Retort")]),
        // The plugin finds executables whose folder lies in one called Benchmarks: this package's own.
        .executableTarget(
            name: "Kernels",
            dependencies: [
                .product(name: "Retort", package: "Retort"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Kernels",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)
