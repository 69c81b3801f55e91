// A journal read as a story: segments, incidents, curves and survivors. Refuses files.

import ControlPlane
import Journaling
import Messages
import Primitives
import Testing

struct RunHistoryTests {
    private let second = TimeSpan.seconds(Int64(1))

    @Test func `a run without faults is one segment without an incident`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.happen(until: { $0.coordinator.run!.isOver })
        let history = RunHistory(chronicle.records)
        #expect(history.outcome == .completed)
        #expect(history.segments.map(\.lastStep) == [10])
        #expect(history.incidents.isEmpty)
        #expect(history.steps.map(\.step) == Array(1...10))
        #expect(history.evaluations.map(\.step) == [4, 8, 10])
        #expect(history.checkpoints.map(\.step) == [3, 6, 9, 10])
        #expect(history.tokens == 1000)
    }

    @Test func `lost steps are discarded, done again, and counted in their incident`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.happen(until: { $0.coordinator.run!.checkpoints.map(\.step) == [3] })
        chronicle.steps(through: 5)
        chronicle.kill(1)
        chronicle.happen(until: { $0.coordinator.run!.committed == 4 && $0.coordinator.run!.phase == .running })
        let open = RunHistory(chronicle.records)
        #expect(open.incidents.map(\.isOpen) == [true])
        #expect(open.steps.filter(open.survives).map(\.step) == [1, 2, 3, 4])
        #expect(open.steps.filter { !open.survives($0) }.map(\.segment) == [0, 0])
        chronicle.happen(until: { $0.coordinator.run!.isOver })
        let history = RunHistory(chronicle.records)
        #expect(history.segments.map(\.restored) == [0, 3])
        #expect(history.segments.map(\.lastStep) == [5, 10])
        #expect(history.incidents.map(\.lostSteps) == [2])
        #expect(history.incidents.map(\.restoredStep) == [3])
        #expect(history.incidents.first?.step == 5)
        #expect(history.steps.map(\.step) == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 10])
        let (resumed, regained) = (history.incidents[0].resumedAt!, history.incidents[0].regainedAt!)
        #expect(resumed == history.steps[5].at && regained == history.steps[7].at)
    }

    @Test func `an incident that lost no step is resumed and regained by the same step`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.happen(until: { $0.coordinator.run!.committed == 3 && $0.coordinator.run!.checkpoints.count == 1 })
        chronicle.kill(0)
        chronicle.happen(until: { $0.coordinator.run!.committed == 4 })
        let incident = RunHistory(chronicle.records).incidents[0]
        #expect(incident.lostSteps == 0)
        #expect(incident.resumedAt == chronicle.now)
        #expect(incident.regainedAt == chronicle.now)
    }

    @Test func `steps that a late checkpoint brings back survive, each once`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 5)  // The checkpoint of step 3 is being written.
        chronicle.kill(1)
        chronicle.steps(through: 1)
        chronicle.happen(until: { !$0.coordinator.run!.checkpoints.isEmpty }) {
            if case .checkpointWritten = $0 { true } else { false }
        }
        chronicle.kill(0)
        chronicle.happen(until: { $0.coordinator.run!.committed == 4 })
        let history = RunHistory(chronicle.records)
        #expect(history.segments.map(\.restored) == [0, 0, 3])
        #expect(history.steps.filter(history.survives).map(\.step).sorted() == [1, 2, 3, 4])
        #expect(history.checkpoints.map(\.segment) == [0], "the gang that wrote it, not the one that was there")
    }

    @Test func `a drill that interrupts nothing is an incident, and becomes the interruption that it causes`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        let victim = WorkerID(node: NodeID("a"), slot: 1)
        chronicle.inject(0, "stop rank 1 for 9.0s", victim, Incarnation(1), .lasts(.seconds(Int64(9))))
        var history = RunHistory(chronicle.records)
        #expect(history.incidents.map(\.cause) == [.drill(what: "stop rank 1 for 9.0s", worker: victim)])
        #expect(history.incidents[0].injection == 0 && !history.incidents[0].isOpen)
        let struck = history.incidents[0].at
        chronicle.tell(.workerLost(worker: victim, incarnation: Incarnation(1), how: .silent(second)))
        history = RunHistory(chronicle.records)
        #expect(history.incidents.count == 1)
        #expect(history.incidents[0].sentence == "rank 1 (a/1) was silent for 1.0s")
        #expect(history.incidents[0].injection == 0 && history.incidents[0].at == struck)
    }

    @Test func `members of one gang that are lost together are one incident`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        let workers = [0, 1].map { WorkerID(node: NodeID("a"), slot: $0) }
        for (index, worker) in workers.enumerated() {
            chronicle.inject(index, "kill rank \(index)", worker, Incarnation(1), .ends)
        }
        for worker in workers {
            chronicle.tell(
                .workerLost(worker: worker, incarnation: Incarnation(1), how: .signalled(9)), after: .milliseconds(20))
        }
        let history = RunHistory(chronicle.records)
        #expect(history.incidents.count == 1 && history.incidents[0].injection == 0)
        #expect(history.incidents[0].alsoLost.map(\.rank) == [1])
        #expect(history.incidents[0].alsoLost.map(\.injection) == [1])
        #expect(
            history.incidents[0].sentence
                == "rank 0 (a/0) was ended by SIGKILL; rank 1 (a/1) was ended by SIGKILL")
    }

    @Test func `members of one gang that are lost one long after the other are two incidents`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        for slot in [0, 1] {
            let worker = WorkerID(node: NodeID("a"), slot: slot)
            chronicle.tell(
                .workerLost(worker: worker, incarnation: Incarnation(1), how: .signalled(9)),
                after: Incident.window + .milliseconds(1))
            chronicle.happen(until: { $0.coordinator.run!.generation == Generation(2) })
        }
        #expect(RunHistory(chronicle.records).incidents.count == 2)
        #expect(RunHistory(chronicle.records).incidents.allSatisfy { $0.alsoLost.isEmpty })
    }

    @Test func `a loss long after a drill has passed is an accident`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        let victim = WorkerID(node: NodeID("a"), slot: 1)
        chronicle.inject(0, "slow=2x rank 1 for 1.0s", victim, Incarnation(1), .lasts(second))
        chronicle.steps(through: 6)
        chronicle.tell(.workerLost(worker: victim, incarnation: Incarnation(1), how: .signalled(11)))
        #expect(RunHistory(chronicle.records).incidents.map(\.injection) == [0, nil])
    }

    @Test func `a full disk is no reason for a worker's end`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        let victim = WorkerID(node: NodeID("a"), slot: 1)
        chronicle.inject(0, "disk_full for 60.0s", victim, Incarnation(1), .fillsDisk(.seconds(Int64(60))))
        chronicle.tell(.workerLost(worker: victim, incarnation: Incarnation(1), how: .signalled(9)))
        #expect(RunHistory(chronicle.records).incidents.map(\.injection) == [0, nil])
    }

    @Test func `drills are told from accidents, two of one moment from each other`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        let workers = (0...1).map { WorkerID(node: NodeID("a"), slot: $0) }
        for (index, worker) in workers.enumerated() {
            chronicle.inject(4 + index, "kill", worker, Incarnation(1), .ends)
        }
        let struck = chronicle.records[chronicle.records.count - 2].at
        for worker in workers {
            chronicle.tell(.workerLost(worker: worker, incarnation: Incarnation(1), how: .signalled(9)))
        }
        chronicle.steps(through: 3)
        chronicle.kill(0)
        chronicle.steps(through: 3)
        chronicle.kill(1, injection: 6)
        let incidents = RunHistory(chronicle.records).incidents
        #expect(incidents.map(\.injection) == [4, nil, 6])
        #expect(incidents[0].at == struck)
        #expect(incidents[0].detectedAt == struck + second + second)
        #expect(incidents[1].at == incidents[1].detectedAt)
    }

    @Test func `failures that interrupt nothing are incidents that are over at once`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.failStart(0)
        chronicle.steps(through: 3)
        chronicle.failCheckpoint(3)
        chronicle.tell(
            .workerStartFailed(worker: WorkerID(node: NodeID("a"), slot: 0), how: .exited(code: 2)))
        chronicle.tell(.checkpointFailed(run: chronicle.run, generation: Generation(0), step: 3, reason: "old"))
        let history = RunHistory(chronicle.records)
        #expect(
            history.incidents.map(\.sentence) == [
                "the worker process of a/0 exited with code 2 before it joined",
                "the checkpoint of step 3 could not be written: disk full",
            ], "what the coordinator does not believe is no incident")
        #expect(history.incidents.allSatisfy { $0.downtime == .zero })
        #expect(history.incidents.map(\.name) == ["I-0001", "I-0002"])
    }

    @Test func `a lost coordinator ends the segment at its last record, and what was late is told of its own segment`()
    {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 2)
        let last = chronicle.now
        chronicle.resume()
        chronicle.steps(through: 1)
        chronicle.tell(.evaluated(run: chronicle.run, generation: Generation(1), step: 1, loss: 4))
        chronicle.tell(.evaluated(run: chronicle.run, generation: Generation(1), step: 1, loss: 4))
        chronicle.tell(.evaluated(run: chronicle.run, generation: Generation(9), step: 1, loss: 4))
        let history = RunHistory(chronicle.records)
        #expect(history.segments[0].end == last)
        #expect(history.incidents.map(\.at) == [last])
        #expect(history.incidents.map(\.cause) == [.interruption(.coordinatorLost)])
        #expect(history.evaluations.map(\.segment) == [0])
        #expect(history.processes.prefix(2).allSatisfy { $0.lost == .coordinatorEnded })
    }

    @Test func `a restarted coordinator is an incident with its cost, and ends no process`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.steps(through: 5)
        let last = chronicle.now
        chronicle.restart(after: .milliseconds(70))
        chronicle.salvaged = (6, Salvage(kept: 3))
        chronicle.steps(through: 7)
        let history = RunHistory(chronicle.records)
        #expect(history.incidents.map(\.cause) == [.interruption(.coordinatorLost)])
        #expect(history.incidents[0].at == last)
        #expect(history.incidents[0].keptMicroBatches == 3)
        #expect(history.incidents[0].detectedAt - last == .milliseconds(70))
        #expect(history.incidents[0].restoredStep == 5 && history.incidents[0].lostSteps == 0)
        #expect(!history.incidents[0].isOpen)
        #expect(history.ledger[.detection] == .milliseconds(70))
        #expect(history.segments.map(\.isFromMembers) == [false, true])
        #expect(history.steps.count == 7)
        #expect(history.processes.allSatisfy { $0.lostAt == nil })
    }

    @Test func `a coordinator that dies before there is a gang is an incident all the same`() {
        var chronicle = Chronicle()
        chronicle.tell(.jobSubmitted(run: chronicle.run, plan: Chronicle.plan))
        chronicle.restart(after: .milliseconds(70))
        let history = RunHistory(chronicle.records)
        #expect(history.incidents.map(\.cause) == [.interruption(.coordinatorLost)])
        #expect(history.incidents[0].isOpen)
        let items = LedgerItem.allCases.reduce(TimeSpan.zero) { $0 + history.ledger[$1] }
        #expect(items == history.ledger.elapsed)
    }

    @Test func `any journal tells the same story at once and record by record, with each step surviving once`() {
        for seed in UInt64(1)...150 {
            let records = Chronicle.random(seed: seed, length: 120).records
            var history = RunHistory()
            for record in records {
                history.add(record)
                let surviving = history.steps.filter(history.survives).map(\.step).sorted()
                #expect(surviving == Array(0..<history.committed).map { $0 + 1 }, "seed \(seed), \(record)")
                let living = history.processes.filter { $0.lostAt == nil }.map(\.worker).sorted()
                #expect(living == history.coordinator.pool.up.map(\.worker), "seed \(seed), \(record)")
            }
            #expect(history == RunHistory(records), "seed \(seed)")
            #expect(history.incidents.map(\.number) == Array(0..<history.incidents.count).map { $0 + 1 })
            let aborts = records.flatMap(\.commands).count { if case .abort = $0 { true } else { false } }
            let interruptions = history.incidents.count { if case .interruption = $0.cause { true } else { false } }
            #expect(aborts == interruptions, "seed \(seed)")
            let forms = records.flatMap(\.commands).count { if case .form = $0 { true } else { false } }
            #expect(forms == history.segments.count, "seed \(seed)")
        }
    }
}
