// What holds for a queue whatever happens to it, under every policy that can serve one: random facts from a seed, a
// world that carries out what is asked, and an observer that believes commands only. Refuses fixed expectations.

import ControlPlane
import Primitives
import Scheduling
import Testing

/// A world of a queue in memory: machines whose slots take time to empty, coordinators that take time to stop.
private struct QueueLife {
    var queue: QueueController
    var random: RandomStream
    var now = Instant.zero
    var text: [String] = []
    var events: [(QueueEvent, Instant)] = []
    /// Who is in each slot, as the commands tell.
    var inside: [WorkerID: Int] = [:]
    var driven: [(job: Int, stint: Int)] = []
    var leaving: [WorkerID] = []
    var up: [NodeID: Int] = [:]
    var known: [NodeID] = []
    var closed: [NodeID] = []
    var problems: [String] = []

    init(_ policy: Policy, seed: UInt64) {
        queue = QueueController(policy: policy)
        random = RandomStream(seed: seed, named: "queue")
    }

    mutating func tell(_ event: QueueEvent) {
        guard queue.objection(to: event) == nil else { return }
        events.append((event, now))
        let commands = queue.handle(event, at: now)
        text.append(([event.line] + commands.map(\.line)).map(\.text).joined(separator: " > "))
        for command in commands { carryOut(command) }
    }

    private mutating func carryOut(_ command: QueueCommand) {
        switch command {
        case .start(let job, let stint, let slots):
            if slots.count != queue[job].submission.slots { problems.append("job \(job) got \(slots.count) slots") }
            for slot in slots {
                if let other = inside[slot] { problems.append("\(slot) went to job \(job) with job \(other) in it") }
                if closed.contains(slot.node) { problems.append("job \(job) started on closed \(slot.node)") }
                if slot.slot >= up[slot.node] ?? 0 { problems.append("job \(job) started on absent \(slot)") }
                inside[slot] = job
            }
            if driven.contains(where: { $0.job == job }) { problems.append("job \(job) is driven twice") }
            driven.append((job, stint))
        case .stop(let job, let stint, _), .kill(let job, let stint):
            if !driven.contains(where: { $0 == (job, stint) }) { problems.append("job \(job) is not driven") }
        case .vacate(let job, let slots):
            for slot in slots where inside[slot] != job { problems.append("\(slot) is not job \(job)'s") }
            leaving += slots
        }
    }

    mutating func step() {
        now = now + .seconds(Int64(random.integer(below: 30)))
        let node = NodeID("n\(random.integer(below: 3))")
        switch random.integer(below: 16) {
        case 0...3:
            tell(
                .submitted(
                    Submission(
                        folder: "r", name: "j", user: "u", slots: 1 + random.integer(below: 5),
                        priority: random.integer(below: 4), expected: .seconds(Int64(1 + random.integer(below: 200))))))
        case 4: tell(.cancelled(job: 1 + random.integer(below: 20)))
        case 5: tell(.priorityChanged(job: 1 + random.integer(below: 20), to: random.integer(below: 5)))
        case 6, 7:
            guard up[node] == nil else { return }
            let slots = [2, 2, 4][random.integer(below: 3)]
            up[node] = slots
            known.append(node)
            tell(.nodeJoined(node, slots: slots))
        case 8 where random.integer(below: 4) == 0:
            guard up.removeValue(forKey: node) != nil else { return }
            for slot in 0..<4 { inside[WorkerID(node: node, slot: slot)] = nil }
            leaving.removeAll { $0.node == node }
            tell(.nodeLost(node, because: "drawn"))
        case 9 where known.contains(node):
            closed.append(node)
            random.integer(below: 2) == 0 ? tell(.cordoned(node)) : tell(.drained(node, because: "drawn"))
        case 10, 11:
            closed.removeAll { $0 == node }
            tell(.undrained(node))
        case 12: if let job = driven.randomly(&random)?.job { tell(.saved(job: job, step: 1)) }
        case 13, 14:
            guard let index = driven.indices.randomly(&random) else { return }
            let (job, stint) = driven.remove(at: index)
            let isAsked = queue[job].phase != .running
            let code = isAsked ? [143, 143, 0, 1] : [0, 0, 0, 5]
            tell(.coordinatorEnded(job: job, stint: stint, how: .exited(code: code[random.integer(below: 4)])))
        default:
            guard let index = leaving.indices.randomly(&random) else { return tell(.timePassed) }
            let slot = leaving.remove(at: index)
            inside[slot] = nil
            tell(.slotEmptied(slot))
        }
    }

    /// Lets everything that was begun end, on machines that are all there and open.
    mutating func settle() {
        for node in ["n0", "n1", "n2"].map({ NodeID($0) }) {
            if up[node] == nil {
                up[node] = 4
                tell(.nodeJoined(node, slots: 4))
            }
            closed.removeAll { $0 == node }
            tell(.undrained(node))
        }
        up[NodeID("n3")] = 8
        tell(.nodeJoined(NodeID("n3"), slots: 8))
        for _ in 0..<2_000 where queue.jobs.contains(where: { !$0.isOver }) {
            now = now + .seconds(60 as Int64)
            if let (job, stint) = driven.popLast() {
                let code = queue[job].phase == .running ? 0 : 143
                tell(.coordinatorEnded(job: job, stint: stint, how: .exited(code: code)))
            }
            for slot in leaving {
                inside[slot] = nil
                tell(.slotEmptied(slot))
            }
            leaving = []
            tell(.timePassed)
        }
    }
}

extension RandomAccessCollection where Index == Int {
    /// One of the elements; nil when there is none.
    fileprivate func randomly(_ random: inout RandomStream) -> Element? {
        isEmpty ? nil : self[startIndex + random.integer(below: count)]
    }
}

@Suite("Queue properties")
struct QueuePropertyTests {
    private static let policies = Policy.all.filter { !$0.resizes }

    @Test(arguments: policies.map(\.name))
    func `no slot is given twice, gangs are whole, closed machines take nothing, and every job ends`(
        policy name: String
    ) throws {
        let policy = try #require(Policy.named(name))
        for seed in 1...10 as ClosedRange<UInt64> {
            var life = QueueLife(policy, seed: seed)
            for _ in 0..<200 { life.step() }
            life.settle()
            #expect(life.problems.isEmpty, "seed \(seed): \(life.problems)")
            let left = life.queue.jobs.filter { !$0.isOver }
            #expect(left.isEmpty, "seed \(seed): \(left)")
        }
    }

    @Test func `the same facts give the same commands, also after a trip through text`() throws {
        var life = QueueLife(.priority, seed: 7)
        for _ in 0..<300 { life.step() }
        var again = QueueController(policy: .priority)
        var text: [String] = []
        for (event, now) in life.events {
            let read = try QueueEvent(Line(parsing: event.line.text))
            #expect(read == event)
            let commands = again.handle(read, at: now)
            for command in commands { #expect(try QueueCommand(Line(parsing: command.line.text)) == command) }
            text.append(([event.line] + commands.map(\.line)).map(\.text).joined(separator: " > "))
        }
        #expect(text == life.text)
        #expect(again.jobs == life.queue.jobs && again.nodes == life.queue.nodes)
    }

    @Test func `explaining changes nothing and always comes to an end`() {
        var life = QueueLife(.priority, seed: 11)
        for _ in 0..<100 {
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
