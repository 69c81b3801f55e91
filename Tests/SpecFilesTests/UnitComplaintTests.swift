// Complaints about quantities. The texts are exact, because people read them. Refuses to test what a right file says:
// ReadingTests does.

import Testing

@Suite("Complaints about units") struct UnitComplaintTests {
    @Test func `a time without a unit is refused with the units`() {
        let text = Sample.complaints(["timeout: 10s": "timeout: 10"])
        #expect(
            text == """
                jobs/test.yaml:23:41: error[E0108]: `fault_tolerance.heartbeat.timeout` lacks a unit: `10`
                   23 |   heartbeat: {interval: 500ms, timeout: 10}
                      |                                         ^^ write `10s`; units: ns us ms s min h d
                """)
    }

    @Test func `a unit written out is refused with its short form`() {
        let text = Sample.complaints(["interval: 500ms": "interval: 500msec"])
        #expect(
            text == """
                jobs/test.yaml:23:28: error[E0108]: `fault_tolerance.heartbeat.interval` has an unknown unit: `msec`
                   23 |   heartbeat: {interval: 500msec, timeout: 10s}
                      |                            ^^^^ did you mean `ms`? units: ns us ms s min h d
                """)
    }

    @Test func `a unit in the wrong case is refused with the right one`() {
        let text = Sample.clusterComplaints(["240GFLOPs": "240Gflops"])
        #expect(
            text == """
                clusters/test.yaml:10:30: error[E0108]: `gpus.cpu-core.peak.fp32` has an unknown unit: `Gflops`
                   10 |   cpu-core: {peak: {fp32: 240Gflops}, memory: 4GiB}
                      |                              ^^^^^^ did you mean `GFLOPs`? units: MFLOPs GFLOPs TFLOPs PFLOPs
                """)
    }

    @Test func `a time that is a word is refused`() {
        let text = Sample.complaints(["lease: 15s": "lease: long"])
        #expect(
            text == """
                jobs/test.yaml:24:10: error[E0106]: `fault_tolerance.lease` must be a time with its unit, not `long`
                   24 |   lease: long
                      |          ^^^^ for example `10s`; units: ns us ms s min h d
                """)
    }

    @Test func `a time of nothing is refused`() {
        let text = Sample.complaints(["lease: 15s": "lease: 0s"])
        #expect(
            text == """
                jobs/test.yaml:24:10: error[E0109]: `fault_tolerance.lease` cannot be 0s
                   24 |   lease: 0s
                      |          ^^ allowed: 1ms to 3650d
                """)
    }

    @Test func `a price without a currency is refused`() {
        let text = Sample.clusterComplaints(["27.20 USD/h": "27.20"])
        #expect(
            text == """
                clusters/test.yaml:6:12: error[E0108]: `nodes[0].price` lacks a unit: `27.20`
                    6 |     price: 27.20
                      |            ^^^^^ write `27.20 USD/h`; units: USD/h
                """)
    }

    @Test func `a size in another unit is refused`() {
        let text = Sample.clusterComplaints(["memory: 80GB": "memory: 80 Gb"])
        #expect(
            text == """
                clusters/test.yaml:9:52: error[E0108]: `gpus.a100-80gb.memory` has an unknown unit: `Gb`
                    9 |   a100-80gb: {peak: {fp32: 19.5TFLOPs}, memory: 80 Gb}
                      |                                                    ^^ did you mean `GB`? units: B kB MB GB \
                TB KiB MiB GiB
                """)
    }

    @Test func `a negative size is refused`() {
        let text = Sample.clusterComplaints(["memory: 80GB": "memory: -80GB"])
        #expect(
            text == """
                clusters/test.yaml:9:49: error[E0109]: `gpus.a100-80gb.memory` cannot be -80GB
                    9 |   a100-80gb: {peak: {fp32: 19.5TFLOPs}, memory: -80GB}
                      |                                                 ^^^^^ allowed: 1B to 1000000TB
                """)
    }
}
