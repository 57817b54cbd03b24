import Retort

/// One place of the experiment: all that its arms have in common but the seed.
struct SynergySetting: Hashable, Codable {
    let data: SynergyData
    /// Images whose labels the student knows; nil for all.
    var labels: Int?
    /// Factor on the strength of the student's augmentation.
    var strength = 2.0
    var steps = 1500
    /// Whether the teacher knows the student's labels alone, and not all of the training images.
    var sharesLabels = false
    /// Of the teacher; nil for what suits the data set with all labels.
    var teacherSteps: Int?
    /// Factor on the strength of the teacher's augmentation; nil for a teacher that was shown the images as they are.
    var teacherStrength: Double? = 1

    /// One run of an arm. What the arm does not depend on is left out, so that settings share the runs of such arms.
    func cell(_ arm: SynergyArm, seed: UInt64) -> SynergyCell {
        SynergyCell(
            data: data, labels: labels, steps: steps, arm: arm,
            strength: arm.method.contains(.augmentation) ? strength : nil,
            teacher: arm.method.contains(.distillation) ? teacher(seed: seed) : nil, seed: seed)
    }

    private func teacher(seed: UInt64) -> SynergyTeacher {
        SynergyTeacher(
            data: data, labels: sharesLabels ? labels : nil, steps: teacherSteps ?? data.teacherSteps,
            strength: teacherStrength, seed: sharesLabels ? seed : data.sharedTeacherSeed ?? seed)
    }

    /// The same with other steps of the student, and a third more of the teacher.
    func shortened(to steps: Int) -> SynergySetting {
        var setting = self
        (setting.steps, setting.teacherSteps) = (steps, steps * 4 / 3)
        return setting
    }
}

/// Settings that answer a question, and their arms.
struct SynergyStudy {
    let name: String
    var settings: [SynergySetting]
    var arms = SynergyArm.core

    /// All, the most important first.
    static let all: [SynergyStudy] = [
        SynergyStudy(name: "mnist-100", settings: [mnist100], arms: SynergyArm.allCases),
        SynergyStudy(name: "mnist-1000", settings: [SynergySetting(data: .mnist, labels: 1000)]),
        SynergyStudy(
            name: "strength",
            settings: [1, 3, 0.5, 4].map { SynergySetting(data: .mnist, labels: 100, strength: $0) }),
        SynergyStudy(
            name: "cifar-10",
            settings: [1, 2].map { SynergySetting(data: .cifar10, labels: 5000, strength: $0) }),
        SynergyStudy(name: "cifar-10-few", settings: [SynergySetting(data: .cifar10, labels: 500, strength: 1)]),
        SynergyStudy(name: "labels", settings: [300, nil].map { SynergySetting(data: .mnist, labels: $0) }),
        SynergyStudy(name: "digits", settings: [SynergySetting(data: .digits, labels: 100, steps: 800)]),
        SynergyStudy(
            name: "teacher",
            settings: [
                SynergySetting(
                    data: .mnist, labels: 1000, strength: 1, steps: 3000, sharesLabels: true, teacherSteps: 4000,
                    teacherStrength: nil),
                SynergySetting(
                    data: .mnist, labels: 1000, strength: 1, steps: 3000, sharesLabels: true, teacherSteps: 4000),
                SynergySetting(data: .mnist, labels: 1000, steps: 3000, sharesLabels: true, teacherSteps: 4000),
                SynergySetting(data: .mnist, labels: 1000, steps: 3000),
                SynergySetting(data: .mnist, labels: 1000, steps: 6000, teacherSteps: 8000),
            ]),
        SynergyStudy(
            name: "schedule",
            settings: [
                SynergySetting(data: .mnist, labels: 1000, steps: 6000),
                SynergySetting(data: .mnist, labels: 1000, strength: 1, steps: 6000),
                SynergySetting(data: .mnist, labels: 100, steps: 6000),
            ]),
        SynergyStudy(
            name: "mnist-1000-all-arms", settings: [SynergySetting(data: .mnist, labels: 1000)],
            arms: SynergyArm.allCases.filter { !SynergyArm.partsOfDynamic.contains($0) }),
    ]

    private static let mnist100 = SynergySetting(data: .mnist, labels: 100)

    /// The runs, seed by seed, so that what a stopped experiment left can be compared.
    func cells(seeds: [UInt64]) -> [SynergyCell] {
        settings.flatMap { setting in
            seeds.flatMap { seed in arms.map { setting.cell($0, seed: seed) } }
        }
    }
}
