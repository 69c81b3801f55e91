// Complaints about cluster files. The texts are exact, because people read them. Refuses to test what a right file
// says: ReadingTests does.

import Testing

@Suite("Complaints about clusters") struct ClusterComplaintTests {
    @Test func `an accelerator that is not described is refused`() {
        let text = Sample.clusterComplaints(["\"cpu-core:2\"": "\"cpu-cores:2\""])
        #expect(
            text == """
                clusters/test.yaml:7:34: error[E0210]: the accelerator `cpu-cores` is not described under `gpus`
                    7 |   - {hostlist: localhost, gpus: "cpu-cores:2", oversubscribe: 2}
                      |                                  ^^^^^^^^^ did you mean `cpu-core`?
                """)
    }

    @Test func `accelerators without a count are refused`() {
        let text = Sample.clusterComplaints(["\"cpu-core:2\"": "cpu-core"])
        #expect(
            text == """
                clusters/test.yaml:7:33: error[E0111]: `nodes[1].gpus` must be TYPE:COUNT, not `cpu-core`
                    7 |   - {hostlist: localhost, gpus: cpu-core, oversubscribe: 2}
                      |                                 ^^^^^^^^ for example `"cpu-core:2"`, a count from 1 to 1000
                """)
    }

    @Test func `a hostlist whose bracket is not closed is refused at the bracket`() {
        let text = Sample.clusterComplaints(["node-[00-02]": "node-[00-02"])
        #expect(
            text == """
                clusters/test.yaml:4:21: error[E0111]: `nodes[0].hostlist`: the bracket is not closed
                    4 |   - hostlist: "node-[00-02"
                      |                     ^^^^^^ for example `node-[000-123,130]`
                """)
    }

    @Test func `a hostlist that runs backwards is refused at the range`() {
        let text = Sample.clusterComplaints(["node-[00-02]": "node-[05,04-02]"])
        #expect(
            text == """
                clusters/test.yaml:4:25: error[E0111]: `nodes[0].hostlist`: the range runs backwards
                    4 |   - hostlist: "node-[05,04-02]"
                      |                         ^^^^^ for example `node-[000-123,130]`
                """)
    }

    @Test func `a hostlist of too many nodes is refused`() {
        let text = Sample.clusterComplaints(["node-[00-02]": "node-[0-9999999]"])
        #expect(
            text == """
                clusters/test.yaml:4:22: error[E0111]: `nodes[0].hostlist`: more than 1000000 nodes
                    4 |   - hostlist: "node-[0-9999999]"
                      |                      ^^^^^^^^^ for example `node-[000-123,130]`
                """)
    }

    @Test func `a node in two groups is refused`() {
        let text = Sample.clusterComplaints(["hostlist: localhost": "hostlist: node-01"])
        #expect(
            text == """
                clusters/test.yaml:7:16: error[E0211]: the node `node-01` is given twice
                    7 |   - {hostlist: node-01, gpus: "cpu-core:2", oversubscribe: 2}
                      |                ^^^^^^^
                """)
    }

    @Test func `an unknown key of an accelerator names it`() {
        let text = Sample.clusterComplaints(["memory: 80GB}": "memory: 80GB, memry: 1GB}"])
        #expect(
            text == """
                clusters/test.yaml:9:55: error[E0104]: unknown key `memry` under `gpus.a100-80gb`
                    9 |   a100-80gb: {peak: {fp32: 19.5TFLOPs}, memory: 80GB, memry: 1GB}
                      |                                                       ^^^^^ did you mean `memory`?
                """)
    }

    @Test func `a missing peak names the accelerator`() {
        let text = Sample.clusterComplaints(["peak: {fp32: 240GFLOPs}, ": ""])
        #expect(
            text == """
                clusters/test.yaml:10:3: error[E0105]: `gpus.cpu-core` lacks `peak`
                   10 |   cpu-core: {memory: 4GiB}
                      |   ^^^^^^^^ for example `peak: {fp32: 240GFLOPs}`
                """)
    }

    @Test func `no nodes are refused`() {
        let nodes = Sample.cluster.split(separator: "\n")[2...6].joined(separator: "\n")
        let text = Sample.clusterComplaints([nodes: "nodes: []"])
        #expect(
            text == """
                clusters/test.yaml:3:1: error[E0105]: `nodes` is empty
                    3 | nodes: []
                      | ^^^^^ name at least one node
                """)
    }
}
