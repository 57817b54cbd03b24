import Retort

/// The perturbations of feature maps that the catalogue shows.
enum FeatureCatalogue {
    /// Each by its type's name, at half, whole and one and a half times what the page says. Blocks are twelfths of a
    /// map.
    static func operations(side: Int) -> [(name: String, policies: [FeaturePolicy])] {
        let block = side / 12
        return [
            ("RandomMask", { FeaturePolicy(mask: RandomMask(share: 0.3 * $0, blockSize: block)) }),
            ("ChannelShuffle", { _ in FeaturePolicy(shuffle: ChannelShuffle()) }),
            ("ChannelDrop", { FeaturePolicy(channelDrop: ChannelDrop(share: 0.3 * $0)) }),
            ("DropBlock", { FeaturePolicy(dropBlock: DropBlock(share: 0.3 * $0, blockSize: block)) }),
            ("FeatureNoise", { FeaturePolicy(noise: FeatureNoise(standardDeviation: 0.2 * $0)) }),
            ("ManifoldMixUp", { _ in FeaturePolicy(mixUp: ManifoldMixUp()) }),
        ].map { (name: String, policy: (Double) -> FeaturePolicy) in (name, [0.5, 1, 1.5].map(policy)) }
    }
}

extension ContactSheet {
    /// Maps as they are, and then as each policy changes them, each by a draw of its own.
    ///
    /// - Parameter maps: a map each, [N, H, W, 3], of values in 0 ... 1 that are shown as colours and cut to that
    ///   range.
    init(_ policies: [FeaturePolicy], ofMaps maps: ImageSet, seed: UInt64) {
        let shape: Shape = [maps.count, maps.height, maps.width, maps.channels]
        let values = Tensor(maps.pixels.map { Float($0) / 255 }, shape: shape)
        var columns = [Column(place: nil, title: "as it is", strength: 0)]
        var views = [View(images: maps)]
        for (number, policy) in policies.enumerated() {
            var random = Philox(seed: seed, sample: number, operation: RandomPurpose.features)
            let changed = values.perturbed(by: policy.draw(shape: shape, using: &random))
            columns.append(Column(place: "map", title: "draw \(number + 1)", strength: 1))
            views.append(
                View(
                    images: ImageSet(
                        pixels: changed.scalars.map { UInt8(min(max($0, 0), 1) * 255 + 0.5) }, height: maps.height,
                        width: maps.width, channels: maps.channels, labels: maps.labels, classNames: maps.classNames)))
        }
        self.init(columns: columns, views: views)
    }
}
