import TensorCore
import Testing

@Suite struct FormatErrorTests {
    @Test("What stands in another's place reads as found and expected, what is wrong by itself as a sentence")
    func forms() {
        let swapped = FormatError(file: "m", place: "at byte 0", found: "a PNG file", expected: "a model")
        #expect("\(swapped)" == "m: at byte 0: a PNG file found, a model expected")
        let missing = FormatError(file: "m", problem: "no such file")
        #expect("\(missing)" == "m: no such file" && missing.found == missing.problem && missing.expected.isEmpty)
    }

    @Test("Each thing that can be done comes after the one before")
    func advice() {
        let error = FormatError(file: "k", problem: "damaged").advising("copy it again").advising("remove it")
        #expect(
            "\(error)" == "k: damaged; copy it again, or remove it"
                && error.problem == "damaged; copy it again, or remove it")
    }

    @Test("Names in a sentence, and bytes in a unit of which there are enough")
    func words() {
        #expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(\.inWords) == ["", "a", "a and b", "a, b and c"])
        #expect(
            [Array("abc"), Array("abcde")].map { $0.map(String.init).firstInWords } == [
                "a, b and c", "a, b, c and 2 more",
            ])
        #expect([18_820, 21_952_500].map(\.bytesInTables) == ["18.8 kB", "22.0 MB"])
        #expect([1, 9_999, 290_000, 12_500_000].map(\.bytesInWords) == ["1 byte", "9999 bytes", "290 kB", "12 MB"])
    }
}
