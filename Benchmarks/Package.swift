// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing it needs reaches a user of the library.
let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "Retort", path: "..")],
    targets: [.executableTarget(name: "measure", dependencies: [.product(name: "Retort", package: "Retort")])],
    swiftLanguageModes: [.v6]
)
