// The commands that hold runs against each other: `diff` for two that should be the same, `compare` for any number.

import ArgumentParser
import Foundation
import Journaling
import Reports

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Find where two runs part: the first step, key and event that differ.",
        discussion: """
            Example:  understudy diff quickstart-0001 quickstart-0002 --metrics

            Exit code 0: the same. 1: they differ. 2: one of them cannot be read.
            """)

    @Argument(help: ArgumentHelp("A run: its name, or its folder.", valueName: "run"))
    var first: String

    @Argument(help: ArgumentHelp("Another.", valueName: "run"))
    var second: String

    @Flag(name: .long, help: "Compare what was asked for.")
    var config = false

    @Flag(name: .long, help: "Compare losses, gradient norms and final weights, bit for bit.")
    var metrics = false

    @Flag(name: .long, help: "Compare what happened: gangs and incidents.")
    var events = false

    @OptionGroup var runs: RunsOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let folders: [RunFolder]
        let sources: [RunSource]
        do {
            folders = try [first, second].map { try RunArgument.find($0, in: runs) }
            sources = try folders.map(readRun)
        } catch let failure as Failure { throw Failure(.usage, failure.message) }
        let texts = folders.map { try? String(contentsOfFile: $0.resolved, encoding: .utf8) }
        var parts: [RunDifference.Part] = (config ? [.config] : []) + (metrics ? [.metrics] : [])
        if events { parts.append(.events) }
        let difference = RunDifference(
            sources[0], sources[1], configurations: texts[0].flatMap { a in texts[1].map { (a, $0) } },
            parts: parts.isEmpty ? RunDifference.Part.allCases : parts)
        output.print(difference) { width, style in differenceLines(difference, width: width, style: style) }
        if !difference.isNone { throw Failure(.failed, "") }
    }
}

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Set several runs beside each other, a row each.",
        discussion: "Example:  understudy compare quickstart-0001 quickstart-0002 --json | jq '.runs[].loss'")

    @Argument(help: ArgumentHelp("The runs: their names, or their folders.", valueName: "run"))
    var named: [String]

    @OptionGroup var runs: RunsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if named.count < 2 { throw ValidationError("name two runs or more") }
    }

    func run() throws {
        let document = ComparisonDocument(try named.map { try readRun(RunArgument.find($0, in: runs)) })
        output.print(document) { width, style in comparisonLines(document, width: width, style: style) }
    }
}
