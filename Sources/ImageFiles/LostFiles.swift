import Synchronization
import TensorCore

/// Files that turned out bad after they were opened: each is told once.
final class LostFiles: Sendable {
    /// Says why a file is left out.
    typealias Teller = @Sendable (FormatError) -> Void

    private let tell: Teller
    /// By the number of the file, why it cannot be used any more.
    private let errors = Mutex([Int: FormatError]())

    init(_ tell: @escaping Teller) { self.tell = tell }

    /// Why a file cannot be used any more; nil for one that can.
    subscript(number: Int) -> FormatError? { errors.withLock { $0[number] } }

    /// The numbers of all of them, ascending.
    var numbers: [Int] { errors.withLock { $0.keys.sorted() } }

    /// Notes and tells that a file cannot be used any more.
    func add(_ number: Int, _ error: FormatError) {
        let isNew = errors.withLock { $0.updateValue(error, forKey: number) == nil }
        if isNew { tell(error) }
    }
}
