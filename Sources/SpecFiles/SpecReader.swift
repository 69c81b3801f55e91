// The way in: a path or a text, and `-s` arguments, to a job, a cluster or constants, or every complaint at once. Refuses to
// print, to exit and to look at anything but the one file.

import Hardware
import Jobs

/// What a spec file describes.
public enum SpecFile: Equatable, Sendable {
    /// A job.
    case job(ReadJob)
    /// A cluster.
    case cluster(Cluster)
}

/// Reads job and cluster files.
public enum SpecReader {
    /// The job that the file at `path` describes.
    /// - Parameter overrides: values to put in place of the file's, `train.lr=3e-4`, later ones winning.
    /// - Throws: everything that is wrong with the file and the overrides.
    public static func job(path: String, overrides: [String] = []) throws(SpecFileErrors) -> ReadJob {
        let reading = Reading()
        return try job(text(path, reading), path: path, overrides: overrides, reading)
    }

    /// The job that `text` describes, as if it stood in the file at `path`, which need not exist.
    /// - Throws: everything that is wrong with the text and the overrides.
    public static func jobText(
        _ text: String, path: String, overrides: [String] = []
    ) throws(SpecFileErrors) -> ReadJob {
        try job(text, path: path, overrides: overrides, Reading())
    }

    /// The cluster that the file at `path` describes.
    /// - Throws: everything that is wrong with the file.
    public static func cluster(path: String) throws(SpecFileErrors) -> Cluster {
        let reading = Reading()
        return try cluster(text(path, reading), path: path, reading)
    }

    /// The cluster that `text` describes, as if it stood in the file at `path`, which need not exist.
    /// - Throws: everything that is wrong with the text.
    public static func clusterText(_ text: String, path: String) throws(SpecFileErrors) -> Cluster {
        try cluster(text, path: path, Reading())
    }

    /// The constants that the file at `path` holds.
    /// - Throws: everything that is wrong with the file.
    public static func constants(path: String) throws(SpecFileErrors) -> ReadConstants {
        let reading = Reading()
        let root = try root(of: text(path, reading), path: path, noun: Schema.constants.noun, reading)
        _ = try kind(of: root, schemas: [.constants], reading)
        return try ConstantsReader.read(top(root, .constants, reading))
    }

    /// Whatever the file at `path` describes, by its `kind`.
    /// - Throws: everything that is wrong with the file.
    public static func any(path: String) throws(SpecFileErrors) -> SpecFile {
        let reading = Reading()
        let text = try text(path, reading)
        let root = try root(of: text, path: path, noun: "job or cluster", reading)
        switch try kind(of: root, schemas: [.job, .cluster], reading) {
        // A new reading each: what this one found, the next finds again.
        case Schema.cluster.kind: return .cluster(try clusterText(text, path: path))
        default: return .job(try jobText(text, path: path))
        }
    }

    // MARK: - Steps

    private static func job(
        _ text: String, path: String, overrides: [String], _ reading: Reading
    ) throws(SpecFileErrors) -> ReadJob {
        var root = try root(of: text, path: path, noun: Schema.job.noun, reading)
        root = Overrides(reading: reading).apply(overrides, to: root)
        _ = try kind(of: root, schemas: [.job], reading)
        return try JobReader.read(top(root, .job, reading), folder: FilePaths.folder(of: path))
    }

    private static func cluster(
        _ text: String, path: String, _ reading: Reading
    ) throws(SpecFileErrors) -> Cluster {
        let root = try root(of: text, path: path, noun: Schema.cluster.noun, reading)
        _ = try kind(of: root, schemas: [.cluster], reading)
        return try ClusterReader.read(top(root, .cluster, reading))
    }

    private static func text(_ path: String, _ reading: Reading) throws(SpecFileErrors) -> String {
        guard let text = SpecText.read(path: path, into: reading) else {
            throw SpecFileErrors(diagnostics: reading.diagnostics)
        }
        return text
    }

    /// The mapping that the whole file is.
    private static func root(
        of text: String, path: String, noun: String, _ reading: Reading
    ) throws(SpecFileErrors) -> SpecNode {
        var composer = SpecComposer(source: Source(path: path, text: text), reading: reading)
        let root = composer.compose(text)
        if let root {
            switch root.content {
            case .mapping: return root
            case .null: break
            case .scalar, .list:
                reading.report(.wrongType, "a \(noun) file must be a mapping, not \(root.noun)", at: root.place)
            }
        }
        if !reading.hasErrors {
            reading.report(.empty, "the file is empty", path: path, hint: "a \(noun) file starts with `kind:`")
        }
        throw SpecFileErrors(diagnostics: reading.diagnostics)
    }

    private static func top(_ root: SpecNode, _ schema: Schema, _ reading: Reading) -> Section {
        Section(
            reading: reading, schema: schema, path: "", name: "", node: root, place: firstKey(of: root),
            isRequired: true)
    }

    private static func firstKey(of root: SpecNode) -> Place {
        guard case .mapping(let entries) = root.content, let first = entries.first else { return root.place }
        return first.keyPlace
    }

    /// The file's kind. Another than wanted ends the reading: every key would be unknown.
    private static func kind(
        of root: SpecNode, schemas: [Schema], _ reading: Reading
    ) throws(SpecFileErrors) -> String {
        let wanted = schemas.map { "`kind: \($0.kind)`" }.joined(separator: " or ")
        guard case .mapping(let entries) = root.content, let entry = entries.first(where: { $0.key == "kind" }) else {
            reading.report(.missing, "the file does not say its kind", at: firstKey(of: root), hint: "add \(wanted)")
            throw SpecFileErrors(diagnostics: reading.diagnostics)
        }
        if case .scalar(let text, _) = entry.value.content {
            if let schema = schemas.first(where: { $0.kind == text }) { return schema.kind }
            let isOther = [Schema.job, .cluster, .constants].contains { $0.kind == text }
            reading.report(
                isOther ? .wrongKind : .unknownValue,
                isOther ? "this is a \(text.lowercased()) file" : "`kind` cannot be `\(text)`", at: entry.value.place,
                hint: isOther ? "a file with \(wanted) is wanted here" : "write \(wanted)")
        } else {
            reading.report(.wrongType, "`kind` must be a word, not \(entry.value.noun)", at: entry.value.place)
        }
        throw SpecFileErrors(diagnostics: reading.diagnostics)
    }
}
