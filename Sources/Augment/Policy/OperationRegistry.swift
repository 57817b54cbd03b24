import Synchronization

/// The library's own operations that a policy file can name.
let operationTypes: [any PixelOperation.Type] = [
    HorizontalFlip.self, VerticalFlip.self, Affine.self, RandomResizedCrop.self, PadAndCrop.self,
    BrightnessContrast.self, Gamma.self, GaussianNoise.self, Cutout.self, MixUp.self,
    Saturation.self, Hue.self, Grey.self, ChannelPermutation.self, PCALighting.self, Invert.self, Solarise.self,
    Posterise.self, ToneCurve.self, Equalise.self, Autocontrast.self, ShotNoise.self, SpeckleNoise.self,
    SaltAndPepper.self, GaussianBlur.self, MotionBlur.self, Defocus.self, Sharpen.self, JPEGCompression.self,
    Fog.self, Rain.self, Snow.self, RandomErasing.self, GridMask.self, CutMix.self, Mosaic.self,
    Turn.self, Translate.self, Shear.self, Crop.self, Perspective.self, ElasticDeformation.self, GridDistortion.self,
    Brightness.self, Contrast.self, AugMix.self, BoxCrop.self,
]

/// The operations that policy files can name, in this process.
enum OperationRegistry {
    /// What policy files call groups.
    static let groups = ["oneOf", "allOf", "someOf"]

    private static let own = Dictionary(uniqueKeysWithValues: operationTypes.map { ($0.name, $0) })
    private static let added = Mutex<[any PixelOperation.Type]>([])

    /// The operation of that name; nil if there is none.
    static func type(named name: String) -> (any PixelOperation.Type)? {
        own[name] ?? added.withLock { $0.first { $0.name == name } }
    }

    /// Whether this is one of the library's own operations.
    static func isOwn(_ type: any PixelOperation.Type) -> Bool { own[type.name].map { $0 == type } ?? false }

    /// Every name: operations in the order in which they came, then groups.
    static var names: [String] { (operationTypes + added.withLock { $0 }).map { $0.name } + groups }

    /// Adds an operation, and stops the program if its declaration is wrong or its name taken.
    static func add(_ type: any PixelOperation.Type) {
        if let fault = type.declarationFault { fatalError(fault) }
        guard !isOwn(type) else { return }
        added.withLock { types in
            if !types.contains(where: { $0 == type }) { types.append(type) }
        }
    }
}

extension AugmentationPolicy {
    /// Lets policy files name an operation of your own, from now on and in the whole process.
    ///
    /// Call it before anything that holds a policy is read: a policy file, a recipe, a checkpoint with an
    /// ``OperationController``. An operation can be used without it, also in a policy that is written to JSON. To
    /// register a type again changes nothing. Stops the program where ``PixelOperation/step`` does.
    public static func register(_ operation: any PixelOperation.Type) { OperationRegistry.add(operation) }

    /// What the operations of a policy file can be called: the library's, then those that were registered.
    public static var operationNames: [String] { OperationRegistry.names.dropLast(OperationRegistry.groups.count) }
}
