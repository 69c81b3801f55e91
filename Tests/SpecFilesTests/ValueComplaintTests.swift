// Complaints about single values: type, range, word, form. The texts are exact, because people read them. Refuses to
// test what a right file says: ReadingTests does.

import Testing

@Suite("Complaints about values") struct ValueComplaintTests {
    @Test func `a word where a number is wanted is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: fast"])
        #expect(
            text == """
                jobs/test.yaml:15:7: error[E0106]: `train.lr` must be a number, not `fast`
                   15 |   lr: fast
                      |       ^^^^ for example `3e-4`
                """)
    }

    @Test func `a number in quotes is refused`() {
        let text = Sample.complaints(["n_layer: 2": "n_layer: \"2\""])
        #expect(
            text == """
                jobs/test.yaml:6:12: error[E0106]: `model.n_layer` must be a whole number, not the text "2"
                    6 |   n_layer: "2"
                      |            ^^^ remove the quotes
                """)
    }

    @Test func `a fraction where a whole number is wanted is refused`() {
        let text = Sample.complaints(["train_iters: 200": "train_iters: 200.5"])
        #expect(
            text == """
                jobs/test.yaml:14:16: error[E0106]: `train.train_iters` must be a whole number, not `200.5`
                   14 |   train_iters: 200.5
                      |                ^^^^^ for example `1000`
                """)
    }

    @Test func `a mapping where a number is wanted is refused`() {
        let text = Sample.complaints(["n_layer: 2": "n_layer: {a: 1}"])
        #expect(
            text == """
                jobs/test.yaml:6:12: error[E0106]: `model.n_layer` must be a whole number, not a mapping
                    6 |   n_layer: {a: 1}
                      |            ^ for example `n_layer: 12`
                """)
    }

    @Test func `a number where a section is wanted is refused`() {
        let text = Sample.complaints(["checkpoint:\n  save_interval: 50": "checkpoint: 50"])
        #expect(
            text == """
                jobs/test.yaml:20:13: error[E0106]: `checkpoint` must be a mapping, not the text `50`
                   20 | checkpoint: 50
                      |             ^^
                """)
    }

    @Test func `a number below the range is refused`() {
        let text = Sample.complaints(["micro_batch_size: 4": "micro_batch_size: -4"])
        #expect(
            text == """
                jobs/test.yaml:12:21: error[E0109]: `train.micro_batch_size` must be at least 1, not -4
                   12 |   micro_batch_size: -4
                      |                     ^^
                """)
    }

    @Test func `a number above the range is refused`() {
        let text = Sample.complaints(["n_layer: 2": "n_layer: 1_000_000_000_000"])
        #expect(
            text == """
                jobs/test.yaml:6:12: error[E0109]: `model.n_layer` must be at most 1000, not 1_000_000_000_000
                    6 |   n_layer: 1_000_000_000_000
                      |            ^^^^^^^^^^^^^^^^^
                """)
    }

    @Test func `a beta of one is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  adam_beta1: 1.0"])
        #expect(
            text == """
                jobs/test.yaml:16:15: error[E0109]: `train.adam_beta1` must be at least 0 and below 1, not 1.0
                   16 |   adam_beta1: 1.0
                      |               ^^^
                """)
    }

    @Test func `an infinite learning rate is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: .inf"])
        #expect(
            text == """
                jobs/test.yaml:15:7: error[E0106]: `train.lr` must be a number, not `.inf`
                   15 |   lr: .inf
                      |       ^^^^ for example `3e-4`
                """)
    }

    @Test func `a misspelt word is refused with the nearest one`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  lr_decay_style: cosin"])
        #expect(
            text == """
                jobs/test.yaml:16:19: error[E0107]: `train.lr_decay_style` cannot be `cosin`
                   16 |   lr_decay_style: cosin
                      |                   ^^^^^ did you mean `cosine`? allowed: constant, cosine, wsd
                """)
    }

    @Test func `a word like no other lists the allowed ones`() {
        let text = Sample.complaints(["kind: kill": "kind: explode"])
        #expect(
            text == """
                jobs/test.yaml:26:40: error[E0107]: `inject[0].kind` cannot be `explode`
                   26 |   - {at: step=120, fail: rank 2, kind: explode}
                      |                                        ^^^^^^^ allowed: \(Sample.kinds)
                """)
    }

    @Test func `a model of a kind that is not known is refused`() {
        let text = Sample.complaints(["model_type: gpt2": "model_type: bert"])
        #expect(
            text == """
                jobs/test.yaml:5:15: error[E0107]: `model.model_type` cannot be `bert`
                    5 |   model_type: bert
                      |               ^^^^ allowed: gpt2, llama
                """)
    }

    @Test func `a name that is a path is refused`() {
        let text = Sample.complaints(["name: test": "name: ../test"])
        #expect(
            text == """
                jobs/test.yaml:2:7: error[E0111]: `name` is no name for a folder: `../test`
                    2 | name: ../test
                      |       ^^^^^^^ up to 64 letters, digits, `-`, `_` and `.`, the first a letter or digit
                """)
    }

    @Test func `a split in three parts is refused`() {
        let text = Sample.complaints(["source: text": "source: text\n  split: \"98,1,1\""])
        #expect(
            text == """
                jobs/test.yaml:19:10: error[E0111]: `data.split` must be two parts, training and validation, not \
                `98,1,1`
                   19 |   split: "98,1,1"
                      |          ^^^^^^^^ nothing is tested here: add the third part to one of the others
                """)
    }

    @Test func `a split without training data is refused`() {
        let text = Sample.complaints(["source: text": "source: text\n  split: \"0,5\""])
        #expect(
            text == """
                jobs/test.yaml:19:10: error[E0109]: `data.split` leaves nothing to train on: `0,5`
                   19 |   split: "0,5"
                      |          ^^^^^
                """)
    }

    @Test func `batches to leave out that are none are refused`() {
        let text = Sample.complaints([
            "source: text": "source: text\n  skip: [\"9-5\", \"0\", \"1-2-3\", \"few\", {a: 1}]"
        ])
        #expect(
            text == """
                jobs/test.yaml:19:10: error[E0109]: `data.skip[0]` leaves out no batches: `9-5`
                   19 |   skip: ["9-5", "0", "1-2-3", "few", {a: 1}]
                      |          ^^^^^ batches count from 1, and the first is not behind the last
                jobs/test.yaml:19:17: error[E0109]: `data.skip[1]` leaves out no batches: `0`
                   19 |   skip: ["9-5", "0", "1-2-3", "few", {a: 1}]
                      |                 ^^^ batches count from 1, and the first is not behind the last
                jobs/test.yaml:19:22: error[E0111]: `data.skip[2]` must be the first and the last batch, not `1-2-3`
                   19 |   skip: ["9-5", "0", "1-2-3", "few", {a: 1}]
                      |                      ^^^^^^^ for example `"351-555"`
                jobs/test.yaml:19:31: error[E0111]: `data.skip[3]` must be the first and the last batch, not `few`
                   19 |   skip: ["9-5", "0", "1-2-3", "few", {a: 1}]
                      |                               ^^^^^ for example `"351-555"`
                jobs/test.yaml:19:38: error[E0106]: `data.skip[4]` must be two numbers of batches, not a mapping
                   19 |   skip: ["9-5", "0", "1-2-3", "few", {a: 1}]
                      |                                      ^ for example `"351-555"`
                """)
    }

    @Test func `an injection without the word step is refused`() {
        let text = Sample.complaints(["at: step=120": "at: 120"])
        #expect(
            text == """
                jobs/test.yaml:26:10: error[E0111]: `inject[0].at` must name a step or a time, not `120`
                   26 |   - {at: 120, fail: rank 2, kind: kill}
                      |          ^^^ write `step=120`, or a time with its unit
                """)
    }

    @Test func `an injection into something that is no victim is refused`() {
        let text = Sample.complaints(["fail: rank 2": "fail: disk 1"])
        #expect(
            text == """
                jobs/test.yaml:26:26: error[E0111]: `inject[0].fail` names no victim: `disk 1`
                   26 |   - {at: step=120, fail: disk 1, kind: kill}
                      |                          ^^^^^^ for example: \(Sample.victims)
                """)
    }

    @Test func `paths that are no list are refused`() {
        let text = Sample.complaints(["paths: [../docs/**/*.md]": "paths: ../docs/**/*.md"])
        #expect(
            text == """
                jobs/test.yaml:19:10: error[E0106]: `data.paths` must be a list, not the text `../docs/**/*.md`
                   19 |   paths: ../docs/**/*.md
                      |          ^^^^^^^^^^^^^^^ for example `paths: ["../docs/**/*.md"]`
                """)
    }

    @Test func `a path from a home folder is refused`() {
        let text = Sample.complaints(["paths: [../docs/**/*.md]": "paths: [~/corpus/*.txt]"])
        #expect(
            text == """
                jobs/test.yaml:19:11: error[E0111]: `~` means a home folder only to a shell: `~/corpus/*.txt`
                   19 |   paths: [~/corpus/*.txt]
                      |           ^^^^^^^^^^^^^^ write the whole path
                """)
    }

    @Test func `an empty list of paths is refused`() {
        let text = Sample.complaints(["paths: [../docs/**/*.md]": "paths: []"])
        #expect(
            text == """
                jobs/test.yaml:19:3: error[E0105]: `data.paths` is empty
                   19 |   paths: []
                      |   ^^^^^ name at least one file
                """)
    }

    @Test func `a seed that does not fit 64 bits is refused`() {
        let text = Sample.complaints(["lr: 2e-3": "lr: 2e-3\n  seed: 18446744073709551616"])
        #expect(
            text == """
                jobs/test.yaml:16:9: error[E0109]: `train.seed` must be a whole number from 0 to \
                18446744073709551615, not 18446744073709551616
                   16 |   seed: 18446744073709551616
                      |         ^^^^^^^^^^^^^^^^^^^^
                """)
    }
}
