// The sizes that coordinators of queued jobs were asked for and have not answered. A queue's world cannot wait for an
// answer, so a request is a file that is written and looked for again: at once where the run is driven, else when it is.
// Refuses threads, and to decide what a missing answer means; the controller has a patience.

import Journaling
import LiveCoordinator
import Primitives

/// Requests for other sizes, at most one a job: a newer one replaces the one before.
struct ResizeDesk {
    /// What came of a request.
    struct Answer {
        var job: Int
        var stint: Int
        var leaving: [WorkerID]
        var line: Line
    }

    private struct Asked {
        var job: Int
        var stint: Int
        var request: ResizeRequest
        var run: RunFolder
        /// What it is called in the run's folder; nil before it is written.
        var name: String?
    }

    private var asked: [Asked] = []

    /// Whether nothing is awaited.
    var isEmpty: Bool { asked.isEmpty }

    /// Asks the coordinator of `job`'s `stint`, which drives `run`.
    mutating func ask(_ request: ResizeRequest, job: Int, stint: Int, run: RunFolder) {
        withdraw { $0 == job && $1 <= stint }
        asked.append(Asked(job: job, stint: stint, request: request, run: run))
        post()
    }

    /// Forgets the requests of jobs and stints for which `isOver` holds.
    mutating func withdraw(where isOver: (_ job: Int, _ stint: Int) -> Bool) {
        for item in asked where isOver(item.job, item.stint) {
            if let name = item.name { RequestFolder.withdraw(name, from: item.run) }
        }
        asked.removeAll { isOver($0.job, $0.stint) }
    }

    /// What has been answered since.
    mutating func takeAnswers() -> [Answer] {
        post()
        var answers: [Answer] = []
        asked.removeAll { item in
            guard let name = item.name, let line = RequestFolder.takeAnswer(to: name, of: item.run) else {
                return false
            }
            answers.append(Answer(job: item.job, stint: item.stint, leaving: item.request.leaving, line: line))
            return true
        }
        return answers
    }

    /// Writes the requests of runs that are driven now.
    private mutating func post() {
        for index in asked.indices where asked[index].name == nil && LiveRun.isDriven(asked[index].run) {
            asked[index].name = try? RequestFolder.post(asked[index].request.line, to: asked[index].run)
        }
    }
}
