// `understudy completion`: what a shell needs to complete commands and options.

import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a completion script for bash, zsh or fish.",
        discussion: """
            Examples:
            bash:  understudy completion bash > ~/.local/share/bash-completion/completions/understudy
            zsh:   understudy completion zsh > ~/.zfunc/_understudy
            fish:  understudy completion fish > ~/.config/fish/completions/understudy.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: ArgumentHelp("The shell.", valueName: "shell"))
    var shell: Shell

    func run() throws {
        let shells: [Shell: CompletionShell] = [.bash: .bash, .zsh: .zsh, .fish: .fish]
        print(Understudy.completionScript(for: shells[shell]!))
    }
}
