// swift-tools-version: 6.2
import PackageDescription

// What a user's own package looks like. `name:` is needed only because this checkout's folder may be called anything.
let package = Package(
    name: "Dependent",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "Retort", path: "../..")],
    targets: [.executableTarget(name: "Dependent", dependencies: [.product(name: "Retort", package: "Retort")])],
    swiftLanguageModes: [.v6]
)
