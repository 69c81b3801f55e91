// `understudy keys`: makes the key that a coordinator and its workers share.

import ArgumentParser
import Wire

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make a key file for a coordinator and its workers.",
        discussion: """
            Whoever has the file can join and read the traffic. It is made readable by its owner alone, and an existing \
            file is never overwritten.

            Example:  understudy keys cluster.key
            """)

    @Argument(help: ArgumentHelp("The file to make.", valueName: "file"))
    var path = "understudy.key"

    @OptionGroup var output: OutputOptions

    func run() throws {
        do {
            try KeyFile.generate().write(to: path)
            output.print(DoneDocument(done: "made the key file \(path)")) { _, _ in [path] }
        } catch { throw Failure(.failed, error.description) }
    }
}
