import TensorCore

/// How many labels each class gets of a number of them.
public enum LabelDistribution: String, Sendable, CaseIterable {
    /// As many as every other; the number may differ by one where it does not divide.
    case even
    /// In proportion to its images, and at least one.
    case shares
}

extension ImageSource {
    /// Divides the images at random, class by class, as semi-supervised learning needs them: a few with labels, the
    /// rest without, some held out.
    ///
    /// For one seed and one number of validation images, the validation set is the same whatever number is labelled,
    /// and a smaller labelled set is part of a larger one. Images keep their order and their sample ids. In a set with
    /// identities an image that is added or taken away moves one other at most.
    ///
    /// - Parameters:
    ///   - labelled: the number of labelled images over all classes, at least one a class. Where it does not divide,
    ///     some classes, chosen by the seed, have one more.
    ///   - validation: the number of images to hold out, divided in the same way.
    ///   - seed: what the choice depends on.
    ///   - distribution: of the labels over the classes.
    /// - Returns: images with their labels, as many of each class (the number may differ by one where it does not
    ///   divide), or in proportion to it; all others but those held out, whose labels are nil, so that nobody uses them
    ///   by mistake; and those held out, with labels and as many of each class.
    /// - Throws: `FormatError` when a class has too few images, or would have no labelled one.
    public func split(
        labelled: Int, validation: Int = 0, seed: UInt64, by distribution: LabelDistribution = .even
    ) throws -> (labelled: Self, unlabelled: Self, validation: Self) {
        guard labelled >= classCount, validation >= 0, classCount > 0 else {
            throw FormatError(
                file: "labels", found: "\(labelled.counted("image")) with labels and \(validation) for validation",
                expected: "at least one with a label for each of \(classCount.counted("class", "classes"))")
        }
        let order = orderOfClasses(seed: seed)
        var chosen: (labelled: [Int], validation: [Int]) = ([], [])
        var used = [Bool](repeating: false, count: count)
        let byClass = placesByClass
        let held = (0..<classCount).map { share(of: validation, for: $0, order) }
        let wanted =
            distribution == .even
            ? (0..<classCount).map { share(of: labelled, for: $0, order) }
            : proportions(of: labelled, among: zip(byClass, held).map { $0.count - $1 }, order)
        for (label, places) in byClass.enumerated() {
            let (held, wanted) = (held[label], wanted[label])
            guard places.count - held >= wanted else {
                throw FormatError(
                    file: "labels", place: "class \(classNames[label])", found: places.count.counted("image"),
                    expected: "\(wanted) with labels" + (held > 0 ? " and \(held) for validation" : ""))
            }
            let shuffled = shuffled(places, ofClass: label, seed: seed)
            chosen.validation += shuffled[..<held]
            chosen.labelled += shuffled[held..<held + wanted]
            for place in shuffled[..<(held + wanted)] { used[place] = true }
        }
        return (
            subset(chosen.labelled.sorted()), subset(used.indices.filter { !used[$0] }).withoutLabels(),
            subset(chosen.validation.sorted())
        )
    }

    /// Divides the images at random with the same number of images of every class.
    ///
    /// - Throws: `FormatError` when a class has too few images.
    public func split(
        labelledPerClass: Int, validationPerClass: Int = 0, seed: UInt64
    ) throws -> (labelled: Self, unlabelled: Self, validation: Self) {
        try split(labelled: labelledPerClass * classCount, validation: validationPerClass * classCount, seed: seed)
    }

    /// Divides the images at random by places in two, and leaves both the classes' shares as they are, up to rounding.
    ///
    /// Images keep their order, labels and sample ids.
    ///
    /// - Parameters:
    ///   - count: about how many images to hold out: of a class with the share p of the images, p · count, rounded
    ///     down.
    ///   - seed: what the choice depends on.
    public func holdingOut(_ count: Int, seed: UInt64) -> (rest: Self, held: Self) {
        require(count >= 0 && count <= self.count, "holdingOut: \(count) of \(self.count) images")
        return holdingOut { label, places in
            shuffled(places, byPlaceInClass: label, seed: seed)[..<(places.count * count / max(1, self.count))]
        }
    }

    /// Divides the images in two.
    ///
    /// - Parameter choice: the places to hold out, of a class and its places.
    func holdingOut(_ choice: (_ label: Int, _ places: [Int]) -> ArraySlice<Int>) -> (rest: Self, held: Self) {
        var isHeld = [Bool](repeating: false, count: count)
        for (label, places) in placesByClass.enumerated() {
            for place in choice(label, places) { isHeld[place] = true }
        }
        return (subset(isHeld.indices.filter { !isHeld[$0] }), subset(isHeld.indices.filter { isHeld[$0] }))
    }

    /// Checks that a network can learn every class from this set.
    ///
    /// - Throws: `FormatError` naming the first class without an image.
    public func checkEveryClassOccurs(in name: String) throws {
        guard let absent = placesByClass.firstIndex(where: \.isEmpty) else { return }
        throw FormatError(
            file: name, place: "class \(classNames[absent])", found: "no labelled image", expected: "1 or more")
    }

    /// The order in which places of a class are taken: by identities, or a permutation where there are none.
    private func shuffled(_ places: [Int], ofClass label: Int, seed: UInt64) -> [Int] {
        guard let identities else { return shuffled(places, byPlaceInClass: label, seed: seed) }
        return places.map { (place: $0, draw: ImageIndex.draw(identities[$0], RandomPurpose.split, seed: seed)) }
            .sorted { ($0.draw, $0.place) < ($1.draw, $1.place) }.map(\.place)
    }

    /// A permutation that depends on the number of places.
    func shuffled(_ places: [Int], byPlaceInClass label: Int, seed: UInt64) -> [Int] {
        var random = Philox(seed: seed, sample: label, operation: RandomPurpose.split)
        return random.permutation(of: places.count).map { places[$0] }
    }

    /// For each class its place in the order in which they get one image more than others.
    private func orderOfClasses(seed: UInt64) -> [Int] {
        guard identities != nil else {
            var random = Philox(seed: seed, sample: classCount, operation: RandomPurpose.split)
            return random.permutation(of: classCount)
        }
        let draws = classNames.map {
            ImageIndex.draw(ImageIndex.identity(Array($0.utf8)), RandomPurpose.split, seed: seed)
        }
        var order = [Int](repeating: 0, count: classCount)
        for (rank, label) in draws.indices.sorted(by: { (draws[$0], $0) < (draws[$1], $1) }).enumerated() {
            order[label] = rank
        }
        return order
    }

    private func share(of total: Int, for label: Int, _ order: [Int]) -> Int {
        total / classCount + (order[label] < total % classCount ? 1 : 0)
    }

    /// For each class its share of a number in proportion to its images, at least 1.
    ///
    /// One after another goes to the class with the most images for twice what it has and one (A. Sainte-Laguë, 1910):
    /// a class never has fewer of a larger number, as it may with rounded fractions.
    private func proportions(of total: Int, among counts: [Int], _ order: [Int]) -> [Int] {
        var shares = [Int](repeating: 1, count: classCount)
        func isBefore(_ left: Int, _ right: Int) -> Bool {
            let products = (counts[left] * (2 * shares[right] + 1), counts[right] * (2 * shares[left] + 1))
            return products.0 != products.1 ? products.0 > products.1 : order[left] < order[right]
        }
        for _ in 0..<max(0, total - classCount) {
            // Where no class has more to give, the first lacks it, which is then said.
            let open = counts.indices.filter { shares[$0] < counts[$0] }
            shares[open.min(by: isBefore) ?? 0] += 1
        }
        return shares
    }
}
