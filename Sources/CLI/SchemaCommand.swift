// `understudy schema`: the JSON Schema of every document that `--json` prints. The one list of kinds and their types;
// Reports reads the schema off the type. Refuses descriptions by hand, which would go stale.

import ArgumentParser
import Foundation
import Reports

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of a kind of document; the kinds when none is named.",
        discussion: """
            Every document that --json prints names its kind and version: the kind of
            "understudy/run/v1" is run. logs prints a document a line, top and
            logs -f as long as the run goes on.

            Example:  understudy schema incidents > incidents.schema.json
            """)

    /// The types of documents, each under what its property `schema` says.
    static var documents: [(schema: String, type: any Decodable.Type)] {
        DocumentSchema.allCases.map { ($0.rawValue, $0.document) } + [
            ("understudy/calibration/v1", CalibrateCommand.Document.self),
            ("understudy/checkpoint/v1", CheckpointCommand.Verify.Document.self),
            ("understudy/doctor/v1", DoctorCommand.Document.self),
            ("understudy/done/v1", DoneDocument.self),
            ("understudy/drill/v1", DrillDocument.self),
            ("understudy/error-codes/v1", ExplainCommand.CodesDocument.self),
            ("understudy/logits/v1", LogitsCommand.Document.self),
            ("understudy/nodes/v1", NodesDocument.self),
            ("understudy/plan/v1", PlanDocument.self),
            ("understudy/queue/v1", QueueDocument.self),
            ("understudy/queue-drill/v1", QueueDrillDocument.self),
            ("understudy/queued-job/v1", QueuedJobDocument.self),
            ("understudy/replicas/v1", ReplicasDocument.self),
            ("understudy/replay/v1", ReplayCommand.Document.self),
            ("understudy/resize/v1", ResizeDocument.self),
            ("understudy/rule-trials/v1", RuleTrialsDocument.self),
            ("understudy/sample/v1", SampleCommand.Document.self),
            ("understudy/scoreboard/v1", Scoreboard.self),
            ("understudy/submission/v1", SubmissionDocument.self),
            ("understudy/submission-trial/v1", SubmissionTrialDocument.self),
            ("understudy/sweep/v1", SweepDocument.self),
            ("understudy/validation/v1", ValidateCommand.Document.self),
        ]
    }

    @Argument(help: ArgumentHelp("The kind.", valueName: "kind"))
    var kind: String?

    func run() throws {
        let known = SchemaCommand.documents.map { (kind: String($0.schema.split(separator: "/")[1]), document: $0) }
        guard let kind else {
            for each in known.sorted(by: { $0.kind < $1.kind }) { print(each.kind) }
            return
        }
        guard let found = known.first(where: { $0.kind == kind || $0.document.schema == kind }) else {
            throw Failure(.usage, "there is no kind of document '\(kind)'; 'understudy schema' lists them all")
        }
        print(jsonSchema(of: found.document.type, schema: found.document.schema), terminator: "")
    }
}
