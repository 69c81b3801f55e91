// Complaints about keys: unknown, missing, double, under two names. The texts are exact, because people read them.
// Refuses to test what a right file says: ReadingTests does.

import Testing

@Suite("Complaints about keys") struct KeyComplaintTests {
    @Test func `an unknown key is refused with the nearest known one`() {
        let text = Sample.complaints(["n_embd: 64": "n_embed: 64"])
        #expect(
            text == """
                jobs/test.yaml:7:3: error[E0104]: unknown key `n_embed` under `model`
                    7 |   n_embed: 64
                      |   ^^^^^^^ did you mean `n_embd`? (Megatron's `hidden_size` is accepted too)
                """)
    }

    @Test func `a key with letters swapped is recognised`() {
        let text = Sample.complaints(["global_batch_size: 16": "gloabl_batch_size: 16"])
        #expect(
            text == """
                jobs/test.yaml:13:3: error[E0104]: unknown key `gloabl_batch_size` under `train`
                   13 |   gloabl_batch_size: 16
                      |   ^^^^^^^^^^^^^^^^^ did you mean `global_batch_size`?
                """)
    }

    @Test func `a key that another program uses is translated`() {
        let text = Sample.complaints(["lr: 2e-3": "learning_rate: 2e-3"])
        #expect(
            text == """
                jobs/test.yaml:15:3: error[E0104]: unknown key `learning_rate` under `train`
                   15 |   learning_rate: 2e-3
                      |   ^^^^^^^^^^^^^ did you mean `lr`?
                """)
    }

    @Test func `a key in the wrong section is sent to the right one`() {
        let text = Sample.complaints(["  lr_warmup_iters: 20\n": "  lr_warmup_iters: 20\n  n_head: 4\n"])
        #expect(
            text == """
                jobs/test.yaml:17:3: error[E0104]: unknown key `n_head` under `train`
                   17 |   n_head: 4
                      |   ^^^^^^ did you mean `model.n_head`?
                """)
    }

    @Test func `a key like no other lists the known ones`() {
        let text = Sample.complaints(["  save_interval: 50": "  save_interval: 50\n  zzz: 1"])
        #expect(
            text == """
                jobs/test.yaml:22:3: error[E0104]: unknown key `zzz` under `checkpoint`
                   22 |   zzz: 1
                      |   ^^^ known keys: save_interval, keep
                """)
    }

    @Test func `an unknown key in a list names its item`() {
        let text = Sample.complaints(["kind: kill}": "kind: kill, when: now}"])
        #expect(
            text == """
                jobs/test.yaml:26:46: error[E0104]: unknown key `when` under `inject[0]`
                   26 |   - {at: step=120, fail: rank 2, kind: kill, when: now}
                      |                                              ^^^^ known keys: at, fail, kind, for, random
                """)
    }

    @Test func `a missing key is asked for with an example`() {
        let text = Sample.complaints(["  lr: 2e-3\n": ""])
        #expect(
            text == """
                jobs/test.yaml:11:1: error[E0105]: `train` lacks `lr`
                   11 | train:
                      | ^^^^^ for example `lr: 3e-4`
                """)
    }

    @Test func `a missing section is one complaint, not one for each of its keys`() {
        let text = Sample.complaints(["checkpoint:\n  save_interval: 50\n": ""])
        #expect(
            text == """
                jobs/test.yaml:1:1: error[E0105]: the job lacks `checkpoint`
                    1 | kind: Job
                      | ^^^^ for example `checkpoint: {save_interval: 100}`
                """)
    }

    @Test func `a key without a value is missing`() {
        let text = Sample.complaints(["lr: 2e-3": "lr:"])
        #expect(
            text == """
                jobs/test.yaml:15:3: error[E0105]: `train.lr` has no value
                   15 |   lr:
                      |   ^^ for example `lr: 3e-4`
                """)
    }

    @Test func `a section without content is missing`() {
        let text = Sample.complaints(["checkpoint:\n  save_interval: 50\n": "checkpoint:\n"])
        #expect(
            text == """
                jobs/test.yaml:20:1: error[E0105]: `checkpoint` has no value
                   20 | checkpoint:
                      | ^^^^^^^^^^ for example `checkpoint: {save_interval: 100}`
                """)
    }

    @Test func `a key given twice is refused at the second place`() {
        let text = Sample.complaints(["  lr: 2e-3\n": "  lr: 2e-3\n  n_head: 3\n  lr: 1e-3\n"])
        #expect(
            text == """
                jobs/test.yaml:16:3: error[E0104]: unknown key `n_head` under `train`
                   16 |   n_head: 3
                      |   ^^^^^^ did you mean `model.n_head`?
                jobs/test.yaml:17:3: error[E0102]: the key `lr` is given twice
                   17 |   lr: 1e-3
                      |   ^^ the first is in line 15; remove one
                """)
    }

    @Test func `a key given three times is refused twice, beside another double key`() {
        let text = Sample.complaints([
            "  lr: 2e-3\n": "  lr: 2e-3\n  lr: 1e-3\n  lr: 1e-4\n", "name: test": "name: test\nname: best",
        ])
        #expect(
            text == """
                jobs/test.yaml:3:1: error[E0102]: the key `name` is given twice
                    3 | name: best
                      | ^^^^ the first is in line 2; remove one
                jobs/test.yaml:17:3: error[E0102]: the key `lr` is given twice
                   17 |   lr: 1e-3
                      |   ^^ the first is in line 16; remove one
                jobs/test.yaml:18:3: error[E0102]: the key `lr` is given twice
                   18 |   lr: 1e-4
                      |   ^^ the first is in line 16; remove one
                """)
    }

    @Test func `an alias beside its canonical name with another value is refused`() {
        let text = Sample.complaints(["  n_embd: 64\n": "  n_embd: 64\n  hidden_size: 128\n"])
        #expect(
            text == """
                jobs/test.yaml:8:16: error[E0110]: `hidden_size` and `n_embd` are two names of one value, and differ
                    8 |   hidden_size: 128
                      |                ^^^ `n_embd` is 64; keep one of them
                """)
    }

    @Test func `a key that is a list is refused`() {
        let text = Sample.complaints(["name: test": "name: test\n[a, b]: 1"])
        #expect(
            text == """
                jobs/test.yaml:3:1: error[E0106]: a key must be a word, not a list
                    3 | [a, b]: 1
                      | ^
                """)
    }
}
