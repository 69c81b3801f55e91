// What an agent and the coordinator that it started say to each other, as lines: orders downwards from whoever decides,
// facts upwards from whoever sees. Both ends are one program, so the form may change with it. Refuses to carry anything
// that a coordinator must remember: that is in the journal.

import ControlPlane
import Primitives

/// What a coordinator asks of, or tells, its agent.
enum AgentOrder: Equatable, Sendable {
    /// Workers reach the coordinator here; the next one shall listen there too.
    case listening(endpoint: String)
    /// Its first record is durable: whoever comes after it takes over.
    case begun
    /// A step has been committed since it was started.
    case progressed
    /// Start a process in the slot; one that still lives there is killed first.
    case start(WorkerID)
    /// Kill the process in the slot.
    case kill(WorkerID)
    /// Stop the process in the slot, and let it go on after a time.
    case pause(WorkerID, for: TimeSpan)
    /// Wait until all processes have ended, kill those that have not after `grace`, and say so.
    case end(grace: TimeSpan)

    /// The order as a line.
    var line: Line {
        switch self {
        case .listening(let endpoint): Line("listening").with("endpoint", endpoint)
        case .begun: Line("begun")
        case .progressed: Line("progressed")
        case .start(let worker): Line("start").with("worker", worker)
        case .kill(let worker): Line("kill").with("worker", worker)
        case .pause(let worker, let span): Line("pause").with("worker", worker).with("for", span)
        case .end(let grace): Line("end").with("grace", grace)
        }
    }

    /// Reads what `line` wrote.
    init(_ line: Line) throws(LineError) {
        self =
            switch line.head {
            case "listening": .listening(endpoint: try line.read("endpoint"))
            case "begun": .begun
            case "progressed": .progressed
            case "start": .start(try line.read("worker"))
            case "kill": .kill(try line.read("worker"))
            case "pause": .pause(try line.read("worker"), for: try line.read("for"))
            case "end": .end(grace: try line.read("grace"))
            default: throw LineError(line: line.text, problem: "there is no order \(line.head)")
            }
    }
}

/// What an agent tells the coordinator that it started.
enum AgentWord: Equatable, Sendable {
    /// A process lives in this slot. Said of each before anything else.
    case living(WorkerID)
    /// No other process lives.
    case ready
    /// A process ended.
    case ended(ProcessEnd)
    /// A user sent this signal.
    case interrupt(signal: Int)
    /// Every process has ended, as was asked.
    case allEnded

    /// The word as a line.
    var line: Line {
        switch self {
        case .living(let worker): Line("living").with("worker", worker)
        case .ready: Line("ready")
        case .ended(let end):
            Line("ended").with("worker", end.worker).with("pid", end.processID).with("how", end.how)
        case .interrupt(let signal): Line("interrupt").with("signal", signal)
        case .allEnded: Line("all-ended")
        }
    }

    /// Reads what `line` wrote.
    init(_ line: Line) throws(LineError) {
        self =
            switch line.head {
            case "living": .living(try line.read("worker"))
            case "ready": .ready
            case "ended":
                .ended(
                    ProcessEnd(
                        worker: try line.read("worker"), processID: try line.read("pid"), how: try line.read("how")))
            case "interrupt": .interrupt(signal: try line.read("signal"))
            case "all-ended": .allEnded
            default: throw LineError(line: line.text, problem: "there is no word \(line.head)")
            }
    }
}
