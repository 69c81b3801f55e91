// Slurm's hostlist notation. Refuses to test where its errors stand in a file; the suite of cluster complaints does.

import Hardware
import Testing

@Suite("Hostlists") struct HostlistTests {
    @Test(arguments: [
        ("localhost", ["localhost"]),
        ("a,b.example", ["a", "b.example"]),
        ("n[1-3,7]", ["n1", "n2", "n3", "n7"]),
        ("n[08-11]x", ["n08x", "n09x", "n10x", "n11x"]),
        ("r[0-1]-[00-01],z", ["r0-00", "r0-01", "r1-00", "r1-01", "z"]),
        ("n[98-101]", ["n98", "n99", "n100", "n101"]),
        ("n[5]", ["n5"]),
    ])
    func `a hostlist names its nodes in order`(text: String, names: [String]) throws {
        #expect(try Hostlist.expand(text).map(\.name) == names)
    }

    @Test func `a thousand nodes keep their zeros`() throws {
        let nodes = try Hostlist.expand("node-[000-999]")
        #expect(nodes.count == 1000)
        #expect(nodes[7].name == "node-007")
    }

    @Test(arguments: [
        ("", 0, "a name is missing"),
        ("a,", 2, "a name is missing"),
        ("a b", 1, "` ` cannot be in a node's name"),
        ("n[1-", 2, "a number is missing or too long"),
        ("n[]", 2, "a number is missing or too long"),
        ("n[1", 1, "the bracket is not closed"),
        ("n[1;2]", 1, "the bracket is not closed"),
        ("n[3-1]", 2, "the range runs backwards"),
        ("n[99999999999999999999]", 2, "a number is missing or too long"),
        ("n[0-9223372036854775807]", 2, "more than 1000000 nodes"),
        ("n[0-9999][0-9999]", 0, "more than 1000000 nodes"),
        ("n]", 1, "`]` cannot be in a node's name"),
    ])
    func `a hostlist that cannot be read says where`(text: String, offset: Int, problem: String) {
        #expect {
            try Hostlist.expand(text)
        } throws: { error in
            guard let error = error as? HostlistError else { return false }
            return error.offset == offset && error.problem == problem && error.length >= 1
        }
    }
}
