// Promises of the simulated world that a drill may break on purpose: a drill that finds nothing is worth what it finds when
// there is something. Refuses to break the control plane; the tests of the simulation plant bugs there.

import ArgumentParser
import Simulation

/// A promise of the world that a drill breaks, by its name on the command line.
enum BrokenPromise: String, Codable, CaseIterable, ExpressibleByArgument {
    case journalComesFirst = "journal-comes-first"
    case journalKeeps = "journal-keeps"
    case readersVerify = "readers-verify"
    case writersPublishWhole = "writers-publish-whole"
    case writersSync = "writers-sync"
    case dataOrderIsPure = "data-order-is-pure"
    case workersAwaitCommit = "workers-await-commit"
    case keptSumsAreSound = "kept-sums-are-sound"
    case workersEnd = "workers-end"
    case agentsWait = "agents-wait"
    case commandsComeOnce = "commands-come-once"
    case replacementsGoWhereTold = "replacements-go-where-told"
    case healthIsTold = "health-is-told"
    case growthGoesWhereTold = "growth-goes-where-told"

    /// Which promise it is of the world of a run, or of that of a queue.
    private enum Place {
        case run(WritableKeyPath<Promises, Bool>)
        case queue(QueuePromises)
    }

    private var place: Place {
        switch self {
        case .journalComesFirst: .run(\.journalComesFirst)
        case .journalKeeps: .run(\.journalKeeps)
        case .readersVerify: .run(\.readersVerify)
        case .writersPublishWhole: .run(\.writersPublishWhole)
        case .writersSync: .run(\.writersSync)
        case .dataOrderIsPure: .run(\.dataOrderIsPure)
        case .workersAwaitCommit: .run(\.workersAwaitCommit)
        case .keptSumsAreSound: .run(\.keptSumsAreSound)
        case .workersEnd: .run(\.workersEnd)
        case .agentsWait: .queue(QueuePromises(agentsWaitForProcesses: false))
        case .commandsComeOnce: .queue(QueuePromises(commandsComeOnce: false))
        case .replacementsGoWhereTold: .queue(QueuePromises(replacementsGoWhereTold: false))
        case .healthIsTold: .queue(QueuePromises(healthIsTold: false))
        case .growthGoesWhereTold: .queue(QueuePromises(growthGoesWhereTold: false))
        }
    }

    /// The promises of a run's world without it; nil when it is none of theirs.
    var ofRuns: Promises? {
        guard case .run(let promise) = place else { return nil }
        var promises = Promises.kept
        promises[keyPath: promise] = false
        return promises
    }

    /// The promises of a queue's world without it; nil when it is none of theirs.
    var ofQueues: QueuePromises? {
        guard case .queue(let promises) = place else { return nil }
        return promises
    }
}
