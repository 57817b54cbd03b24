import ArgumentParser
import Foundation
import Retort

/// Who teaches in `retort distill`.
struct TeacherOptions: ParsableArguments, CheckedOptions, FileOptions {
    @Option(help: ArgumentHelp("Model that teaches, also an ONNX file; several teach as one.", valueName: "FILE"))
    var teacher: [String] = []

    @Option(
        help: ArgumentHelp(
            "Which of the teacher's classes mean which classes of the data.",
            discussion: """
                A JSON object, such as {"tabby": "cat", "tiger cat": "cat", "beagle": "dog"}; classes of a model that \
                does not name them go by their numbers from 0. Others of the teacher's classes are left out. Without, \
                classes are matched by their names.
                """, valueName: "FILE.json"))
    var teacherClasses: String?

    @Option(
        help: ArgumentHelp(
            "How several teachers' outputs become one.",
            discussion: """
                entropy and cross-entropy weigh image by image: who is unsure, or wrong by the label, has less to say.
                """))
    var averaging = Ensemble.Averaging.probabilities

    @Option(
        help: ArgumentHelp(
            "The student's own moving average teaches too, or alone; each step keeps this share of it.",
            valueName: "DECAY"))
    var meanTeacher: Float?

    @Option(
        help: ArgumentHelp(
            "No teacher: the student and a second one of this architecture teach each other. The first is written.",
            valueName: "ARCHITECTURE"))
    var mutual: String?

    @Option(
        help: ArgumentHelp(
            "Folder that keeps the teacher's outputs; later students read them and need not run it.",
            discussion: """
                For students that see the same views: other architectures, losses, temperatures, learning rates. Runs \
                whose teacher, images, augmentation, --batch, --steps / 20, --seed or steering differ are refused.
                """, valueName: "DIR"))
    var teacherCache: String?

    /// Reads the map of classes.
    ///
    /// - Throws: `FormatError`.
    func classMap() throws -> ClassMap? { try teacherClasses.map { try ClassMap(URL(fileURLWithPath: $0)) } }

    var cacheURL: URL? { teacherCache.map { URL(fileURLWithPath: $0) } }

    var files: [NamedFile] {
        teacher.map { NamedFile("--teacher", $0, .read) }
            + (teacherClasses.map { [NamedFile("--teacher-classes", $0, .read)] } ?? [])
            + (teacherCache.map { [NamedFile("--teacher-cache", $0, .folder(files: []))] } ?? [])
    }

    func check() throws {
        if let meanTeacher, !(meanTeacher >= 0 && meanTeacher < 1) {
            throw ConfigurationError(["mean-teacher"], "\(shortText(meanTeacher)) found, 0 to less than 1 expected")
        }
        guard teacherClasses == nil || !teacher.isEmpty else {
            throw ConfigurationError(["teacher-classes"], "no --teacher found, whose classes they are")
        }
        if let mutual {
            try checkArchitecture("mutual", mutual)
            guard teacher.isEmpty, meanTeacher == nil, teacherCache == nil else {
                throw ConfigurationError(
                    ["mutual"], "needs no teacher; leave out --teacher, --mean-teacher and --teacher-cache")
            }
            return
        }
        guard !teacher.isEmpty || meanTeacher != nil else {
            throw ConfigurationError(["teacher"], "nothing found, a model, --mean-teacher or --mutual expected")
        }
    }

    /// The network that teaches: what was trained, and the student's average.
    func network(_ trained: [any Module], student: any Module) -> any Module {
        func average(of student: some Module, _ decay: Float) -> any Module { MeanTeacher(of: student, decay: decay) }
        let members = trained + (meanTeacher.map { [average(of: student, $0)] } ?? [])
        return members.count == 1 ? members[0] : Ensemble(members, averaging: averaging)
    }
}
