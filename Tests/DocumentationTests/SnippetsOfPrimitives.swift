// Snippets of the page about Autograd's primitives, so that they are compiled. Nothing here is run.
import Retort

private struct Primitives {
    func normalized(_ tokens: Variable, gain: Variable, shift: Variable) -> Variable {
        let centred = tokens - tokens.mean(axes: [-1], keepingAxes: true)
        let variance = (centred * centred).mean(axes: [-1], keepingAxes: true)
        return centred / (variance + 1e-5).sqrt() * gain + shift
    }

    func attention(_ query: Variable, _ key: Variable, _ value: Variable) -> Variable {
        let scores = query.multiplied(byMatrices: key.transposed([0, 2, 1])) * (1 / Float(key.shape[2]).squareRoot())
        let powers = (scores - scores.max(axes: [-1], keepingAxes: true)).exp()
        return (powers / powers.sum(axes: [-1], keepingAxes: true)).multiplied(byMatrices: value)
    }
}
