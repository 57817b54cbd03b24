import TensorCore
import Testing

@testable import Training

@Suite("The line of a progress bar")
struct ProgressLineTests {
    private func line(_ title: String) -> ProgressLine {
        ProgressLine(title: title, share: 0.5, figures: "epoch 3/20  loss 0.1234  0:10 left")
    }

    @Test("It fits every width: the bar goes first, then the title, then the figures", arguments: 0...120)
    func widths(columns: Int) {
        for title in ["mlp-8", "犬のなかま 🐱 and a very long name of a network", ""] {
            let text = line(title).text(columns: columns)
            #expect(text.columns <= columns)
            // 34 columns of figures, a space, and something of the title.
            if columns >= 34 { #expect(text.hasSuffix("0:10 left")) }
        }
    }

    @Test("With room for all the bar is half full; without, it is gone before the title is")
    func parts() {
        #expect(line("mlp-8").text(columns: 80).contains(String(repeating: "█", count: 10) + "░"))
        #expect(line("mlp-8").text(columns: 59).hasPrefix("mlp-8 ") && !line("mlp-8").text(columns: 59).contains("░"))
        #expect(line("mlp-8").text(columns: 40).hasPrefix("mlp-8 epoch"))
        #expect(line("mlp-8").text(columns: nil) == "mlp-8                    epoch 3/20  loss 0.1234  0:10 left")
    }
}
