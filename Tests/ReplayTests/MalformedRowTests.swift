// A mistake in a row of each of the nine formats: its line and its field are told, and nothing is read unless leaving rows
// out was allowed. Refuses sound rows; those are TraceReaderTests'.

import Replay
import Testing

@Suite("Malformed rows")
struct MalformedRowTests {
    /// In the order of the formats: a text with one sound job, and what is wrong with the others.
    static let mistakes: [(text: String, reports: [String])] = [
        (
            """
            [{"jobid": "1", "vc": "x", "submitted_time": "2017-10-03 19:30:00", "attempts": [{"start_time":
              "2017-10-03 19:31:49", "end_time": "2017-10-03 19:32:49", "detail": [{"gpus": ["gpu0"]}]}]},
            {"jobid": "2", "vc": "x", "submitted_time": "2017-10-03 19:30:00", "attempts": [{"start_time":
              "yesterday", "end_time": "2017-10-03 19:32:49", "detail": [{"gpus": ["gpu0"]}]}]},
            {"jobid": 3, "vc": "x", "submitted_time": "2017-10-03 19:30:00"},
            {"vc": "x", "submitted_time": "2017-10-03 19:30:00"}]
            """,
            [
                "3: an attempt of this job has a start_time or an end_time that is no time",
                "5: a field of this job has the wrong type", "6: this job lacks a jobid or a submitted_time",
            ]
        ),
        (
            """
            timestamp,duration,num_gpus,gpu_time,cluster
            2017-10-09 07:01:55,66.0,1,66.0,a
            2017-13-09 07:01:55,1,1,1,a

            """, ["3: timestamp is \"2017-13-09 07:01:55\", not a time"]
        ),
        (
            """
            job_id,user,vc,jobname,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue
            1,u1,vcA,j,8,32,1,COMPLETED,2020-04-01 00:05:37,2020-04-01 00:06:00,2020-04-01 00:16:00,600,23
            2,u1,vcA,j,8,32,1,COMPLETED,2020-04-01 00:05:37,2020-04-01 00:06:00,2020-04-01 00:16:00,,23

            """, ["3: duration is \"\", not a span"]
        ),
        (
            """
            job_id,vc,submit_time,duration,gpu_num
            1,X,0,100,4
            2,X,0,100,four

            """, ["3: gpu_num is \"four\", not a number of GPUs"]
        ),
        (
            """
            job_name,inst_num,submit_time,duration,plan_cpu,plan_mem,plan_gpu,gpu_type,user
            a,2,100,50,600,29,25,MISC,u
            b,1.5,130,60,600,29,800,V100,u

            """, ["3: inst_num is \"1.5\", not a count"]
        ),
        (
            """
            name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
            p0,12000,16384,1,1000,,LS,Running,10,12537496,20
            p1,12000,16384,1,1000,,LS,Running,10,later,20

            """, ["3: deletion_time is \"later\", not a time"]
        ),
        (
            """
            job_id,num_gpu,submit_time,iterations,model_name,duration,interval
            1,8,30,133,vgg11,147,23
            2,8,30,133,vgg11,147

            """, ["3: 6 fields where the header has 7"]
        ),
        (
            """
            1 0 5 600 16 -1 -1 16 1200 -1 1 3 1 -1 1 -1 -1 -1
            2 10 5 600 16 -1 -1 16 1200 -1 1 3 1 -1 1 -1 -1
            3 10 x 600 16 -1 -1 16 1200 -1 1 3 1 -1 1 -1 -1 -1

            """,
            ["2: 17 fields where the format has 18", "3: field 3 is \"x\", not a number"]
        ),
        (
            """
            JobID|User|Account|Submit|ElapsedRaw|Timelimit|AllocTRES|State
            17|ada|nlp|2024-05-01T10:00:00|3600|UNLIMITED|gres/gpu=8|COMPLETED
            18|ada|nlp|2024-05-01T10:00:00|3600|1-00:00:00|gres/gpu=many|COMPLETED
            19|ada|nlp|Unknown|3600|1-00:00:00|gres/gpu=1|COMPLETED

            """,
            ["3: alloctres is \"gres/gpu=many\", not a list of resources", "4: submit is \"Unknown\", not a time"]
        ),
    ]

    @Test(arguments: zip(TraceFormat.allCases, MalformedRowTests.mistakes))
    func `a malformed row of any format is told by its line and ends the reading`(
        format: TraceFormat, mistake: (text: String, reports: [String])
    ) throws {
        #expect(throws: TraceError.self) { try readTrace(Array(mistake.text.utf8), format: format) }
        let read = try readTrace(Array(mistake.text.utf8), format: format, skipsBadRows: true)
        #expect(read.skipped.map(\.description) == mistake.reports)
        #expect(read.trace.jobs.count == 1)
    }

    @Test func `every format has its mistake`() { #expect(Self.mistakes.count == TraceFormat.allCases.count) }
}
