// `understudy explain`: the long text behind an error's code, one decision of a run, or why a queued job waits. Refuses to
// know decisions: what can be asked about, and the answers, are Reports' or the queue's controller's.

import ArgumentParser
import Journaling
import Primitives
import Reports
import SpecFiles

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain a decision of a run, a queued job, or an error code; all codes when nothing is named.",
        discussion: """
            E0104          an error's code
            I-0007         what was done about an incident, and what else would have cost
            segment@3      why that segment began, and with whose state (segment: the newest)
            placement@3    why these workers have these ranks (placement: the newest)
            spike@454      what was decided about the rise of the loss that step 454 is part of
            7              a job of the queue: what holds it up, when it starts, what would help

            Examples:
              understudy explain quickstart-0001 I-0001
              understudy explain segment@2 --json
              understudy explain E0104
              understudy explain 7
              understudy explain 7 --what-if slots=2 --what-if nodes=+1
            """)

    @Argument(
        help: ArgumentHelp(
            "A run, the newest when left out, and what to explain; or an error's code.", valueName: "words"))
    var words: [String] = []

    @Option(
        name: .customLong("what-if"),
        help: ArgumentHelp(
            "Of a job of the queue: when it would start with this change; can be given several times.",
            valueName: "change"))
    var whatIf: [String] = []

    @OptionGroup var runs: RunsOption
    @OptionGroup var controller: ControllerOption
    @OptionGroup var output: OutputOptions

    /// Codes of complaints about files: the one that was named, or all.
    struct CodesDocument: Codable {
        struct Entry: Codable {
            var code: String
            var title: String
            /// When it is given, why, and what to do.
            var explanation: String
        }
        var schema = "understudy/error-codes/v1"
        var codes: [Entry]

        init(_ codes: [DiagnosticCode]) {
            self.codes = codes.map { Entry(code: $0.id, title: $0.title, explanation: $0.explanation) }
        }
    }

    func validate() throws {
        guard whatIf.isEmpty || words.count == 1 && Int(words[0]) != nil else {
            throw ValidationError("--what-if takes the number of a job of the queue")
        }
        if words.count > 2 { throw ValidationError("name a run and one thing to explain") }
    }

    func run() throws {
        guard let last = words.last else {
            return output.print(CodesDocument(DiagnosticCode.all)) { _, _ in
                DiagnosticCode.all.map { "\($0.id)  \($0.title)" }
            }
        }
        if let subject = DecisionSubject(last) { return try explain(subject) }
        if words.count == 1, let job = Int(last) { return try explain(job: job) }
        guard words.count == 1 else {
            throw Failure(.usage, "'\(last)' cannot be explained; \(DecisionSubject.forms) can")
        }
        guard let known = DiagnosticCode(id: last.uppercased()) else {
            throw Failure(
                .usage,
                "there is no error \(last); 'understudy explain' lists them all, and of a run "
                    + "\(DecisionSubject.forms) can be explained")
        }
        output.print(CodesDocument([known])) { _, _ in ["\(known.id): \(known.title)", "", known.explanation] }
    }

    private func explain(job: Int) throws {
        let changes = whatIf.map { Line("what-if").with("change", $0) }
        let answer = try controller.ask([Line("explain").with("job", job)] + changes)
        let document = try reading { try QueuedJobDocument(answer) }
        output.print(document) { _, _ in document.lines() }
    }

    private func explain(_ subject: DecisionSubject) throws {
        let folder = try words.count == 2 ? RunArgument.find(words[0], in: runs) : RunArgument.newest(in: runs)
        let document: DecisionDocument
        do { document = try readRun(folder).decision(on: subject) } catch let missing as NoSuchDecision {
            throw Failure(.failed, missing.description)
        }
        output.print(document) { width, style in decisionLines(document, width: width, style: style) }
    }
}
