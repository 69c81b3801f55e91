// Every format is recognised and read from a few rows of it, and what cannot be read is named by its line. Refuses whole
// archives, but for the one that lies beside the project on some machines.

import Primitives
import Replay
import Testing

@Suite("Trace formats")
struct TraceReaderTests {
    private func read(_ text: String, skipsBadRows: Bool = false) throws -> ReadTrace {
        try readTrace(Array(text.utf8), skipsBadRows: skipsBadRows)
    }

    /// The jobs as `name submitted duration gpus`, times in seconds.
    private func jobs(_ text: String) throws -> [String] {
        try read(text).trace.jobs.map {
            "\($0.name) \(Int(($0.submitted - .zero).seconds)) \(Int($0.duration.seconds)) \($0.gpus)"
        }
    }

    @Test func `the filtered Philly table is sorted and counted from its first submission`() throws {
        let text = """
            timestamp,duration,num_gpus,gpu_time,cluster
            2017-10-09 07:01:55,66.0,1,66.0,11cb48
            2017-10-08 23:59:59,2951.0,8,23608.0,6214e9

            """
        let read = try self.read(text)
        #expect(read.format == .philly && read.trace.teams == ["11cb48", "6214e9"])
        #expect(try jobs(text) == ["1 0 2951 8", "0 25316 66 1"])
    }

    @Test func `Philly's own JSON counts a job from its first attempt to its last`() throws {
        let text = """
            [
              {"status": "Pass", "vc": "ee9e8c", "jobid": "application_1", "user": "ce2f2c",
               "attempts": [
                 {"start_time": "2017-10-03 19:31:49", "end_time": "2017-10-03 19:32:49",
                  "detail": [{"ip": "m1", "gpus": ["gpu0", "gpu1"]}, {"ip": "m2", "gpus": ["gpu0"]}]},
                 {"start_time": "2017-10-03 19:40:00", "end_time": "2017-10-03 19:41:49", "detail": []}],
               "submitted_time": "2017-10-03 19:30:00"},
              {"jobid": "application_2", "vc": "x", "submitted_time": "2017-10-03 19:30:01", "attempts": []}
            ]
            """
        #expect(try jobs(text) == ["application_1 0 600 3"])
        #expect(try read(text).leftOut.map(\.reason) == ["jobs that never started"])
    }

    @Test func `Helios' log leaves out jobs without a GPU`() throws {
        let text = """
            job_id,user,vc,jobname,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue
            1,u1,vcA,j,8,32,1,COMPLETED,2020-04-01 00:05:37,2020-04-01 00:06:00,2020-04-01 00:16:00,600,23
            2,u1,vcA,j,0,4,1,COMPLETED,2020-04-01 00:05:38,2020-04-01 00:06:00,2020-04-01 00:16:00,600,22

            """
        #expect(try jobs(text) == ["1 0 600 8"])
        #expect(try read(text).leftOut.map(\.count) == [1])
    }

    @Test func `Muri's milliseconds and Tiresias' seconds are told apart`() throws {
        let muri = """
            job_id,num_gpu,submit_time,iterations,model_name,duration,iteration_time
            0,4,1456000,10,bert,9000,886

            """
        #expect(try jobs(muri) == ["0 1456 9 4"])
        let tiresias = "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n1,8,30,133,vgg11,147,23\n"
        #expect(try jobs(tiresias) == ["1 30 147 8"])
    }

    @Test func `Alibaba's PAI shares of GPUs are rounded up and multiplied by instances`() throws {
        let text = """
            job_name,inst_num,submit_time,duration,plan_cpu,plan_mem,plan_gpu,gpu_type,user
            a,2,100,50,600,29,25,MISC,u
            b,1,130,60,600,29,800,V100,u

            """
        #expect(try jobs(text) == ["a 0 50 2", "b 30 60 8"])
    }

    @Test func `Alibaba's openb runs from its schedule to its deletion`() throws {
        let text = """
            name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
            openb-pod-0000,12000,16384,1,1000,,LS,Running,10,12537496,20
            openb-pod-0001,6000,12288,0,0,,LS,Running,10,20,10

            """
        #expect(try jobs(text) == ["openb-pod-0000 0 12537476 1"])
    }

