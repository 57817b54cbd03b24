// swift-tools-version: 6.2
import PackageDescription

// Stands for a user's package: what it needs of Retort is what any user needs.
let package = Package(
    name: "Dependent",
    dependencies: [.package(name: "Retort", path: "../..")],
    targets: [
        .executableTarget(name: "Dependent", dependencies: [.product(name: "Retort", package: "Retort")])
    ],
    swiftLanguageModes: [.v6]
)
