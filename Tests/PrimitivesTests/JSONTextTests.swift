// Strings as JSON and YAML write them.

import Foundation
import Primitives
import Testing

struct JSONTextTests {
    @Test(arguments: [
        "", "plain", "a \"quote\" and a \\", "tab\tline\nreturn\r", "\u{0}\u{1F}\u{7F}\u{85}\u{2028}\u{FEFF}",
        "e\u{301} \u{1F642}",
    ])
    func `a quoted string reads back as it was`(text: String) throws {
        let quoted = JSONText.quoted(text)
        let array = try JSONDecoder().decode([String].self, from: Data("[\(quoted)]".utf8))
        #expect(array.first?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }

    @Test func `what would break a line or hide in one is escaped`() {
        #expect(JSONText.quoted("a\nb\u{1}\u{7F}\u{2028}") == #""a\nb\u0001\u007f\u2028""#)
    }
}
