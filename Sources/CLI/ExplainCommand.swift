// `understudy explain`: the long text behind an error's code.

import ArgumentParser
import SpecFiles

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain an error code, like E0104; all of them when none is given.")

    @Argument(help: ArgumentHelp("The code.", valueName: "code"))
    var code: String?

    func run() throws {
        guard let code else {
            for known in DiagnosticCode.all { print("\(known.id)  \(known.title)") }
            return
        }
        guard let known = DiagnosticCode(id: code.uppercased()) else {
            throw Failure(.usage, "there is no error \(code); 'understudy explain' lists them all")
        }
        print("\(known.id): \(known.title)\n\n\(known.explanation)")
    }
}