    @Test func `the Standard Workload Format has its estimates read`() throws {
        let text = """
            ; MaxProcs: 128
            1 0 5 600 16 -1 -1 16 1200 -1 1 3 1 -1 1 -1 -1 -1
            2 10 5 -1 16 -1 -1 16 1200 -1 5 3 1 -1 1 -1 -1 -1

            """
        #expect(try jobs(text) == ["1 0 600 16"])
        #expect(try read(text).trace.jobs[0].estimate == .seconds(1_200 as Int64))
    }

    @Test func `Slurm's accounting has its GPUs found and its steps left out`() throws {
        let text = """
            JobID|User|Account|Submit|ElapsedRaw|Timelimit|AllocTRES|State
            17|ada|nlp|2024-05-01T10:00:00|3600|1-00:00:00|billing=64,cpu=64,gres/gpu:a100=8,gres/gpu=8,node=1|COMPLETED
            17.batch|||2024-05-01T10:00:05|3600||cpu=64,gres/gpu=8|COMPLETED
            18|bob|vis|2024-05-01T10:01:00|60|00:10:00|cpu=4|COMPLETED

            """
        let read = try self.read(text)
        #expect(try jobs(text) == ["17 0 3600 8"])
        #expect(read.trace.jobs[0].estimate == .seconds(86_400 as Int64))
        #expect(read.leftOut.map(\.reason) == ["steps of jobs", "jobs without a GPU"])
    }

    @Test func `every bad row is named by its line, and none is skipped unless that is allowed`() throws {
        let text = """
            job_id,vc,submit_time,duration,gpu_num
            1,X,0,100,4
            2,X,zero,100,4
            3,X,5,100
            4,X,6,-1,4
            5,X,7,100,1.5

            """
        #expect(throws: TraceError.self) { try self.read(text) }
        let read = try self.read(text, skipsBadRows: true)
        #expect(read.trace.jobs.map(\.name) == ["1"])
        #expect(
            read.skipped.map(\.description) == [
                "3: submit_time is \"zero\", not a time", "4: 4 fields where the header has 5",
                "5: the job runs for -1.0 s", "6: gpu_num is \"1.5\", not a whole number of GPUs",
            ])
    }

    @Test func `what a format says beyond the usual is read, and reported where it makes no sense`() throws {
        let text = """
            job_id,vc,submit_time,duration,gpu_num,estimate,priority,topology,gpu_type
            1,X,0,100,16,200,3,leaf,A100|H100
            2,X,0,100,4,,,preferred,
            3,X,0,100,4,soon,,,
            4,X,0,100,4,,high,,
            5,X,0,100,4,,,rack,

            """
        let read = try self.read(text, skipsBadRows: true)
        let (first, second) = (read.trace.jobs[0], read.trace.jobs[1])
        #expect(first.estimate == .seconds(200 as Int64) && first.priority == 3)
        #expect(first.demand == .required(.leaf) && first.accelerators == ["A100", "H100"])
        #expect(second.estimate == nil && second.priority == 0 && second.demand == .preferred)
        #expect(second.accelerators == nil)
        #expect(
            read.skipped.map(\.description) == [
                "4: estimate is \"soon\", not a span", "5: priority is \"high\", not a number",
                "6: topology is \"rack\", not one of preferred, node, leaf, spine, pool",
            ])
    }

    @Test func `an unknown header and a missing column are told`() {
        #expect(throws: TraceError.unknownFormat(header: "a,b,c")) { try read("a,b,c\n1,2,3\n") }
        #expect(throws: TraceError.missingColumns(["duration"], format: .tiresias)) {
            try read("job_id,num_gpu,submit_time\n1,2,3\n")
        }
        #expect(throws: TraceError.empty) { try read("") }
    }

    @Test func `all of Philly is read`() throws {
        guard let bytes = sharedTrace("philly.csv") else {
            print("SKIPPED: ../shared/traces/philly.csv is not on this machine")
            return
        }
        let trace = try readTrace(bytes).trace
        #expect(trace.jobs.count == 82_247 && trace.teams.count == 15)
    }
}
