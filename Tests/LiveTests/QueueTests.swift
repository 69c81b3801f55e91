// A queue with real processes: a controller, agents, and jobs that wait for one another, are stopped for one another and
// end with the bits they would have had alone. Refuses to look inside the controller; it asks as people do.

import ControlPlane
import Foundation
import Journaling
import Primitives
import ProcessHarness
import Scheduling
import Testing

extension Live {
    @Suite("Queue")
    struct Queue {
        /// A queue in a scenario.
        private struct Cluster {
            let scenario: Scenario
            let controller: Child
            let endpoint: String
            private let key: [String]

            /// A queue at a socket file, or at `listen` for those who have the key in the file `key`.
            init(
                _ scenario: Scenario, _ arguments: [String] = [], listen: String? = nil, key: String? = nil
            ) async throws {
                self.scenario = scenario
                self.key = key.map { ["--key", $0] } ?? []
                let controller = try scenario.start(
                    .understudy,
                    ["coordinator", "--queue", "queue", "--listen", listen ?? "ipc://\(scenario.folder)/queue.socket"]
                        + self.key + arguments)
                self.controller = controller
                endpoint = try await eventually("the controller says where it serves") {
                    guard controller.poll() == nil else { throw HarnessError(controller.errors) }
                    let line = controller.errors.split(separator: "\n").first { $0.hasPrefix("serving the queue in ") }
                    return line.flatMap { $0.split(separator: " ").last.map(String.init) }
                }
            }

            func agent(_ node: String, slots: Int, _ arguments: [String] = []) throws -> Child {
                try scenario.start(
                    .understudy,
                    ["agent", "--slots", "\(slots)", "--node", node, "--connect", endpoint] + key + arguments)
            }

            /// Runs a command against the controller.
            func ask(_ arguments: [String]) async throws -> (code: Int32, output: String, errors: String) {
                try await scenario.understudy(arguments + ["--connect", endpoint] + key)
            }

            func submit(_ run: String, slots: Int, priority: Int, _ settings: [String] = []) async throws {
                let made = try await ask(
                    ["submit", "job.yaml", "--run-id", run, "--name", run, "--priority", "\(priority)"]
                        + Scenario.overrides(["nproc_per_node=\(slots)"] + settings))
                #expect(made.code == 0, "\(made.errors)")
            }

            /// The jobs' states by name, as `queue` lists them.
            func states() async throws -> [String: String] {
                let listed = try await ask(["queue", "--all", "-o", "%j %T"])
                guard listed.code == 0 else { throw HarnessError(listed.errors) }
                let pairs = listed.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
                return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
            }

            /// Waits until the jobs' states are such that `isSo`.
            func wait(until what: String, _ isSo: ([String: String]) -> Bool) async throws {
                try await wait(until: what, asking: { try await self.states() }, isSo)
            }

            /// Waits until the list of machines is such that `isSo`.
            func wait(untilNodes what: String, _ isSo: (String) -> Bool) async throws {
                try await wait(until: what, asking: { try await self.ask(["nodes"]).output }, isSo)
            }

            private func wait<Answer>(
                until what: String, asking: () async throws -> Answer, _ isSo: (Answer) -> Bool
            ) async throws {
                let deadline = uptimeSeconds() + 4 * patience
                while true {
                    let answer = try await asking()
                    if isSo(answer) { return }
                    guard uptimeSeconds() < deadline else {
                        throw HarnessError("waited in vain until \(what): \(answer)")
                    }
                }
            }

            /// Ends what serves the queue.
            func end(_ agents: [Child]) async throws {
                for child in agents + [controller] {
                    child.signal(SIGTERM)
                    #expect(try await child.wait() == .exited(0), "\(child.errors)")
                }
            }
        }

        private static func isCompleted(_ states: [String: String]) -> Bool {
            states.values.allSatisfy { $0 == "COMPLETED" }
        }

        /// The journal of the queue, which must lead to the state that its commands tell of.
        private func records(_ scenario: Scenario) throws -> [QueueRecord] {
            let path = "\(scenario.folder)/queue/queue.db"
            let records = try QueueJournal(path, readOnly: true).records()
            _ = try replay(records, policy: .priority, path: path)
            return records
        }

