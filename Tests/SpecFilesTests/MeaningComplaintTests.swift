// Complaints about values that do not go together. The texts are exact, because people read them. Refuses to test what
// a right file says: ReadingTests does.

import Testing

@Suite("Complaints about meaning") struct MeaningComplaintTests {
    @Test func `all errors of a file are told at once, in the order of its lines`() {
        let text = Sample.complaints(
            [
                "n_embd: 64": "n_embed: 64", "timeout: 10s": "timeout: 10", "rank 2": "rank 9",
                "global_batch_size: 16": "global_batch_size: 18", "kind: kill": "kind: kil",
            ], overrides: ["train.lr=-1"])
        #expect(
            text == """
                jobs/test.yaml:7:3: error[E0104]: unknown key `n_embed` under `model`
                    7 |   n_embed: 64
                      |   ^^^^^^^ did you mean `n_embd`? (Megatron's `hidden_size` is accepted too)
                jobs/test.yaml:13:22: error[E0203]: global_batch_size 18 is not divisible by micro_batch_size 4
                   13 |   global_batch_size: 18
                      |                      ^^ nearest valid: 16, 20, 24
                jobs/test.yaml:23:41: error[E0108]: `fault_tolerance.heartbeat.timeout` lacks a unit: `10`
                   23 |   heartbeat: {interval: 500ms, timeout: 10}
                      |                                         ^^ write `10s`; units: ns us ms s min h d
                jobs/test.yaml:26:26: error[E0207]: there is no rank 9 in a gang of 4 workers
                   26 |   - {at: step=120, fail: rank 9, kind: kil}
                      |                          ^^^^^^ ranks are 0 to 3
                jobs/test.yaml:26:40: error[E0107]: `inject[0].kind` cannot be `kil`
                   26 |   - {at: step=120, fail: rank 9, kind: kil}
                      |                                        ^^^ did you mean `kill`? allowed: \(Sample.kinds)
                -s train.lr=-1: error[E0109]: `train.lr` must be above 0, not -1
                   -s | train.lr=-1
                      |          ^^
                """)
    }

    @Test func `a global batch that micro-batches do not divide is refused with the nearest that they do`() {
        let text = Sample.complaints(["global_batch_size: 16": "global_batch_size: 18"])
        #expect(
            text == """
                jobs/test.yaml:13:22: error[E0203]: global_batch_size 18 is not divisible by micro_batch_size 4
                   13 |   global_batch_size: 18
                      |                      ^^ nearest valid: 16, 20, 24
                """)
    }

    @Test func `more workers than micro-batches are refused`() {
        let text = Sample.complaints(["nproc_per_node: 4": "nproc_per_node: 8"])
        #expect(
            text == """
                jobs/test.yaml:3:17: error[E0202]: 8 workers, but a step has only 4 micro-batches (global_batch_size \
                16 / micro_batch_size 4)
                    3 | nproc_per_node: 8
                      |                 ^ use at most 4 workers, or a global_batch_size of at least 32
                """)
    }

    @Test func `zero workers are refused`() {
        let text = Sample.complaints(["nproc_per_node: 4": "nproc_per_node: 0"])
        #expect(
            text == """
                jobs/test.yaml:3:17: error[E0201]: 0 workers: `nproc_per_node` is 0
                    3 | nproc_per_node: 0
                      |                 ^ a job needs at least 1 worker on a node
                """)
    }

    @Test func `zero nodes are refused`() {
        let text = Sample.complaints(["name: test": "name: test\nnnodes: 0"])
        #expect(
            text == """
                jobs/test.yaml:3:9: error[E0201]: 0 workers: `nnodes` is 0
                    3 | nnodes: 0
                      |         ^ a job needs at least 1 node
                """)
    }

    @Test func `a width that heads do not divide is refused`() {
        let text = Sample.complaints(["n_embd: 64": "n_embd: 66"])
        #expect(
            text == """
                jobs/test.yaml:7:11: error[E0204]: n_embd 66 is not divisible by n_head 4
                    7 |   n_embd: 66
                      |           ^^ nearest valid: 64, 68, 72
                """)
    }

    @Test func `a warm-up as long as the run is refused`() {
        let text = Sample.complaints(["lr_warmup_iters: 20": "lr_warmup_iters: 200"])
        #expect(
            text == """
                jobs/test.yaml:16:20: error[E0205]: lr_warmup_iters 200 is not below train_iters 200
                   16 |   lr_warmup_iters: 200
                      |                    ^^^ the warm-up must end before the run does
                """)
    }

    @Test func `a lowest rate above the highest is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  min_lr: 3e-3"])
        #expect(
            text == """
                jobs/test.yaml:16:11: error[E0205]: min_lr 0.003 is above lr 0.002
                   16 |   min_lr: 3e-3
                      |           ^^^^ without min_lr it is lr / 10
                """)
    }

    @Test func `a final decay without the schedule that has one is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  lr_wsd_decay_iters: 20"])
        #expect(
            text == """
                jobs/test.yaml:16:23: error[E0205]: lr_wsd_decay_iters means nothing with lr_decay_style cosine
                   16 |   lr_wsd_decay_iters: 20
                      |                       ^^ remove it, or use `lr_decay_style: wsd`
                """)
    }

    @Test func `warm-up, stable, decay without its decay is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  lr_decay_style: WSD"])
        #expect(
            text == """
                jobs/test.yaml:11:1: error[E0105]: `train` lacks `lr_wsd_decay_iters`
                   11 | train:
                      | ^^^^^ for example `lr_wsd_decay_iters: 200`
                """)
    }

    @Test func `a final decay longer than the run is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  lr_decay_style: WSD\n  lr_wsd_decay_iters: 181"])
        #expect(
            text == """
                jobs/test.yaml:17:23: error[E0205]: lr_wsd_decay_iters 181 does not fit the run
                   17 |   lr_wsd_decay_iters: 181
                      |                       ^^^ allowed: 1 to 180 (train_iters - lr_warmup_iters)
                """)
    }

    @Test func `text with another vocabulary than bytes is refused`() {
        let text = Sample.complaints(["vocab_size: 256": "vocab_size: 50257"])
        #expect(
            text == """
                jobs/test.yaml:10:15: error[E0206]: vocab_size 50257 does not fit `source: text`, one token a byte
                   10 |   vocab_size: 50257
                      |               ^^^^^ write 256
                """)
    }

    @Test func `16-bit tokens with a larger vocabulary are refused`() {
        let text = Sample.complaints(["vocab_size: 256": "vocab_size: 65537", "source: text": "source: tokens"])
        #expect(
            text == """
                jobs/test.yaml:10:15: error[E0206]: vocab_size 65537 does not fit `source: tokens`, 16 bits a token
                   10 |   vocab_size: 65537
                      |               ^^^^^ at most 65536
                """)
    }

    @Test func `an injection into a rank that is not there is refused`() {
        let text = Sample.complaints(["rank 2": "rank 4"])
        #expect(
            text == """
                jobs/test.yaml:26:26: error[E0207]: there is no rank 4 in a gang of 4 workers
                   26 |   - {at: step=120, fail: rank 4, kind: kill}
                      |                          ^^^^^^ ranks are 0 to 3
                """)
    }

    @Test func `an injection after the last step is refused`() {
        let text = Sample.complaints(["step=120": "step=200"])
        #expect(
            text == """
                jobs/test.yaml:26:10: error[E0207]: no fault can strike after step 200 of 200
                   26 |   - {at: step=200, fail: rank 2, kind: kill}
                      |          ^^^^^^^^ allowed: 1 to 199
                """)
    }

    @Test func `a timeout no longer than the interval is refused`() {
        let text = Sample.complaints(["timeout: 10s": "timeout: 500ms"])
        #expect(
            text == """
                jobs/test.yaml:23:41: error[E0208]: heartbeat.timeout 500ms is not above heartbeat.interval 500ms
                   23 |   heartbeat: {interval: 500ms, timeout: 500ms}
                      |                                         ^^^^^ a timeout of several intervals forgives a late \
                heartbeat
                """)
    }

    @Test func `a shortest silence above the longest is refused`() {
        let text = Sample.complaints(["timeout: 10s": "at_least: 12s"])
        #expect(
            text == """
                jobs/test.yaml:23:42: error[E0208]: heartbeat.at_least 12s is above heartbeat.timeout 10s (the default)
                   23 |   heartbeat: {interval: 500ms, at_least: 12s}
                      |                                          ^^^ a silent worker is believed for at_least to \
                timeout, depending on its heartbeats until then
                """)
    }

    @Test func `a lease shorter than the timeout is refused, with the place of the one that was given`() {
        let text = Sample.complaints(["timeout: 10s": "timeout: 20s", "  lease: 15s\n": ""])
        #expect(
            text == """
                jobs/test.yaml:23:41: error[E0208]: lease 15s (the default) is below heartbeat.timeout 20s
                   23 |   heartbeat: {interval: 500ms, timeout: 20s}
                      |                                         ^^^ a worker must not give up before it is given up
                """)
    }

    @Test func `evaluation without validation data is refused`() {
        let text = Sample.complaints([
            "source: text": "source: text\n  split: \"100,0\"", "lr: 2e-3": "lr: 2e-3\n  eval_interval: 50",
        ])
        #expect(
            text == """
                jobs/test.yaml:20:10: error[E0209]: eval_interval is 50, but data.split leaves nothing to validate on
                   20 |   split: "100,0"
                      |          ^^^^^^^ for example `split: "95,5"`, or `eval_interval: 0`
                """)
    }

    @Test func `a run without a checkpoint before its end is warned about`() {
        let text = Sample.complaints(["save_interval: 50": "save_interval: 500"])
        #expect(
            text == """
                jobs/test.yaml:21:18: warning[W0301]: save_interval 500 is above train_iters 200
                   21 |   save_interval: 500
                      |                  ^^^ a failure would start the run over
                """)
    }
}
