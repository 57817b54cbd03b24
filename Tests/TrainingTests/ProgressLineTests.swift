import Foundation
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

    @Test("In a log a line comes every 30 seconds within an epoch, and at each epoch's end; the clock then starts anew")
    func log() {
        let start = Date(timeIntervalSince1970: 1_000_000)
        var pace = ProgressPace(isTerminal: false, start: start)
        func isDue(_ seconds: Double, isEndOfEpoch: Bool = false) -> Bool {
            pace.isDue(at: start.addingTimeInterval(seconds), isEndOfEpoch: isEndOfEpoch)
        }
        // A step each second, of which one ends an epoch.
        let due = (0...100).filter { isDue(Double($0), isEndOfEpoch: $0 == 40) }
        #expect(due == [31, 40, 71])
        #expect(!isDue(101) && isDue(101.5) && !isDue(131.5) && isDue(131.6))
    }

    @Test("On a terminal the first step is shown at once, and then ten a second")
    func terminal() {
        let start = Date(timeIntervalSince1970: 1_000_000)
        var pace = ProgressPace(isTerminal: true, start: start)
        let due = (0..<100).filter { pace.isDue(at: start.addingTimeInterval(Double($0) / 100), isEndOfEpoch: false) }
        #expect(due.first == 0 && (9...11).contains(due.count))
    }

    @Test("A line counts steps; those of an earlier process count for none of the speed, and large losses are powers")
    func figures() {
        let progress = TrainingProgress(
            epoch: 3, epochs: 20, step: 30, steps: 40, loss: 3.6e21, accuracy: 0.5, values: [:], batchSize: 8,
            validation: nil)
        let line = ProgressBar("mlp-8").line(progress, after: 20, seconds: 4)
        #expect(
            line.figures == "step 30/40  loss 3.6e+21  training accuracy 50.0 %  20 images/s  0:04 left")
        #expect(lossText(0.12345) == "0.1235" && ProgressBar("").line(progress, after: 29, seconds: 4).share == 0.75)
    }

    @Test("With room for all the bar is half full; without, it is gone before the title is")
    func parts() {
        #expect(line("mlp-8").text(columns: 80).contains(String(repeating: "█", count: 10) + "░"))
        #expect(line("mlp-8").text(columns: 59).hasPrefix("mlp-8 ") && !line("mlp-8").text(columns: 59).contains("░"))
        #expect(line("mlp-8").text(columns: 40).hasPrefix("mlp-8 epoch"))
        #expect(line("mlp-8").text(columns: nil) == "mlp-8                    epoch 3/20  loss 0.1234  0:10 left")
    }
}