        @Test func `three jobs share four slots; the one that is stopped for another ends with the same bits`()
            async throws
        {
            try await Scenario.play { scenario in
                let cluster = try await Cluster(scenario)
                let agent = try cluster.agent("left", slots: 4)
                try await cluster.submit("low", slots: 3, priority: 1)
                _ = try await scenario.journal(of: "low", driver: cluster.controller, until: "the low job trains") {
                    $0.committed > 5 ? () : nil
                }
                try await cluster.submit("middle", slots: 2, priority: 2)
                let why = try await cluster.ask(["explain", "2"])
                #expect(why.code == 0 && why.output.contains("job 2 (middle, priority 2, 2 slots)"), "\(why)")
                try await cluster.submit("high", slots: 2, priority: 3)
                try await cluster.wait(until: "all jobs are done", Queue.isCompleted)
                for run in ["low", "middle", "high"] { try await Reference.check(scenario.history(run)) }

                let records = try records(scenario)
                let stops = records.flatMap(\.commands).filter {
                    if case .stop(1, _, .preempted) = $0 { true } else { false }
                }
                #expect(stops.count == 1, "the low job is stopped once")
                let stints = records.flatMap(\.commands).filter {
                    if case .start(1, _, _) = $0 { true } else { false }
                }
                #expect(stints.count == 2)
                #expect(try scenario.records("low").contains { $0.event == .runResumed(run: RunID("low")) })
                try await cluster.end([agent])
            }
        }

        @Test func `a job shrinks for another and grows again when that has ended, and gives the same bits`()
            async throws
        {
            try await Scenario.play { scenario in
                let cluster = try await Cluster(scenario, ["--policy", "elastic"])
                let agent = try cluster.agent("left", slots: 4)
                // The pauses leave time to watch while the job certainly goes on.
                let pauses = [60, 120, 180].map { "{at: step=\($0), fail: rank 0, kind: stop, for: 2s}" }
                for (range, code) in [("1-9", 4 as Int32), ("1-2", 2)] {
                    let refused = try await cluster.ask(
                        ["submit", "job.yaml", "--elastic", range, "-s", "nproc_per_node=4"])
                    #expect(refused.code == code && refused.errors.contains("--elastic \(range)"), "\(refused)")
                }
                let made = try await cluster.ask(
                    ["submit", "job.yaml", "--run-id", "wide", "--name", "wide", "--elastic", "1-4"]
                        + Scenario.overrides(["nproc_per_node=4", "inject=[\(pauses.joined(separator: ", "))]"]))
                #expect(made.code == 0, "\(made.errors)")
                func wait(_ what: String, _ isSo: (RunHistory) -> Bool) async throws {
                    _ = try await scenario.journal(of: "wide", driver: cluster.controller, until: what) {
                        isSo($0) ? () : nil
                    }
                }
                try await wait("the wide job trains on 4") { $0.committed > 5 && $0.current?.members.count == 4 }
                try await cluster.submit("late", slots: 2, priority: 0, ["train.train_iters=20"])
                try await wait("it trains on 2") {
                    $0.current.map { $0.members.count == 2 && $0.began != nil } ?? false
                }
                let listed = try await cluster.ask(["queue", "-o", "%j %C %r"])
                #expect(listed.output.contains("wide 2 Resiz"), "\(listed)")
                try await cluster.wait(until: "all jobs are done", Queue.isCompleted)
                let history = try scenario.history("wide")
                let sizes = history.segments.map(\.members.count)
                // The slots may come back one after the other.
                #expect(sizes == [4, 2, 4] || sizes == [4, 2, 3, 4], "\(sizes): \(history.sentences)")
                #expect(history.steps.count == 240, "no step is done again")
                #expect(history.incidents.allSatisfy { $0.injection != nil }, "\(history.sentences)")
                try await Reference.check(history)
                try await cluster.end([agent])
            }
        }

        @Test func `jobs on a machine that is lost go on elsewhere, and a drained one takes none`() async throws {
            try await Scenario.play { scenario in
                let cluster = try await Cluster(scenario)
                let left = try cluster.agent("left", slots: 2)
                // Its gang takes no replacements, so it is queued again.
                try await cluster.submit("run", slots: 2, priority: 0, ["fault_tolerance.on_worker_loss=shrink"])
                _ = try await scenario.journal(of: "run", driver: cluster.controller, until: "the job trains") {
                    $0.committed > 5 ? () : nil
                }
                let right = try cluster.agent("right", slots: 2)
                left.signal(SIGTERM)
                #expect(try await left.wait() == .exited(0), "\(left.errors)")
                try await cluster.wait(until: "the job is done", Queue.isCompleted)
                try await Reference.check(scenario.history("run"))

                #expect(try await cluster.ask(["drain", "right", "--reason", "new memory"]).code == 0)
                try await cluster.submit("later", slots: 1, priority: 0)
                try await cluster.wait(untilNodes: "the workers of the job that ended have left") {
                    $0.contains("new memory") && $0.contains("drained")
                }
                #expect(try await cluster.states()["later"] == "PENDING")
                #expect(try await cluster.ask(["cancel", "2"]).code == 0)
                #expect(try await cluster.states()["later"] == "CANCELLED")
                let again = try await cluster.ask(["cancel", "2"])
                #expect(again.code == 1 && again.errors == "nothing was done: job 2 is over\n")
                try await cluster.end([right])
            }
        }

