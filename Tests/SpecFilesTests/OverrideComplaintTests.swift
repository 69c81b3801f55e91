// Complaints about `-s` arguments: they name the argument, not the file. The texts are exact, because people read
// them. Refuses to test what a right file says: ReadingTests does.

import Testing

@Suite("Complaints about overrides") struct OverrideComplaintTests {
    @Test func `an unknown key of an override is refused with the nearest known one`() {
        let text = Sample.complaints(overrides: ["train.lrr=1"])
        #expect(
            text == """
                -s train.lrr=1: error[E0104]: unknown key `lrr` under `train`
                   -s | train.lrr=1
                      |       ^^^ did you mean `lr`?
                """)
    }

    @Test func `an override without a section is sent to its section`() {
        let text = Sample.complaints(overrides: ["lr=1e-3"])
        #expect(
            text == """
                -s lr=1e-3: error[E0104]: unknown key `lr` at the top of the file
                   -s | lr=1e-3
                      | ^^ did you mean `train.lr`?
                """)
    }

    @Test func `an override of an unknown section is refused`() {
        let text = Sample.complaints(overrides: ["trian.lr=1e-3"])
        #expect(
            text == """
                -s trian.lr=1e-3: error[E0104]: unknown key `trian` at the top of the file
                   -s | trian.lr=1e-3
                      | ^^^^^ did you mean `train`?
                """)
    }

    @Test func `an override without a value is refused`() {
        let text = Sample.complaints(overrides: ["train.lr="])
        #expect(
            text == """
                -s train.lr=: error[E0105]: `train.lr` has no value
                   -s | train.lr=
                      | ^^^^^^^^ for example `lr: 3e-4`
                """)
    }

    @Test func `an override without an equals sign is refused`() {
        let text = Sample.complaints(overrides: ["train.lr"])
        #expect(
            text == """
                -s train.lr: error[E0112]: an override is written key=value
                   -s | train.lr
                      | ^^^^^^^^ for example `-s train.lr=3e-4`
                """)
    }

    @Test func `an override with an empty part of a key is refused`() {
        let text = Sample.complaints(overrides: ["train..lr=1"])
        #expect(
            text == """
                -s train..lr=1: error[E0112]: the key has an empty part
                   -s | train..lr=1
                      |       ^
                """)
    }

    @Test func `an override below a number is refused`() {
        let text = Sample.complaints(overrides: ["name.x=1"])
        #expect(
            text == """
                -s name.x=1: error[E0112]: `x` cannot be set: above it stands the text `test`, not a mapping
                   -s | name.x=1
                      |      ^
                """)
    }

    @Test func `an override of an item that is not there is refused`() {
        let text = Sample.complaints(overrides: ["inject.1.at=step=3"])
        #expect(
            text == """
                -s inject.1.at=step=3: error[E0112]: the list has no item `1`
                   -s | inject.1.at=step=3
                      |        ^ its items are 0 to 0
                """)
    }

    @Test func `an override without end is refused`() {
        let text = Sample.complaints(overrides: ["a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1"])
        #expect(
            text == """
                -s a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1: error[E0112]: the key has more than 16 parts
                   -s | a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1
                      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                """)
    }

    @Test func `an override that is not YAML is refused`() {
        let text = Sample.complaints(overrides: ["data.paths=[a"])
        #expect(
            text == """
                -s data.paths=[a: error[E0101]: not YAML: while parsing a flow sequence: did not find expected ',' \
                or ']'
                   -s | data.paths=[a
                      |              ^
                """)
    }

    @Test func `an override of a wrong type is refused`() {
        let text = Sample.complaints(overrides: ["train.lr=fast"])
        #expect(
            text == """
                -s train.lr=fast: error[E0106]: `train.lr` must be a number, not `fast`
                   -s | train.lr=fast
                      |          ^^^^ for example `3e-4`
                """)
    }

    @Test func `an override that breaks a rule is the one complained about`() {
        let text = Sample.complaints(overrides: ["train.global_batch_size=18"])
        #expect(
            text == """
                -s train.global_batch_size=18: error[E0203]: global_batch_size 18 is not divisible by micro_batch_size 4
                   -s | train.global_batch_size=18
                      |                         ^^ nearest valid: 16, 20, 24
                """)
    }

    @Test func `an override by two names of one value is refused`() {
        let text = Sample.complaints(overrides: ["model.n_embd=64", "model.hidden_size=128"])
        #expect(
            text == """
                -s model.n_embd=64: error[E0110]: `n_embd` and `hidden_size` are two names of one value, and differ
                   -s | model.n_embd=64
                      |              ^^ `hidden_size` is 128; keep one of them
                """)
    }
}
