// Complaints about a text as a whole: not YAML, not one document, not a job. The texts are exact, because people read
// them. Refuses to test what a right file says: ReadingTests does.

import Testing

@Suite("Complaints about files") struct FileComplaintTests {
    @Test func `a bracket that is not closed is a complaint with its place`() {
        let text = Sample.complaints(aboutJob: "kind: Job\ndata:\n  paths: [a, b\nname: x\n")
        #expect(
            text == """
                jobs/test.yaml:4:5: error[E0101]: not YAML: while parsing a flow sequence: did not find expected ',' \
                or ']'
                    4 | name: x
                      |     ^ it began in line 3
                """)
    }

    @Test func `a tab in the indentation is a complaint with its place`() {
        let text = Sample.complaints(aboutJob: "kind: Job\nmodel:\n\tn_layer: 2\n")
        #expect(
            text == """
                jobs/test.yaml:3:1: error[E0101]: not YAML: while scanning for the next token: found character that \
                cannot start any token
                    3 |  n_layer: 2
                      | ^ indent with spaces
                """)
    }

    @Test func `a value with a colon is a complaint with its place`() {
        let text = Sample.complaints(aboutJob: "kind: Job\nname: a: b\n")
        #expect(
            text == """
                jobs/test.yaml:2:8: error[E0101]: not YAML: mapping values are not allowed in this context
                    2 | name: a: b
                      |        ^
                """)
    }

    @Test func `a quote that is not closed is a complaint with its place`() {
        let text = Sample.complaints(aboutJob: "kind: Job\nname: \"a\n")
        #expect(
            text == """
                jobs/test.yaml:2:9: error[E0101]: not YAML: while scanning a quoted scalar: found unexpected end of \
                stream
                    2 | name: "a
                      |         ^
                """)
    }

    @Test func `a control character is a complaint with its place`() {
        let text = Sample.complaints(aboutJob: "kind: Job\nname: a\u{7}b\n")
        #expect(
            text == """
                jobs/test.yaml:2:8: error[E0101]: not YAML: control characters are not allowed
                    2 | name: a b
                      |        ^ remove the character
                """)
    }

    @Test func `an undefined alias is a complaint with its place`() {
        let text = Sample.complaints(aboutJob: "kind: Job\nname: *other\n")
        #expect(
            text == """
                jobs/test.yaml:2:7: error[E0101]: not YAML: found undefined alias
                    2 | name: *other
                      |       ^
                """)
    }

    @Test func `an empty file is a complaint`() {
        let text = Sample.complaints(aboutJob: "# nothing\n")
        #expect(
            text == """
                jobs/test.yaml: error[E0003]: the file is empty
                    hint: a job file starts with `kind:`
                """)
    }

    @Test func `several documents are a complaint at the second`() {
        let text = Sample.complaints(aboutJob: "kind: Job\n---\nkind: Job\n")
        #expect(
            text == """
                jobs/test.yaml:2:1: error[E0004]: a second document starts here
                    2 | ---
                      | ^^^ keep one document in a file
                """)
    }

    @Test func `a line too long for a terminal is shown around what is meant`() {
        let remark = String(repeating: "a long remark, ", count: 9)
        let name = String(repeating: "n", count: 150)
        let text = Sample.complaints(aboutJob: "kind: Job # \(remark)\nname: &n \(name) }: # a long remark behind it\n")
        #expect(
            text == """
                jobs/test.yaml:2:162: error[E0101]: not YAML: mapping values are not allowed in this context
                    2 | …nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn }: # a \
                long remark behind it
                      |                                                                                    ^
                """)
    }

    @Test func `a list instead of a mapping is a complaint`() {
        let text = Sample.complaints(aboutJob: "- kind: Job\n")
        #expect(
            text == """
                jobs/test.yaml:1:1: error[E0106]: a job file must be a mapping, not a list
                    1 | - kind: Job
                      | ^
                """)
    }

    @Test func `a cluster file instead of a job file is one complaint`() {
        let text = Sample.complaints(aboutJob: "kind: Cluster\nname: laptop\nnodes: []\n")
        #expect(
            text == """
                jobs/test.yaml:1:7: error[E0103]: this is a cluster file
                    1 | kind: Cluster
                      |       ^^^^^^^ a file with `kind: Job` is wanted here
                """)
    }

    @Test func `a file that does not say its kind is a complaint`() {
        let text = Sample.complaints(aboutJob: "name: test\n")
        #expect(
            text == """
                jobs/test.yaml:1:1: error[E0105]: the file does not say its kind
                    1 | name: test
                      | ^^^^ add `kind: Job`
                """)
    }

    @Test func `an unknown kind is a complaint`() {
        let text = Sample.complaints(aboutJob: "kind: Jobb\n")
        #expect(
            text == """
                jobs/test.yaml:1:7: error[E0107]: `kind` cannot be `Jobb`
                    1 | kind: Jobb
                      |       ^^^^ write `kind: Job`
                """)
    }
}
