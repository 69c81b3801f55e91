// The section `data` of a job file. Globs become absolute here, against the file's folder, so that a run means the same
// files from wherever it is resumed. Refuses to look for the files: whoever reads the corpus does.

import Foundation
import Jobs
import Primitives

/// The values under `data`.
struct DataFields {
    let source: Field<DataSpec.Source>
    let globs: [String]
    let validationShare: Field<Double>
    /// Batches that no step takes; ascending, apart from one another.
    let skipped: [Range<Int>]
    /// Whether the file has the section.
    let isThere: Bool

    /// - Parameter isThere: whether the file has the section: a job that is only planned or simulated needs none.
    init(_ section: Section, folder: String, isThere: Bool) {
        self.isThere = isThere
        source = section.choice("source", default: isThere ? nil : .tokens, standIn: .text)
        let items = section.list("paths", isRequired: isThere, example: "[\"../docs/**/*.md\"]")
        if items.isSound, items.value.isEmpty, let place = items.place {
            section.reading.report(.missing, "`\(items.key)` is empty", at: place, hint: "name at least one file")
        }
        globs = items.value.enumerated().compactMap { index, item in
            guard case .scalar(let text, _) = item.content, !text.isEmpty else {
                section.reading.report(
                    .wrongType, "`\(items.key)[\(index)]` must be the path of a file, not \(item.noun)", at: item.place)
                return nil
            }
            if text.hasPrefix("~") {
                section.reading.report(
                    .badForm, "`~` means a home folder only to a shell: `\(text)`", at: item.place,
                    hint: "write the whole path")
            }
            return FilePaths.absolute(text, in: folder)
        }
        validationShare = DataFields.split(section)
        skipped = DataFields.skip(section)
    }

    /// `["351-555", "700"]`: first and last of the batches, in any order; those that overlap or touch become one.
    private static func skip(_ section: Section) -> [Range<Int>] {
        let items = section.list("skip", isRequired: false, example: "[\"351-555\"]")
        var course = Course()
        for (index, item) in items.value.enumerated() {
            guard case .scalar(let text, _) = item.content else {
                section.reading.report(
                    .wrongType, "`\(items.key)[\(index)]` must be two numbers of batches, not \(item.noun)",
                    at: item.place, hint: "for example `\"351-555\"`")
                continue
            }
            let ends = text.split(separator: "-", omittingEmptySubsequences: false)
                .map { Number.parseWhole($0.filter { $0 != " " }) }
            guard let first = ends[0], let last = ends.count == 1 ? first : ends[1], ends.count <= 2 else {
                section.reading.report(
                    .badForm, "`\(items.key)[\(index)]` must be the first and the last batch, not `\(text)`",
                    at: item.place, hint: "for example `\"351-555\"`")
                continue
            }
            guard (1...1_000_000_000).contains(first), (first...1_000_000_000).contains(last) else {
                section.reading.report(
                    .outOfRange, "`\(items.key)[\(index)]` leaves out no batches: `\(text)`", at: item.place,
                    hint: "batches count from 1, and the first is not behind the last")
                continue
            }
            course.skip(first..<last + 1)
        }
        return course.skipped
    }

    private static func split(_ section: Section) -> Field<Double> {
        section.scalar("split", fallback: 0.05, isRequired: false, wanted: "two parts", example: "\"95,5\"") { scalar in
            let parts = scalar.text.split(separator: ",", omittingEmptySubsequences: false)
                .map { Number.parse($0.filter { $0 != " " }) }
            let numbers = parts.compactMap(\.self)
            guard numbers.count == parts.count, numbers.allSatisfy({ $0 >= 0 }), numbers.count == 2 else {
                let hint =
                    numbers.count == 3 && parts.count == 3
                    ? "nothing is tested here: add the third part to one of the others" : "for example `\"95,5\"`"
                section.reading.report(
                    .badForm, "`\(scalar.key)` must be two parts, training and validation, not `\(scalar.text)`",
                    at: scalar.place, hint: hint)
                return nil
            }
            guard numbers[0] > 0, (numbers[0] + numbers[1]).isFinite else {
                section.reading.report(
                    .outOfRange, "`\(scalar.key)` leaves nothing to train on: `\(scalar.text)`", at: scalar.place)
                return nil
            }
            return numbers[1] / (numbers[0] + numbers[1])
        }
    }
}

enum FilePaths {
    /// `path` as seen from `folder`, absolute, without `.`, `..` and doubled slashes. Links are not followed: a glob
    /// is not a file.
    static func absolute(_ path: String, in folder: String) -> String {
        let base = path.hasPrefix("/") ? path : "\(folder)/\(path)"
        var parts: [Substring] = []
        for part in base.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The folder of the file at `path`, absolute.
    static func folder(of path: String) -> String {
        absolute("\(path)/..", in: FileManager.default.currentDirectoryPath)
    }
}