        @Test func `a gang that loses a machine goes on in a slot of another, and no step is done twice`()
            async throws
        {
            try await Scenario.play { scenario in
                let cluster = try await Cluster(scenario)
                var agents: [Child] = []
                for node in ["left", "middle", "right"] {
                    agents.append(try cluster.agent(node, slots: 1))
                    try await cluster.wait(untilNodes: "\(node) is there") { $0.contains(node) }
                }
                // It waits for its second worker, so it cannot end before that has come.
                try await cluster.submit("run", slots: 2, priority: 0, ["fault_tolerance.on_worker_loss=wait"])
                _ = try await scenario.journal(of: "run", driver: cluster.controller, until: "the job trains") {
                    $0.committed > 5 ? () : nil
                }
                agents[0].signal(SIGTERM)
                #expect(try await agents[0].wait() == .exited(0), "\(agents[0].errors)")
                try await cluster.wait(until: "the job is done", Queue.isCompleted)
                let history = try scenario.history("run")
                try await Reference.check(history)
                #expect(history.steps.allSatisfy(history.survives))

                let (lost, new) = (WorkerID(node: NodeID("left"), slot: 0), WorkerID(node: NodeID("right"), slot: 0))
                let commands = try records(scenario).flatMap(\.commands)
                #expect(commands.contains(.replace(job: 1, stint: 1, lost: [lost], by: [new])))
                #expect(commands.filter { $0.line.head == "start" || $0.line.head == "stop" }.count == 1)
                try await cluster.end(Array(agents.dropFirst()))
            }
        }

        @Test func `a gang on several machines trains over encrypted connections, to the same bits`() async throws {
            try await Scenario.play { scenario in
                let key = "\(scenario.folder)/queue.key"
                #expect(try await scenario.understudy(["keys", key]).code == 0)
                let cluster = try await Cluster(
                    scenario, ["--ports", "7650-7749"], listen: "tcp://127.0.0.1:*", key: key)
                // The second machine sees the runs under another path.
                try FileManager.default.createSymbolicLink(
                    atPath: "\(scenario.folder)/mounted", withDestinationPath: "\(scenario.folder)/runs")
                let left = try cluster.agent("left", slots: 2, ["--exchange", "tcp://127.0.0.1:*"])
                let right = try cluster.agent("right", slots: 2, ["--runs", "\(scenario.folder)/mounted"])
                for node in ["left", "right"] {
                    try await cluster.wait(untilNodes: "\(node) is there") { $0.contains(node) }
                }
                try await cluster.submit("run", slots: 4, priority: 0)
                _ = try await scenario.journal(of: "run", driver: cluster.controller, until: "the job trains") {
                    $0.committed > 5 ? () : nil
                }
                // Without the key nobody is heard, and is told why.
                let stranger = try await scenario.understudy(["queue", "--connect", cluster.endpoint])
                #expect(stranger.code == 8 && stranger.errors.contains("demands a key"), "\(stranger)")
                try await cluster.wait(until: "the job is done", Queue.isCompleted)
                try await Reference.check(scenario.history("run"))
                let console = try String(
                    contentsOfFile: "\(scenario.folder)/runs/run/logs/console.log", encoding: .utf8)
                #expect(console.contains("tcp://127.0.0.1:76") || console.contains("tcp://127.0.0.1:77"), "\(console)")
                let logs = try FileManager.default.contentsOfDirectory(atPath: "\(scenario.folder)/runs/run/logs")
                #expect(logs.filter { $0.hasPrefix("right-") }.count == 2, "\(logs)")
                try await cluster.end([left, right])
            }
        }

