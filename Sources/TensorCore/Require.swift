/// Stops the program with a text unless a condition holds, in optimised builds too.
///
/// For mistakes in a call (a wrong shape, axis or range), which no caller can handle. What comes from outside the
/// program throws ``FormatError`` instead. `precondition` would not do: under `-O` it prints no text.
///
/// - Parameters:
///   - condition: what must hold.
///   - message: names the operation, both shapes and the axis; evaluated only on failure.
@inlinable
public func require(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
    file: StaticString = #fileID, line: UInt = #line
) {
    if !condition() { fatalError(message(), file: file, line: line) }
}
