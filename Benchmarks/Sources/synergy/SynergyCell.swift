import Retort

/// One run of the experiment, by all that tells it from the others.
struct SynergyCell: Codable, Hashable {
    let data: SynergyData
    /// Images whose labels the student knows; nil for all.
    let labels: Int?
    /// Of the student.
    let steps: Int
    let arm: SynergyArm
    /// Factor on the strength of augmentation; nil without augmentation.
    let strength: Double?
    /// Nil without distillation.
    let teacher: SynergyTeacher?
    let seed: UInt64

    /// Of its file, without ending.
    var name: String {
        var parts = [data.rawValue, labelsName(labels), "steps\(steps)", arm.rawValue]
        if let strength { parts.append("strength\(shortest(strength))") }
        if let teacher {
            parts.append(
                "\(teacher.labels == nil ? "teacher" : "ownteacher")\(teacher.steps)\(teacher.augmentationName)")
        }
        return (parts + ["seed\(seed)"]).joined(separator: "-")
    }

    /// What the run depends on besides what is named here, by names for messages.
    ///
    /// - Parameter fingerprint: of the images.
    func settings(images fingerprint: String) throws -> [String: String] {
        let (method, policy) = (arm.method, data.policy)
        var found = [
            "images": fingerprint, "student": data.student,
            "plan": try jsonLine(TrainingPlan.experiment(steps: steps, seed: seed)),
        ]
        if let strength { found["augmentation"] = try jsonLine(policy.scaled(by: strength)) }
        let controllers = try method.controllers(policy.scaled(by: strength ?? 1), seed: seed).map { controller in
            "\(type(of: controller)) \(try jsonLine(controller))"
        }
        if !controllers.isEmpty { found["controllers"] = controllers.joined(separator: ", ") }
        guard let teacher else { return found }
        found["temperature"] = try jsonLine(method.temperature)
        found["hardLabelWeight"] = try jsonLine(method.hardLabelWeight)
        if method.contains(.judged) {
            let gate = TeacherGate(policy) { $0 }
            found["gate"] = "share \(gate.share), \(gate.redraws) redraws"
        }
        if !method.featureHints.isEmpty {
            found["hints"] = "\(try jsonLine(method.featureHints)), mask \(TrainingMethod.featureMask)"
        }
        for (name, value) in try teacher.settings(images: fingerprint) where name != "images" {
            found["teacher's \(name)"] = value
        }
        return found
    }
}

/// A teacher of the experiment, by all that tells it from the others.
struct SynergyTeacher: Codable, Hashable {
    let data: SynergyData
    /// Images whose labels it knows; nil for all of the training images.
    let labels: Int?
    let steps: Int
    /// Factor on the strength of augmentation; nil without augmentation.
    let strength: Double?
    let seed: UInt64

    /// Of its file, without ending.
    var name: String { "\(data.rawValue)-\(labelsName(labels))-steps\(steps)\(augmentationName)-seed\(seed)" }

    /// How names tell its augmentation from that of strength 1, which they leave out.
    fileprivate var augmentationName: String {
        guard let strength else { return "plain" }
        return strength == 1 ? "" : "strength\(shortest(strength))"
    }

    /// Of its training.
    var method: TrainingMethod { strength == nil ? [] : .augmentation }

    /// As ``SynergyCell/settings(images:)``.
    func settings(images fingerprint: String) throws -> [String: String] {
        var found = [
            "images": fingerprint, "network": data.teacher,
            "plan": try jsonLine(TrainingPlan.experiment(steps: steps, seed: seed)),
        ]
        if let strength { found["augmentation"] = try jsonLine(data.policy.scaled(by: strength)) }
        return found
    }
}

/// How a run ended.
struct SynergyResult: Codable, Equatable {
    let cell: SynergyCell
    /// Of ``SynergyCell/settings(images:)``.
    let settings: [String: String]
    /// Test images that were classified correctly, and how many there are.
    let right, images: Int
    /// Mean cross-entropy on the test images.
    let loss: Double
    /// Share of the validation images that were classified correctly.
    let validationAccuracy: Double
    /// Of training and testing, on a clock, without the teacher's own training.
    let seconds: Double
    let threads: Int

    var accuracy: Double { Double(right) / Double(images) }
}

private func labelsName(_ labels: Int?) -> String { "labels\(labels.map(String.init) ?? "all")" }
