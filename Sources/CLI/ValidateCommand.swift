// `understudy validate`: reads job and cluster files and says everything that is wrong with them at once.

import ArgumentParser
import Foundation
import Reports
import SpecFiles

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check job and cluster files without starting anything.",
        discussion: """
            Example:  understudy validate jobs/*.yaml clusters/*.yaml

            The exit code is 3 when one of them is invalid.
            """)

    @Argument(help: ArgumentHelp("The files.", valueName: "file"))
    var files: [String]

    @OptionGroup var output: OutputOptions

    struct Document: Codable {
        struct File: Codable {
            var path: String
            var kind: String?
            var name: String?
        }
        var schema = "understudy/validation/v1"
        var valid: Bool
        var files: [File]
        var diagnostics: [Diagnostic]
    }

    func run() throws {
        var read: [Document.File] = []
        var problems = SpecFileErrors(diagnostics: [])
        for path in files {
            do {
                switch try SpecReader.any(path: path) {
                case .job(let job):
                    problems.diagnostics += job.warnings
                    read.append(.init(path: path, kind: "Job", name: job.spec.name))
                case .cluster(let cluster): read.append(.init(path: path, kind: "Cluster", name: cluster.name))
                }
            } catch {
                problems.diagnostics += error.diagnostics
                read.append(.init(path: path, kind: nil, name: nil))
            }
        }
        let isValid = !problems.diagnostics.contains { $0.severity == .error }
        let document = Document(valid: isValid, files: read, diagnostics: problems.diagnostics)
        output.print(document) { _, _ in
            read.compactMap { file in file.kind.map { "\(file.path): \($0.lowercased()) \(file.name ?? ""), valid" } }
        }
        if !output.json, !problems.diagnostics.isEmpty {
            warn(problems.rendered(color: Terminal.style(2, noColor: output.noColor).isOn))
        }
        guard isValid else { throw Failure(.invalidSpec, output.json ? "" : problems.summary) }
    }
}
