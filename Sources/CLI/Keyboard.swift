// Keys as they are pressed, while a view is drawn: the terminal hands them over one by one and does not show them. However the
// program ends, the terminal is as it was. Refuses to know what a key is for, and to take Ctrl-C and Ctrl-Z away.

import Foundation

/// What was pressed.
enum Key: Equatable {
    case letter(Character)
    case up
    case down
}

/// The keys of the terminal at standard input. There is one at most.
final class Keyboard {
    private var isOpen = true
    private var pressed: [UInt8] = []

    /// Listens from now on; nil where standard input is no terminal.
    init?() {
        guard isatty(0) == 1, tcgetattr(0, &TerminalMode.before) == 0 else { return nil }
        TerminalMode.during = TerminalMode.before
        TerminalMode.during.c_lflag &= ~tcflag_t(ICANON | ECHO)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGTSTP] { signal(number, TerminalMode.leave) }
        signal(SIGCONT, TerminalMode.comeBack)
        // What was typed before stays to be read.
        tcsetattr(0, TCSANOW, &TerminalMode.during)
    }

    deinit {
        tcsetattr(0, TCSANOW, &TerminalMode.before)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT] { signal(number, SIG_DFL) }
    }

    /// The key that is pressed within `seconds`; nil, and the time is over, when none is.
    func key(within seconds: Double) -> Key? {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            if let key = takeKey() { return key }
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return nil }
            guard isOpen else {
                Thread.sleep(forTimeInterval: left / 1_000)
                return nil
            }
            var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, Int32(left.rounded(.up))) > 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = read(0, &bytes, bytes.count)
            // A terminal that is gone has no more keys, and would say so again at once.
            if count > 0 { pressed += bytes[..<count] } else { isOpen = false }
        }
    }

    /// The first key that was pressed and not taken: a letter, or an arrow as either of the two modes of terminals sends it.
    private func takeKey() -> Key? {
        while let first = pressed.first {
            if first == 0x1B, pressed.count >= 3, [UInt8(ascii: "["), UInt8(ascii: "O")].contains(pressed[1]) {
                let last = pressed[2]
                pressed.removeFirst(3)
                if last == UInt8(ascii: "A") { return .up }
                if last == UInt8(ascii: "B") { return .down }
            } else {
                pressed.removeFirst()
                if first > 0x20, first < 0x7F { return .letter(Character(UnicodeScalar(first))) }
            }
        }
        return nil
    }
}

/// What the handlers of signals know; tcsetattr, signal and raise are among what may be called there.
private enum TerminalMode {
    nonisolated(unsafe) static var before = termios()
    nonisolated(unsafe) static var during = termios()

    /// Ends or stops the program as the signal does, with the terminal as it was.
    static let leave: @convention(c) (Int32) -> Void = { number in
        tcsetattr(0, TCSANOW, &TerminalMode.before)
        signal(number, SIG_DFL)
        raise(number)
    }

    /// Takes the terminal again, if it is this program's; one that goes on in the background must not touch it.
    static let comeBack: @convention(c) (Int32) -> Void = { _ in
        signal(SIGTSTP, TerminalMode.leave)
        if tcgetpgrp(0) == getpgrp() { tcsetattr(0, TCSANOW, &TerminalMode.during) }
    }
}
