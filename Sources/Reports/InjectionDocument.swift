// The answer of a running coordinator to a request for a fault, as a document. Refuses refusals: those are errors.

/// What came of a request to inflict a fault.
public struct InjectionDocument: Equatable, Sendable, Codable {
    /// `understudy/injection/v1`.
    public var schema = DocumentSchema.injection
    /// The run's name.
    public var run: String
    /// `done`, or `accepted` where its moment has not come.
    public var state: String
    /// What is done, and on whom.
    public var what: String

    /// The document of an answer.
    public init(run: String, state: String, what: String) {
        self.run = run
        self.state = state
        self.what = what
    }
}
