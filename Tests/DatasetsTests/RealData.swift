import Foundation

/// The folder with the real data sets, if the environment names one.
let realData = ProcessInfo.processInfo.environment["RETORT_DATA"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