        @Test func `an evicted machine is emptied without a step done twice, and one whose check fails takes nothing`()
            async throws
        {
            try await Scenario.play { scenario in
                let cluster = try await Cluster(scenario)
                let check = "\(scenario.folder)/fine"
                #expect(FileManager.default.createFile(atPath: check, contents: nil))
                var agents: [Child] = []
                for node in ["left", "middle", "right"] {
                    let arguments =
                        node == "right"
                        ? [
                            "--health-check", "test -e \(check) || { echo worn out; false; }", "--health-interval",
                            "100ms",
                        ]
                        : []
                    agents.append(try cluster.agent(node, slots: 1, arguments))
                    try await cluster.wait(untilNodes: "\(node) is there") { $0.contains(node) }
                }
                try await cluster.submit("run", slots: 2, priority: 0, ["fault_tolerance.on_worker_loss=wait"])
                _ = try await scenario.journal(of: "run", driver: cluster.controller, until: "the job trains") {
                    $0.committed > 5 ? () : nil
                }
                #expect(try await cluster.ask(["evict", "left", "--reason", "new memory"]).code == 0)
                try await cluster.wait(untilNodes: "its worker has left") { nodes in
                    nodes.split(separator: "\n").contains { $0.hasPrefix("left") && $0.contains("drained") }
                }
                try await cluster.wait(until: "the job is done", Queue.isCompleted)
                let history = try scenario.history("run")
                try await Reference.check(history)
                #expect(history.steps.allSatisfy(history.survives))

                try FileManager.default.removeItem(atPath: check)
                try await cluster.wait(untilNodes: "the check fails") { $0.contains("its check failed: worn out") }
                #expect(FileManager.default.createFile(atPath: check, contents: nil))
                try await cluster.wait(untilNodes: "the check passes") { !$0.contains("its check failed") }
                try await cluster.end(agents)
            }
        }

        @Test func `a controller that is killed goes on with its journal, and no job is lost`() async throws {
            try await Scenario.play { scenario in
                let first = try await Cluster(scenario)
                let agent = try first.agent("left", slots: 2)
                try await first.submit("run", slots: 2, priority: 0)
                _ = try await scenario.journal(of: "run", driver: first.controller, until: "the job trains") {
                    $0.committed > 5 ? () : nil
                }
                first.controller.signal(SIGKILL)
                #expect(try await first.controller.wait() == .signalled(SIGKILL))
                let second = try await Cluster(scenario)
                try await second.wait(until: "the job is done", Queue.isCompleted)
                try await Reference.check(scenario.history("run"))
                #expect(try records(scenario).contains { $0.event == .controllerResumed })
                try await second.end([agent])
            }
        }

        @Test func `a queue that is not served is told as such, and a bad job leaves nothing behind`() async throws {
            try await Scenario.play { scenario in
                let nobody = ["--connect", "ipc://\(scenario.folder)/nobody"]
                let submitted = try await scenario.understudy(["submit", "job.yaml"] + nobody)
                #expect(
                    submitted.code == 8 && submitted.errors.hasPrefix("no coordinator of a queue answers at"),
                    "\(submitted)")
                let cluster = try await Cluster(scenario, ["--team", "red:2:1"])
                let bad = try await cluster.ask(["submit", "job.yaml", "-s", "train.lr=fast"])
                #expect(bad.code == 3, "\(bad.errors)")
                #expect(try await cluster.ask(["queue"]).output.split(separator: "\n").count == 1)
                #expect(!FileManager.default.fileExists(atPath: "\(scenario.folder)/runs"))
                for (arguments, code, why) in [
                    (["--team", "rde"], 1 as Int32, "there is no team rde; this queue's teams are default, red"),
                    (["--team", "red", "-s", "nproc_per_node=2"], 4, "the job needs 2 slots, and team red may never"),
                    (["--deadline", "2h"], 1, "this queue decides by priority, which promises no deadlines"),
                ] {
                    let refused = try await cluster.ask(["submit", "job.yaml"] + arguments)
                    #expect(refused.code == code && refused.errors.hasPrefix("nothing was done: " + why), "\(refused)")
                }
                let runs = try FileManager.default.contentsOfDirectory(atPath: "\(scenario.folder)/runs")
                #expect(runs.isEmpty, "\(runs)")
                try await cluster.end([])
                // Its teams are kept with the queue.
                let other = try await scenario.understudy(
                    ["coordinator", "--queue", "queue", "--listen", cluster.endpoint, "--team", "blue"])
                #expect(other.code == 1 && other.errors.contains("was made for the teams default:1, red:2:1"))
            }
        }
    }
}
