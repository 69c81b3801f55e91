// What holds for a queue whatever happens to it, under every policy that can serve one: the simulated lives that
// `understudy drill --queue` lives by the hundred thousand, some of them here. Refuses fixed expectations.

import ControlPlane
import Primitives
import Scheduling
import Simulation
import Testing

@Suite("Queue properties")
struct QueuePropertyTests {
    @Test(arguments: SimulatedQueue.policies.map(\.name))
    func `no slot is given twice, gangs are whole, quotas hold, closed machines take nothing, and every job ends`(
        policy name: String
    ) throws {
        let policy = try #require(Policy.named(name))
        for seed in 1...10 as ClosedRange<UInt64> {
            var life = SimulatedQueue(policy, seed: seed)
            life.live()
            #expect(life.problems.isEmpty, "seed \(seed): \(life.problems)")
            #expect(life.queue.jobs.count > 10 && life.queue.jobs.allSatisfy(\.isOver))
        }
    }

    @Test(arguments: [
        QueuePromises(agentsWaitForProcesses: false), QueuePromises(commandsComeOnce: false),
        QueuePromises(quotasAreTold: false), QueuePromises(replacementsGoWhereTold: false),
        QueuePromises(healthIsTold: false),
        QueuePromises(growthGoesWhereTold: false),
    ])
    func `a planted bug is found within fifty seeds`(promises: QueuePromises) {
        let found = (1...50 as ClosedRange<UInt64>).first { !simulateQueue($0, promises: promises).problems.isEmpty }
        #expect(found != nil)
    }

    @Test func `what is found without quotas is that a team is in too many slots`() throws {
        let life = try #require(
            (1...50 as ClosedRange<UInt64>).map { simulateQueue($0, promises: QueuePromises(quotasAreTold: false)) }
                .first { !$0.problems.isEmpty })
        #expect(try #require(life.problems.first).hasPrefix("team "))
    }

    @Test func `lives have jobs that are given slots and give some up, between the sizes that they named`() throws {
        var stories: [String] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            var life = SimulatedQueue(.elastic, seed: seed)
            life.live()
            stories += life.story.filter { $0.contains(" > resize ") }
        }
        #expect(stories.contains { $0.contains("entering=n") } && stories.contains { $0.contains("leaving=n") })
    }

    @Test func `what is found of a replacement in a slot in use is that two jobs are in it`() throws {
        let life = try #require(
            (1...50 as ClosedRange<UInt64>)
                .map { simulateQueue($0, promises: QueuePromises(replacementsGoWhereTold: false)) }
                .first { !$0.problems.isEmpty })
        #expect(try #require(life.problems.first).contains(" went to job "))
    }

    @Test func `lives have gangs that lose slots and go on in others, and gangs that are stopped for want of any`() {
        let lives = (1...60 as ClosedRange<UInt64>).map { simulateQueue($0) }
        let replaced = lives.enumerated().map { $0.element.verdict(UInt64($0.offset + 1)).replacements }
        #expect(replaced.count { $0 > 0 } >= 5, "\(replaced)")
        #expect(lives.contains { $0.story.contains { $0.contains("because=node-lost:n") } })
    }

    @Test func `lives have teams with quotas, deadlines that are taken, and jobs that are refused`() {
        let lives = (1...60 as ClosedRange<UInt64>).map { simulateQueue($0) }
        #expect(lives.contains { $0.teams.contains { $0.quota != nil } })
        #expect(lives.contains { $0.queue.jobs.contains { $0.submission.deadline != nil } })
        #expect(lives.enumerated().contains { $0.element.verdict(UInt64($0.offset + 1)).refused > 0 })
    }

    @Test func `the same facts give the same commands, also after a trip through text`() throws {
        var life = SimulatedQueue(.priority, seed: 7)
        for _ in 0..<300 { life.step() }
        var again = QueueController(policy: .priority, teams: life.teams)
        var text: [String] = []
        for (event, now) in life.events {
            let read = try QueueEvent(Line(parsing: event.line.text))
            #expect(read == event)
            let commands = again.handle(read, at: now)
            for command in commands { #expect(try QueueCommand(Line(parsing: command.line.text)) == command) }
            text.append(([event.line] + commands.map(\.line)).map(\.text).joined(separator: " > "))
        }
        #expect(text == life.story)
        #expect(again.jobs == life.queue.jobs && again.nodes == life.queue.nodes)
    }

    @Test(arguments: SimulatedQueue.policies.map(\.name), [11, 12] as [UInt64])
    func `explaining changes nothing and always comes to an end`(policy name: String, seed: UInt64) throws {
        var life = SimulatedQueue(try #require(Policy.named(name)), seed: seed)
        for _ in 0..<60 {
            life.step()
            let before = life.queue.jobs
            for job in 1..<life.queue.jobs.count + 1 {
                guard let why = life.queue.explain(job, at: life.now) else { continue }
                #expect(why.remedies.allSatisfy { remedy in why.start.map { remedy.start < $0 } ?? true })
            }
            #expect(life.queue.jobs == before)
        }
    }
}
